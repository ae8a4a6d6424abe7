/** What goes wrong with machines, for real: what cannot come up, disks that are full, a pulumi that is killed anywhere, a state that is lost. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as path from "node:path";
import { library, repoRoot, ScratchStack } from "../support/engine";
import {
    dirOf,
    filesBelow,
    isRunning,
    markedBy,
    pidOf,
    recordOf,
    until,
} from "../support/host-state";
import { imageCache, inGuest } from "../support/local-kvm";

const longRun = { timeoutMs: 600_000 };
const address = "127.9.7.3";
const imports = `import * as kubedev from ${JSON.stringify(library)};\n`;
const machine = (name: string, args = "", image = "image") =>
    `new kubedev.VirtualMachine("${name}", { baseImage: ${image}.files, loginKey: key.files, ${args} });\n`;
const shared = `${imports}const image = new kubedev.BaseImage("debian", {});
const key = new kubedev.SshKeyPair("login", {});
`;

let stack: ScratchStack;
const created = (program: string, env: Record<string, string> = {}) =>
    ScratchStack.create({
        program,
        project: `faults-${String(process.pid)}`,
        env: { ...imageCache(), ...env },
    });
afterEach(async () => {
    await stack.dispose();
}, 300_000);

/** Nothing of the stack is left on this machine. */
function nothingLeft(): void {
    expect(filesBelow(stack.stateHome)).toEqual([]);
    expect(ours()).toEqual([]);
}
const ours = () =>
    ["node", "dies", "panics", "silent", "taken"].flatMap((name) =>
        markedBy(dirOf(stack, `${name}-machine`)),
    );

test("what cannot come up: one message each, the rest is left alone, and nothing is left in the end", async () => {
    // Listens where a machine is to.
    const other = net.createServer().listen(2222, address);
    // Says wrong things about images.
    const web = http.createServer((request, response) => {
        if (request.url === "/short") {
            response.writeHead(200, { "content-length": "100000" });
            response.write("x".repeat(500), () => request.socket.end());
        } else if (request.url === "/corrupt") {
            response.end("no image");
        } else {
            response.writeHead(404).end();
        }
    });
    web.listen(0, "127.0.0.1");
    await Promise.all([once(other, "listening"), once(web, "listening")]);
    const at = `http://127.0.0.1:${String((web.address() as net.AddressInfo).port)}`;
    const image = (name: string, args: string) =>
        `new kubedev.BaseImage("${name}", { ${args} });\n`;
    const file = (url: string) =>
        `disk: { url: "${url}", sha256: "${createHash("sha256").update(url).digest("hex")}" }`;
    stack = await created(
        shared +
            image("corrupt", file(`${at}/corrupt`)) +
            image("short", file(`${at}/short`)) +
            image("none", file(`${at}/none`)) +
            image("away", file("http://127.0.0.1:9/image")) +
            image("mirrorless", `mirror: "http://127.0.0.1:9/debian"`) +
            machine("dies", "memoryMib: 4194304") +
            machine("panics", `kernelParameters: ["rdinit=/none"]`) +
            machine(
                "silent",
                `kernelParameters: ["systemd.mask=systemd-networkd.service"], readyTimeoutSec: 45`,
            ) +
            machine("taken", `address: "${address}"`),
    );
    let said: string;
    try {
        const up = { ...longRun, expectFailure: true, args: ["--continue-on-error"] };
        said = (await stack.up(up)).errors.join("\n");
    } finally {
        other.close();
        web.close();
    }
    for (const words of [
        `wrong digest of ${at}/corrupt: got sha256 `,
        `cannot download ${at}/short (curl exit status 18); what was fetched is kept, a new run goes on from there`,
        `cannot download ${at}/none: its server answers with an error; correct url`,
        "cannot download http://127.0.0.1:9/image (curl exit status 7)",
        "got no bookworm from http://127.0.0.1:9/debian, see above; expected one that answers",
        "qemu-system-x86_64: ",
        "the guest cannot boot: Kernel panic - not syncing",
        `something else listens on ${address}:2222; end it, or give the machine another address or port`,
    ]) {
        expect(said).toContain(words);
    }
    expect(said).toMatch(/machine: process \d+ has ended\. It was to answer/);
    expect(said).toMatch(
        /machine: the guest has (booted, its console offers a login, but no SSH server answers|not booted to the end)/,
    );
    expect(said).not.toContain("Power down");
    // A guest that can still be looked into by its console is stopped all the same: the next run starts it anew.
    expect(ours()).toEqual([]);
    await stack.destroy(longRun);
    nothingLeft();
}, 900_000);

