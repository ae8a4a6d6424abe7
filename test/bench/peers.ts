/**
 * What virtual machines cost beside those of others, all with the same memory, CPUs and accelerator: bare QEMU on our own disk,
 * `debvm-run`, and the same Debian with cloud-init by `virt-install` and Vagrant. A peer that this machine lacks is named:
 * `test/bench/run peers`.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { foreignImage } from "../support/foreign-image";
import { dirOf, killHard, pidOf } from "../support/host-state";
import { imageCache } from "../support/local-kvm";
import { bench, median, rounds, row, seconds, time } from "./figures";
import { userData } from "./peers/cloud-guest";
import { Debvm } from "./peers/debvm";
import { Floor } from "./peers/floor";
import {
    coldStart,
    cpus,
    limitMs,
    type Measured,
    memoryMib,
    type Peer,
    usageOf,
} from "./peers/peer";
import { Vagrant } from "./peers/vagrant";
import { VirtInstall } from "./peers/virt-install";
import { Steps } from "./steps";

const addresses = { ours: "127.9.8.9", cloud: "127.9.8.10", virtInstall: "127.9.8.11" };
const upMs = 3 * limitMs;
/** Memory of a machine, and what its user data say: what is changed. */
interface Settings {
    memoryMib: number;
    greeting: string;
}
const before: Settings = { memoryMib, greeting: "hello" };
const changes = {
    "more memory": { ...before, memoryMib: memoryMib + 256 },
    "other user data": { ...before, greeting: "again" },
};

const program = `
import * as kubedev from ${JSON.stringify(library)};
const image = new kubedev.BaseImage("debian", {});
new kubedev.VirtualMachine("vm", {
    baseImage: image.files,
    address: "${addresses.ours}",
    memoryMib: ${String(memoryMib)},
    cpus: ${String(cpus)},
    readyTimeoutSec: ${String(limitMs / 1e3)},
});
`;

const cloudProgram = (image: string, publicKey: string, settings: Settings) => `
import * as kubedev from ${JSON.stringify(library)};
const image = new kubedev.BaseImage("debian", ${JSON.stringify({ disk: { path: image }, cloudInit: true })});
new kubedev.VirtualMachine("vm", {
    baseImage: image.files,
    firmware: kubedev.Firmware.Uefi,
    address: "${addresses.cloud}",
    memoryMib: ${String(settings.memoryMib)},
    cpus: ${String(cpus)},
    diskGib: 4,
    userData: ${JSON.stringify(userData(publicKey, settings.greeting))},
    readyTimeoutSec: ${String(limitMs / 1e3)},
});
`;

/** Why something was not measured, said once. */
function missing(what: string, error: unknown): void {
    row(what, "not here");
    process.stderr.write(`${what}: ${error instanceof Error ? error.message : String(error)}\n`);
}

async function main(scratch: string): Promise<void> {
    const at = (name: string) => path.join(scratch, name);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "peer", "-f", at("key")]);
    const publicKey = fs.readFileSync(at("key.pub"), "utf8").trim();
    const stack = await ScratchStack.create({ program, project: "bench-peers", env: imageCache() });
    try {
        await stack.up({ timeoutMs: upMs });
        const dir = dirOf(stack, "vm-machine");
        const said = fs.readFileSync(path.join(dir, "accelerator"), "utf8").trim();
        const accelerator = said === "kvm" ? "kvm" : "tcg";
        const image = foreignImage();
        const guest = { image, publicKey, privateKeyPath: at("key"), accelerator } as const;
        await killHard(pidOf(dir));
        await coldStarts(stack, scratch, guest);
        await reloads(scratch, guest);
    } finally {
        await stack.dispose();
    }
}

interface Guest {
    image: string;
    publicKey: string;
    privateKeyPath: string;
    accelerator: "kvm" | "tcg";
}

async function coldStarts(stack: ScratchStack, scratch: string, guest: Guest): Promise<void> {
    const floor = new Floor(dirOf(stack, "vm-machine"), addresses.ours);
    const debvm = await made("debvm-run", scratch, (dir) =>
        Debvm.make(dir, { ...guest, publicKey: `${guest.privateKeyPath}.pub` }),
    );
    const virtInstall = await made("virt-install --import with cloud-init", scratch, (dir) =>
        VirtInstall.make(dir, { ...guest, address: addresses.virtInstall }),
    );
    try {
        const peers = new Map<string, Peer | undefined>([
            ["bare QEMU", floor],
            ["debvm-run", debvm],
            ["virt-install --import with cloud-init", virtInstall],
        ]);
        const measured = new Map<string, Measured[]>();
        const note = (what: string, one: Measured) =>
            measured.set(what, [...(measured.get(what) ?? []), one]);
        for (let round = 0; round < rounds; round++) {
            for (const [what, peer] of peers) {
                if (peer !== undefined) note(what, await coldStart(peer));
            }
            note("VirtualMachine", await ours(stack));
            note("VirtualMachine, made anew", await oursAnew(stack));
        }
        startRows(measured);
    } finally {
        await virtInstall?.dispose();
    }
}

