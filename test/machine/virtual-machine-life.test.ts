/** One machine through its life, with a disk that outlives it: made, killed, lost and found, changed, stopped, its image replaced, removed. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { inGuest, machineProgram, machineStack, recordPath } from "../support/local-kvm";
import { scratchDir } from "../support/scratch";

const inside = `
const tick = new kubedev.HostService("tick", { host: vm.host, command: ["sleep", "infinity"] });
const user = new kubedev.HostCommand("user", {
    host: vm.host,
    create: "id dev >/dev/null 2>&1 || useradd -m -s /bin/sh dev; loginctl enable-linger dev; mkdir -p ~dev/.ssh; " +
        "cp /etc/ssh/authorized_keys.d/root ~dev/.ssh/authorized_keys; chown -R dev ~dev/.ssh",
});
const asUser = vm.host.apply((host) => ({ ...host, ssh: { ...(host.ssh as object), user: "dev" } }));
const userTick = new kubedev.HostService("user-tick", {
    host: asUser as never, command: ["sleep", "infinity"], parentIds: [user.instanceId],
});
`;
const disk = (sizeGib: number) =>
    `const data = new kubedev.MachineDisk("data", { sizeGib: ${String(sizeGib)} });\n`;
const mounted = { disks: '[{ disk: data.disk, mountPath: "/data" }]' };
/** The machine with its disk. */
const program = (args: Record<string, string> = {}, { sizeGib = 2, image = "{}" } = {}) =>
    machineProgram({ ...mounted, ...args }, { before: disk(sizeGib), more: inside, image });
const unmounted = { "node-disks": "replace" };
const dead = {
    ...{ "node-machine": "replace", "node-ready": "replace", ...unmounted },
    "tick-service": "replace",
    "user-command": "replace",
    "user-tick-service": "replace",
};
const longRun = { timeoutMs: 600_000 };

let stack: ScratchStack;
let first: Record<string, unknown>;

beforeAll(async () => {
    stack = await machineStack(program());
    await stack.up({ timeoutMs: 900_000 });
    first = await stack.outputs();
}, 900_000);

afterAll(async () => {
    await stack.dispose();
}, 120_000);

/** Changes of commands; a component whose arguments changed does nothing itself. */
async function previewed(env: Record<string, string> = {}): Promise<Record<string, string>> {
    const preview = await stack.preview({ env });
    const commands = preview.changed.filter((step) => step.type.startsWith("command:"));
    const ops = preview.ops();
    return Object.fromEntries(commands.map(({ name }) => [name, ops[name] ?? ""]));
}

function machinePid(): number {
    const pid = /^pid=(\d+)$/m.exec(
        fs.readFileSync(recordPath(stack, "node-machine"), "utf8"),
    )?.[1];
    return Number(pid);
}

/** Processes of QEMU that belong to this stack, found by the mark in their environment. */
function qemuProcesses(): number[] {
    const mark = `KUBEDEV_SERVICE=${path.dirname(recordPath(stack, "node-machine"))}`;
    const isQemu = (pid: string) => {
        try {
            return (
                fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark) &&
                fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("qemu-system")
            );
        } catch {
            return false;
        }
    };
    return fs
        .readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid) && isQemu(pid))
        .map(Number);
}

async function comesBackWithItsDisk(): Promise<void> {
    await stack.up(longRun);
    expect(await inGuest(stack, "cat /root/kept /data/kept")).toBe("kept\nkept");
    expect(await previewed()).toEqual({});
    expect(qemuProcesses()).toEqual([machinePid()]);
}

test("it answers ssh under its name, and a preview is clean", async () => {
    expect(await inGuest(stack, "hostname && echo kept | tee /root/kept >/data/kept && sync")).toBe(
        "node",
    );
    expect(await previewed()).toEqual({});
}, 120_000);

test("services inside run as systemd units: of the system for root, of the user's manager for a user", async () => {
    const units = await inGuest(
        stack,
        "systemctl list-units --no-legend --plain 'kubedev-*' | cut -d ' ' -f 1,3",
    );
    expect(units).toMatch(/^kubedev-tick-service-\d+\.service active$/m);
    const ofUser = await inGuest(
        stack,
        "systemctl --user -M dev@ list-units --no-legend --plain 'kubedev-*' | cut -d ' ' -f 1,3",
    );
    expect(ofUser).toMatch(/^kubedev-user-tick-service-\d+\.service active$/m);
}, 120_000);

