/**
 * What virtual machines cost: a cold start until sshd answers, beside bare QEMU with the same arguments on the same disk, and a
 * warm one; and a preview in which nothing changed, with one machine and with twenty, beside an empty program: `make bench`.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { dirOf, killHard, pidOf } from "../support/host-state";
import { imageCache } from "../support/local-kvm";
import { Floor } from "./peers/floor";
import { bench, median, previewTime, rounds, row, seconds } from "./figures";
import { coldStart } from "./peers/peer";
import { Steps } from "./steps";

const many = 20;
const address = "127.9.8.5";
const limitMs = 300_000;

/** Machines that share a key. Those that are shut down cost a preview what those cost that run. */
const program = (count: number, running: boolean, warmStart = false) => `
import * as kubedev from ${JSON.stringify(library)};
const image = new kubedev.BaseImage("debian", {});
const key = new kubedev.SshKeyPair("login", {});
for (let number = 1; number <= ${String(count)}; number++) {
    new kubedev.VirtualMachine("node-" + number, {
        baseImage: image.files,
        loginKey: key.files,
        running: ${String(running)},
        ${count === 1 && !warmStart ? `address: "${address}",` : ""}
        ${warmStart ? "warmStart: true," : ""}
    });
}
`;

async function main(): Promise<void> {
    const env = imageCache();
    const empty = await ScratchStack.create({ program: "export {};\n", env });
    const one = await ScratchStack.create({ program: program(1, true), project: "bench", env });
    const warm = await ScratchStack.create({
        program: program(1, true, true),
        project: "bench-warm",
        env,
    });
    const all = await ScratchStack.create({ program: program(many, false), project: "bench", env });
    try {
        await one.up({ timeoutMs: 1_800_000 });
        await warm.up({ timeoutMs: limitMs });
        await starts(one, warm);
        await all.up({ timeoutMs: limitMs });
        await previews(empty, one, all);
    } finally {
        await all.dispose();
        await one.dispose();
        await warm.dispose();
        await empty.dispose();
    }
}

async function starts(stack: ScratchStack, warmStack: ScratchStack): Promise<void> {
    const times = { ours: [] as number[], bare: [] as number[], warm: [] as number[] };
    const dir = dirOf(stack, "node-1-machine");
    const floor = new Floor(dir, address);
    for (let round = 0; round < rounds; round++) {
        await killHard(pidOf(dir));
        times.bare.push((await coldStart(floor)).seconds);
        const steps = new Steps();
        await stack.up({ heard: steps.heard, timeoutMs: limitMs });
        times.ours.push(steps.ofLast("node-1-machine"));
        times.warm.push(await warmStart(warmStack));
    }
    row("bare QEMU, until sshd answers", seconds(median(times.bare)));
    row("VirtualMachine, its script until sshd answers", seconds(median(times.ours)));
    row("  of bare QEMU's", (median(times.ours) / median(times.bare)).toFixed(2), "<= 1.10");
    row("warm start, its script until sshd answers", seconds(median(times.warm)), "<= 3.00 s");
    const faster = median(times.ours) / median(times.warm);
    row("  the cold start of the same devices takes", `${faster.toFixed(2)} x`, ">= 2.50 x");
}

/** Of a machine whose snapshot is there, on a new disk. */
async function warmStart(stack: ScratchStack): Promise<number> {
    await killHard(pidOf(dirOf(stack, "node-1-machine")));
    fs.rmSync(path.join(dirOf(stack, "node-1-disk"), "disk.qcow2"));
    const steps = new Steps();
    const { progress } = await stack.up({ heard: steps.heard, timeoutMs: limitMs });
    if (progress.some(({ message }) => /starts cold|snapshot is taken/.test(message))) {
        throw new Error("no warm start: see what the machine said");
    }
    return steps.ofLast("node-1-machine");
}

async function previews(empty: ScratchStack, one: ScratchStack, all: ScratchStack): Promise<void> {
    const times = { empty: [] as number[], one: [] as number[], all: [] as number[] };
    // They are short, and what is of interest is their differences: of each round, since a machine has slow minutes.
    const ratios: number[] = [];
    const differences: number[] = [];
    for (let round = 0; round <= Math.max(rounds, 9); round++) {
        const of = { empty: 0, one: 0, all: 0 };
        const stacks = [["empty", empty] as const, ["one", one] as const, ["all", all] as const];
        // Each comes first in its turn: a machine that gets slower counts for none of them.
        for (const [which, stack] of [...stacks.slice(round % 3), ...stacks.slice(0, round % 3)]) {
            of[which] = await previewTime(stack);
        }
        // The first of each fills caches.
        if (round > 0) {
            times.empty.push(of.empty);
            times.one.push(of.one);
            times.all.push(of.all);
            ratios.push(of.one / of.empty);
            differences.push((of.all - of.one) / (many - 1));
        }
    }
    row("preview of an empty program", seconds(median(times.empty)));
    row("preview of one machine, nothing changed", seconds(median(times.one)));
    row("  of the empty one", median(ratios).toFixed(2), "<= 1.40");
    row(`preview of ${String(many)} machines, nothing changed`, seconds(median(times.all)));
    row("  for each further machine", `${(median(differences) * 1e3).toFixed(0)} ms`, "<= 35 ms");
}

bench("machine", main);