const canMount = spawnSync("unshare", ["-m", "true"]).status === 0;
if (!canMount) {
    process.stderr.write("skipped: a full disk is a small file system, which needs root\n");
}
(canMount ? test : test.skip)(
    "a disk that is full at any step: what could not be written, and up goes on when there is room",
    async () => {
        stack = await created("export {};\n");
        const small = path.join(stack.dir, "small");
        fs.mkdirSync(small);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=1600m", "tmpfs", small]);
        try {
            const env = { XDG_STATE_HOME: small };
            const fill = path.join(small, "filled");
            // What is declared before the step fills the disk: the look at the beginning of a run finds room.
            const filler = `const filler = new kubedev.HostCommand("filler", {
    create: "dd if=/dev/zero of=${fill} bs=1M 2>/dev/null || true",
});\n`;
            const steps: [string, string][] = [
                [
                    "an image's files",
                    `${imports}${filler}const image = new kubedev.BaseImage("debian", {}, { dependsOn: filler });
const key = new kubedev.SshKeyPair("login", {});\n${machine("node")}`,
                ],
                [
                    "keys",
                    `${imports}${filler}const image = new kubedev.BaseImage("debian", {});
const key = new kubedev.SshKeyPair("login", {}, { dependsOn: filler });\n${machine("node")}`,
                ],
                [
                    "disk and machine",
                    `${shared}${filler}new kubedev.VirtualMachine("node", { baseImage: image.files, loginKey: key.files }, { dependsOn: filler });\n`,
                ],
            ];
            for (const [what, program] of steps) {
                stack.program(program);
                const { errors } = await stack.up({ ...longRun, env, expectFailure: true });
                expect(`${what}: ${errors.join("\n")}`).toMatch(
                    /No space left on device|write error/,
                );
                fs.rmSync(fill);
                // Half of anything would be taken for the whole now.
                stack.program(shared + machine("node"));
                await stack.up({ ...longRun, env });
                expect((await stack.preview({ env })).changed).toEqual([]);
                await stack.destroy({ ...longRun, env });
                expect(filesBelow(small)).toEqual([]);
            }
        } finally {
            await stack
                .destroy({ ...longRun, env: { XDG_STATE_HOME: small } })
                .catch(() => undefined);
            execFileSync("umount", [small]);
        }
    },
    900_000,
);

test("a pulumi that is killed at any step of making, replacing and removing: the next run ends clean", async () => {
    const program = (more = "") => shared + machine("node", more);
    stack = await created(program());
    const thing = (name: string) => dirOf(stack, name);
    const there = (name: string) => fs.existsSync(path.join(thing(name), "record"));
    const killedWhen = async (verb: "up" | "destroy", reached: () => boolean) => {
        const cli = stack.spawn([verb, "--yes", "--skip-preview"]);
        const ended = new Promise((resolve) => cli.once("close", resolve));
        await until(() => reached() || cli.exitCode !== null, "a step", 300_000);
        cli.kill("SIGKILL");
        await ended;
        // What `make up` does first.
        const recovered = spawnSync(path.join(repoRoot, "toolchain/recover.sh"), [stack.stack], {
            env: { ...stack.env, KUBEDEV_PROJECT_DIR: stack.dir },
            encoding: "utf8",
            timeout: 300_000,
        });
        expect(`${recovered.stderr}\nended with ${String(recovered.status)}`).toMatch(/with 0$/);
    };
    const starts = () => {
        try {
            return recordOf(thing("node-machine"))["spec"] === "starting";
        } catch {
            return false;
        }
    };
    const making = [
        () => fs.existsSync(thing("node-host-key-pair")),
        () => fs.existsSync(thing("node-disk")),
        () => there("node-disk"),
        starts,
        () => there("node-machine") && !starts(),
    ];
    const removing = [
        () => !isRunning(pid),
        () => !there("node-machine"),
        () => !fs.existsSync(thing("node-machine")),
        () => !there("node-disk"),
        () => !fs.existsSync(thing("debian-base-image")),
    ];
    let pid = 0;
    for (let round = 0; round < making.length; round++) {
        await killedWhen("up", making[round] ?? starts);
        await stack.up(longRun);
        expect((await stack.preview()).changed).toEqual([]);
        pid = pidOf(thing("node-machine"));
        // No second one.
        expect(markedBy(thing("node-machine")).filter(isQemu)).toEqual([pid]);
        if (round === 0) {
            // More memory is another machine on the same disk.
            stack.program(program("memoryMib: 768"));
            const before = pid;
            await killedWhen("up", () => !isRunning(before));
            await stack.up(longRun);
            expect((await stack.preview()).changed).toEqual([]);
            pid = pidOf(thing("node-machine"));
            expect(markedBy(thing("node-machine")).filter(isQemu)).toEqual([pid]);
        }
        await killedWhen("destroy", removing[round] ?? (() => !isRunning(pid)));
        await stack.destroy(longRun);
        nothingLeft();
    }
}, 1_800_000);

function isQemu(pid: number): boolean {
    return fs.readFileSync(`/proc/${String(pid)}/cmdline`, "utf8").startsWith("qemu-system");
}

test("a stack whose state was deleted while its machine runs: up takes it over, with its disk", async () => {
    stack = await created(
        `${shared}const vm = ${machine("node")}export const ssh = vm.sshCommand;\n`,
    );
    await stack.up(longRun);
    await inGuest(stack, "echo kept >/root/kept && sync");
    const pid = pidOf(dirOf(stack, "node-machine"));
    await stack.forget();
    expect(isRunning(pid)).toBe(true);
    await stack.up(longRun);
    expect(await inGuest(stack, "cat /root/kept")).toBe("kept");
    expect(markedBy(dirOf(stack, "node-machine")).filter(isQemu)).toEqual([
        pidOf(dirOf(stack, "node-machine")),
    ]);
    expect((await stack.preview()).changed).toEqual([]);
    await stack.destroy(longRun);
    nothingLeft();
}, 900_000);