test("a service that dies in the guest shows in a preview, and nothing else", async () => {
    await inGuest(stack, "systemctl kill -s KILL 'kubedev-tick-service-*'");
    expect(await previewed()).toEqual({ "tick-service": "replace" });
    await stack.up();
    expect(await previewed()).toEqual({});
}, 180_000);

test("its disk is mounted, as what it says it is; one that is unmounted shows, alone, and is mounted again", async () => {
    expect(await inGuest(stack, "findmnt -no FSTYPE,TARGET /data")).toMatch(/^ext4 +\/data$/);
    expect(await inGuest(stack, "stat -c %U:%a /data")).toBe("root:755");
    const takenMib = () => {
        const file = path.join(path.dirname(recordPath(stack, "data-data-disk")), "disk.qcow2");
        return (fs.statSync(file).blocks * 512) / 2 ** 20;
    };
    await inGuest(stack, "head -c 100M /dev/urandom >/data/big && sync");
    expect(takenMib()).toBeGreaterThan(90);
    await inGuest(stack, "rm /data/big && sync");
    await until(() => takenMib() < 50, 30_000);
    await inGuest(stack, "umount /data");
    expect(await previewed()).toEqual(unmounted);
    await stack.up(longRun);
    expect(await inGuest(stack, "cat /data/kept")).toBe("kept");
    expect(await previewed()).toEqual({});
}, 300_000);

test("killed: the preview shows it and what is in it; up brings it back with its disk", async () => {
    process.kill(machinePid(), "SIGKILL");
    expect(await previewed()).toEqual(dead);
    await comesBackWithItsDisk();
}, 600_000);

test("its record deleted while it runs: the same, and no second machine", async () => {
    fs.rmSync(recordPath(stack, "node-machine"));
    expect(await previewed()).toEqual(dead);
    await comesBackWithItsDisk();
}, 600_000);

test("its pid taken by another process: the same", async () => {
    process.kill(machinePid(), "SIGKILL");
    const record = recordPath(stack, "node-machine");
    const text = fs.readFileSync(record, "utf8");
    fs.writeFileSync(record, text.replace(/^pid=.*$/m, `pid=${String(process.pid)}`));
    expect(await previewed()).toEqual(dead);
    await comesBackWithItsDisk();
}, 600_000);

const canUnshare = spawnSync("unshare", ["-m", "true"]).status === 0;
const whenUnsharing = canUnshare ? test : test.skip;
if (!canUnshare) {
    process.stderr.write("skipped: a reboot is simulated in a mount namespace, which needs root\n");
}
whenUnsharing(
    "the host rebooted: the same",
    async () => {
        const pid = machinePid();
        const dir = scratchDir("kubedev-reboot-");
        try {
            // A CLI that sees another boot id than the machine was started under.
            fs.writeFileSync(path.join(dir, "boot_id"), "00000000-0000-4000-8000-000000000000\n");
            const real = execFileSync("sh", ["-c", "command -v pulumi"], {
                env: stack.env,
                encoding: "utf8",
            });
            fs.writeFileSync(
                path.join(dir, "pulumi"),
                `#!/bin/sh\nexec unshare -m sh -c 'mount --bind "${dir}/boot_id" /proc/sys/kernel/random/boot_id && exec "$0" "$@"' ${real.trim()} "$@"\n`,
                { mode: 0o755 },
            );
            const env = { PATH: `${dir}:${stack.env["PATH"] ?? ""}` };
            process.kill(pid, "SIGKILL");
            expect(await previewed(env)).toEqual(dead);
            await stack.up({ ...longRun, env });
            expect(await inGuest(stack, "cat /root/kept")).toBe("kept");
            expect(await previewed(env)).toEqual({});
        } finally {
            fs.rmSync(dir, { recursive: true, force: true });
        }
        // Back under the true boot id the machine of "the other boot" is dead again.
        expect(await previewed()).toEqual(dead);
        await comesBackWithItsDisk();
    },
    900_000,
);

