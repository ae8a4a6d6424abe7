/** Directories of this machine in a guest: both ways, refused, after a restart, without what serves them, taken away. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { isRunning, killHard, markedBy, pidOf, until } from "../support/host-state";
import { inGuest, machineProgram, machineStack, recordPath } from "../support/local-kvm";
import { scratchDirectory } from "../support/script-process";

let stack: ScratchStack;
let tree: string;
let out: string;

const share = (sourcePath: string, mountPath: string, readOnly = "true") =>
    `{ sourcePath: ${JSON.stringify(sourcePath)}, mountPath: "${mountPath}", readOnly: ${readOnly} }`;
const program = (...shares: string[]) => machineProgram({ shares: `[${shares.join(", ")}]` });

beforeAll(async () => {
    tree = path.join(scratchDirectory(), "a tree, of sources");
    out = scratchDirectory();
    fs.mkdirSync(tree);
    fs.writeFileSync(path.join(tree, "main.go"), "package main\n");
    for (const command of [
        ["init", "-q"],
        ["add", "main.go"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first"],
    ]) {
        execFileSync("git", ["-C", tree, ...command]);
    }
    // Its own programs with what they need: git, for the guest, which has none.
    stack = await machineStack(
        program(share(tree, "/src/tree"), share(out, "/src/out", "false"), share("/usr", "/host")),
    );
    await stack.up({ timeoutMs: 900_000 });
}, 900_000);

afterAll(async () => {
    await stack.dispose();
    for (const directory of [path.dirname(tree), out]) {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}, 120_000);

const machineDir = () => path.dirname(recordPath(stack, "node-machine"));
/** What the service has started, by the mark in its environment: QEMU is not among them, virtiofsd is. */
const daemons = () =>
    markedBy(machineDir()).filter((pid) => {
        try {
            return fs.readlinkSync(`/proc/${String(pid)}/exe`).endsWith("/virtiofsd");
        } catch {
            return false;
        }
    });

test("a file that is written here is seen there, and the other way where that is allowed", async () => {
    fs.writeFileSync(path.join(out, "here"), "from here");
    expect(await inGuest(stack, "cat /src/out/here; echo from there >/src/out/there")).toBe(
        "from here",
    );
    expect(fs.readFileSync(path.join(out, "there"), "utf8")).toBe("from there\n");
    expect(fs.statSync(path.join(out, "there")).uid).toBe(process.getuid?.());
    fs.writeFileSync(path.join(tree, "main.go"), "package changed\n");
    expect(await inGuest(stack, "cat /src/tree/main.go")).toBe("package changed");
    expect((await stack.preview()).changed).toEqual([]);
}, 120_000);

test("a read-only one cannot be written to, not even by who makes its mount writable", async () => {
    const said = await inGuest(
        stack,
        "touch /src/tree/a 2>&1; mount -o remount,rw /src/tree; touch /src/tree/a 2>&1; rm /src/tree/main.go 2>&1; mount -o remount,ro /src/tree; true",
    );
    expect(said.match(/Read-only file system/g)).toHaveLength(3);
    expect(fs.readdirSync(tree).sort()).toEqual([".git", "main.go"]);
}, 120_000);

test("git in the guest takes a shared checkout for its own", async () => {
    const loader = fs.realpathSync("/lib64/ld-linux-x86-64.so.2").replace(/^(\/usr)?/, "/host");
    const git = `${loader} --library-path /host/lib/x86_64-linux-gnu:/host/lib64 /host/bin/git`;
    expect(await inGuest(stack, `${git} -C /src/tree status --short`)).toBe("M main.go");
}, 120_000);

test("it comes with each boot of the guest, before what the guest starts", async () => {
    expect(await inGuest(stack, "systemctl show -p Before --value src-out.mount")).toContain(
        "local-fs.target",
    );
    expect(await inGuest(stack, "systemctl list-units --failed --no-legend")).toBe("");
}, 60_000);

test("without what serves it the machine is shut down, which a preview shows, and started again", async () => {
    const qemu = pidOf(machineDir());
    const [daemon] = daemons();
    expect(daemon).toBeGreaterThan(1);
    await killHard(daemon ?? 0);
    await until(() => !isRunning(qemu), "the end of QEMU", 60_000);
    await until(
        () => markedBy(machineDir()).length === 0,
        "the end of all that it started",
        10_000,
    );
    expect(fs.readFileSync(path.join(machineDir(), "log"), "utf8")).toMatch(
        /virtiofsd of the share .* has ended \(signal 9\), so the machine is shut down/,
    );
    expect((await stack.preview()).ops()).toMatchObject({
        "node-machine": "replace",
        "node-ready": "replace",
    });
    // One is writable now: the boot still has it as it was.
    stack.program(program(share(tree, "/src/tree", "false"), share(out, "/src/out", "false")));
    await stack.up({ timeoutMs: 600_000 });
    const said = await inGuest(stack, "touch /src/tree/a; cat /src/out/there; ls -A /host");
    expect(said).toBe("from there");
    expect(fs.readdirSync(tree).sort()).toEqual([".git", "a", "main.go"]);
}, 600_000);

test("QEMU killed: nothing is left of it, and an up without shares leaves none in the guest", async () => {
    await killHard(pidOf(machineDir()));
    await until(
        () => markedBy(machineDir()).length === 0,
        "the end of all that it started",
        10_000,
    );
    stack.program(machineProgram());
    await stack.up({ timeoutMs: 600_000 });
    const said = await inGuest(
        stack,
        "grep -c virtiofs /etc/fstab /proc/self/mounts; ls -A /src/tree /src/out; systemctl list-units --failed --no-legend",
    );
    expect(said.split("\n")).toEqual([
        ...["/etc/fstab:0", "/proc/self/mounts:0"],
        ...["/src/out:", "", "/src/tree:"],
    ]);
    expect((await stack.preview()).changed).toEqual([]);
    expect(daemons()).toEqual([]);
}, 600_000);

test("the directories themselves outlive the machine", async () => {
    await stack.destroy();
    expect(fs.existsSync(path.join(tree, "main.go"))).toBe(true);
    expect(fs.readdirSync(out).sort()).toEqual(["here", "there"]);
}, 120_000);
