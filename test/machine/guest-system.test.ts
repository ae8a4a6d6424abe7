/** What a guest of the built image is like, seen from inside and from its disk file. */
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { inGuest, machineProgram, machineStack, recordPath } from "../support/local-kvm";

let stack: ScratchStack;
beforeAll(async () => {
    stack = await machineStack(machineProgram({ diskGib: "6", cpus: "1", hostname: '"guest-a"' }));
    await stack.up({ timeoutMs: 900_000 });
}, 900_000);
afterAll(async () => {
    await stack.dispose();
}, 120_000);

const disk = () => path.join(path.dirname(recordPath(stack, "node-disk")), "disk.qcow2");
/** Bytes that a file really takes on the host. */
const allocated = (file: string) => fs.statSync(file).blocks * 512;

test("it is up without a failed unit, under its own name, on one CPU", async () => {
    expect(await inGuest(stack, "systemctl list-units --failed --no-legend")).toBe("");
    expect(await inGuest(stack, "systemctl is-system-running --wait")).toBe("running");
    expect(await inGuest(stack, "hostname; nproc")).toBe("guest-a\n1");
}, 120_000);

test("services that packages bring are started, as on any Debian", async () => {
    const said = await inGuest(
        stack,
        "ls /usr/sbin/policy-rc.d /sbin/start-stop-daemon.REAL 2>/dev/null; start-stop-daemon --version | head -n 1",
    );
    expect(said).toMatch(/^start-stop-daemon \d/);
}, 60_000);

test("the root file system fills the disk that was asked for", async () => {
    const gib = Number(await inGuest(stack, "df --output=size -B1 / | tail -n 1")) / 2 ** 30;
    expect(gib).toBeGreaterThan(5.5);
    expect(gib).toBeLessThanOrEqual(6);
}, 60_000);

test("what the guest deletes is given back to the host", async () => {
    await inGuest(stack, "sync; fstrim /");
    const before = allocated(disk());
    await inGuest(stack, "head -c 64M /dev/urandom > /var/tmp/big; sync");
    const full = allocated(disk());
    expect(full - before).toBeGreaterThan(60 * 2 ** 20);
    await inGuest(stack, "rm /var/tmp/big; sync; fstrim /");
    expect(full - allocated(disk())).toBeGreaterThan(50 * 2 ** 20);
    const lsblk = await inGuest(stack, "lsblk -D -b -n -o DISC-MAX,TYPE | grep disk");
    expect(Number(lsblk.split(/\s+/)[0])).toBeGreaterThan(0);
}, 120_000);

test("no password opens it, and only the login key does", async () => {
    const hashes = await inGuest(stack, "cut -d : -f 2 /etc/shadow | sort -u");
    expect(hashes.split("\n").every((hash) => /^[!*]/.test(hash))).toBe(true);
    const sshd = await inGuest(stack, "sshd -T | grep -E '^(passwordauth|kbdinter|permitroot)'");
    expect(sshd.split("\n").sort()).toEqual([
        "kbdinteractiveauthentication no",
        "passwordauthentication no",
        "permitrootlogin without-password",
    ]);
}, 60_000);

test("its serial console offers a login, and its log has the boot", async () => {
    const log = fs.readFileSync(String((await stack.outputs())["log"]), "utf8");
    expect(log).toContain("Multi-User System");
    expect(log).toMatch(/^guest-a login: /m);
}, 60_000);

test("it reaches the host's loopback as 10.0.2.2, and its clock is the host's", async () => {
    expect(await inGuest(stack, "ip route get 10.0.2.2 | head -n 1")).toContain("10.0.2.2");
    const seconds = Number(await inGuest(stack, "date +%s"));
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(10);
}, 60_000);