test("pulumi up killed with -9 while the machine starts: no second machine, nothing stuck", async () => {
    process.kill(machinePid(), "SIGKILL");
    const cli = stack.spawn(["up", "--yes", "--skip-preview"]);
    await until(() => qemuProcesses().length === 1, 60_000);
    const ended = new Promise((resolve) => cli.once("close", resolve));
    cli.kill("SIGKILL");
    await ended;
    await stack.cancel();
    await comesBackWithItsDisk();
}, 900_000);

test("more memory and larger disks: restarted, the disks are kept and grown", async () => {
    stack.program(program({ memoryMib: "1280", diskGib: "9" }, { sizeGib: 3 }));
    await stack.up(longRun);
    expect(await inGuest(stack, "cat /root/kept")).toBe("kept");
    expect(
        Number(await inGuest(stack, "awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo")),
    ).toBeGreaterThan(1100);
    expect(
        Number(await inGuest(stack, "df -BM --output=size / | tail -n 1 | tr -dc 0-9")),
    ).toBeGreaterThan(8.5 * 1024);
    expect(await inGuest(stack, "cat /data/kept")).toBe("kept");
    expect(
        Number(await inGuest(stack, "df -BM --output=size /data | tail -n 1 | tr -dc 0-9")),
    ).toBeGreaterThan(2.8 * 1024);
    expect(await previewed()).toEqual({});
    stack.program(program({ memoryMib: "1280", diskGib: "9" }));
    const smaller = await stack.preview({ expectFailure: true });
    expect(smaller.errors.join("\n")).toContain(
        "sizeGib: got 2; expected at least the present 3: a disk does not shrink",
    );
}, 600_000);

test("running: false shuts it down and keeps everything", async () => {
    const kept = { memoryMib: "1280", diskGib: "9" };
    stack.program(program({ ...kept, running: "false" }, { sizeGib: 3 }));
    await stack.up(longRun);
    expect(qemuProcesses()).toEqual([]);
    expect(await previewed()).toEqual({});
    stack.program(program(kept, { sizeGib: 3 }));
    await comesBackWithItsDisk();
    // It was shut down, not switched off: the journal of the boot before ends in an orderly way.
    expect(await inGuest(stack, "dmesg | grep -c 'recovery complete' || true")).toBe("0");
}, 900_000);

test("another base image: a new disk, the same MAC and address, and the disk that outlives it", async () => {
    const dir = path.join(path.dirname(path.dirname(recordPath(stack, "x"))), "debian-base-image");
    const other = scratchDir("kubedev-image-");
    try {
        for (const file of ["disk", "kernel", "initrd"]) {
            fs.copyFileSync(path.join(dir, file), path.join(other, file));
        }
        // Another image by content, with the same guest: its digest is what counts.
        execFileSync("qemu-img", ["convert", "-O", "qcow2", "disk", "other"], { cwd: other });
        const file = (name: string) => `{ path: "${path.join(other, name)}" }`;
        const image = `{ disk: ${file("other")}, kernel: ${file("kernel")}, initrd: ${file("initrd")} }`;
        stack.program(program({}, { sizeGib: 3, image }));
        await stack.up(longRun);
        expect(await inGuest(stack, "ls /root/kept 2>&1 || true")).toContain("No such file");
        expect(await inGuest(stack, "cat /data/kept")).toBe("kept");
        const now = await stack.outputs();
        expect([now["mac"], now["address"]]).toEqual([first["mac"], first["address"]]);
        expect(await inGuest(stack, "cat /sys/class/net/e*/address")).toBe(first["mac"]);
        expect(await previewed()).toEqual({});
        stack.program(machineProgram({}, { image, more: `${disk(3)}${inside}` }));
        await stack.up(longRun);
        expect(await inGuest(stack, "grep -c /data /etc/fstab || true")).toBe("0");
        expect(
            await inGuest(stack, "cat /sys/block/sd*/device/vpd_pg80 | tr -d '\\0'"),
        ).not.toContain("data");
        expect(fs.existsSync(recordPath(stack, "data-data-disk"))).toBe(true);
        expect(await previewed()).toEqual({});
    } finally {
        fs.rmSync(other, { recursive: true, force: true });
    }
}, 900_000);

test("destroyed: no process, no file, no directory", async () => {
    await stack.destroy();
    expect(qemuProcesses()).toEqual([]);
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev"))).toBe(false);
}, 120_000);

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition()) {
        if (Date.now() > end) {
            throw new Error(`waited ${String(timeoutMs)} ms in vain`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