/** Our machine that is off; it is off again afterwards. */
async function ours(stack: ScratchStack): Promise<Measured> {
    const steps = new Steps();
    await stack.up({ heard: steps.heard, timeoutMs: upMs });
    const pid = pidOf(dirOf(stack, "vm-machine"));
    const usage = usageOf(pid);
    await killHard(pid);
    return { seconds: steps.ofLast("vm-machine"), ...usage };
}

/** With a new disk, as it is made for a new machine. */
async function oursAnew(stack: ScratchStack): Promise<Measured> {
    await stack.destroy({ timeoutMs: upMs });
    const steps = new Steps();
    await stack.up({ heard: steps.heard, timeoutMs: upMs });
    const pid = pidOf(dirOf(stack, "vm-machine"));
    const usage = usageOf(pid);
    await killHard(pid);
    return { seconds: steps.span(["vm-disk", "vm-machine"]), ...usage };
}

function startRows(measured: ReadonlyMap<string, readonly Measured[]>): void {
    const of = (what: string, field: keyof Measured) =>
        median((measured.get(what) ?? []).map((one) => one[field]));
    for (const what of measured.keys()) {
        row(`${what}, until sshd answers`, seconds(of(what, "seconds")));
    }
    const ratio = (what: string, peer: string, limit: string) => {
        if (measured.has(peer)) {
            const value = of(what, "seconds") / of(peer, "seconds");
            row(`${what}, of ${peer}'s`, value.toFixed(2), limit);
        }
    };
    ratio("VirtualMachine", "bare QEMU", "<= 1.10");
    ratio("VirtualMachine", "debvm-run", "<= 0.70");
    ratio("VirtualMachine, made anew", "virt-install --import with cloud-init", "<= 0.33");
    for (const what of measured.keys()) {
        row(`memory of QEMU by then, ${what}`, `${of(what, "pssMib").toFixed(0)} MiB`);
    }
    for (const what of measured.keys()) {
        row(`written to disk by then, ${what}`, `${of(what, "writtenMib").toFixed(1)} MiB`);
    }
}

/** Changes of a machine that runs, by our `up` and by Vagrant: the same image, until ssh. */
async function reloads(scratch: string, guest: Guest): Promise<void> {
    const vagrant = await made("vagrant with libvirt", scratch, (dir) => Vagrant.make(dir, guest));
    const text = (settings: Settings) => cloudProgram(guest.image, guest.publicKey, settings);
    const stack = await ScratchStack.create({
        program: text(before),
        project: "bench-reload",
        env: imageCache(),
    });
    const times = new Map<string, number[]>();
    const note = (what: string, took: number) =>
        times.set(what, [...(times.get(what) ?? []), took]);
    try {
        for (let round = 0; round < rounds; round++) {
            if (vagrant !== undefined) {
                note("vagrant up", await time(() => vagrant.up(before)));
                for (const [change, settings] of Object.entries(changes)) {
                    note(`${change}, vagrant reload`, await time(() => vagrant.reload(settings)));
                }
                await vagrant.destroy();
            }
            stack.program(text(before));
            note("our up, the same image", await time(() => stack.up({ timeoutMs: upMs })));
            for (const [change, settings] of Object.entries(changes)) {
                stack.program(text(settings));
                note(`${change}, our up`, await time(() => stack.up({ timeoutMs: upMs })));
            }
            await stack.destroy({ timeoutMs: upMs });
        }
    } finally {
        await stack.dispose();
        await vagrant?.dispose();
    }
    for (const [what, took] of times) {
        row(what, seconds(median(took)));
    }
    for (const change of Object.keys(changes)) {
        const theirs = times.get(`${change}, vagrant reload`);
        if (theirs !== undefined) {
            const value = median(times.get(`${change}, our up`) ?? []) / median(theirs);
            row(`${change}, our up, of Vagrant's`, value.toFixed(2));
        }
    }
}

/** A peer in a directory of its own; undefined, with the reason said, where this machine cannot have it. */
async function made<T>(
    what: string,
    scratch: string,
    make: (dir: string) => Promise<T>,
): Promise<T | undefined> {
    const dir = fs.mkdtempSync(path.join(scratch, "peer-"));
    try {
        process.stderr.write(`${what}: making it ready\n`);
        return await make(dir);
    } catch (error) {
        missing(what, error);
        return undefined;
    }
}

bench("peers", main);
