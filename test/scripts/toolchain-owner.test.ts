/** Who owns a lock: lib/owner.sh against real processes. */
import { spawn, spawnSync } from "child_process";
import * as os from "os";
import { ScratchClone } from "./toolchain-scratch";

let clone: ScratchClone;
beforeAll(() => (clone = new ScratchClone()));
afterAll(() => clone.dispose());

function owner(pid: number, host: string, time: Date): string {
    const code = `lock_owner ${pid} ${host} ${time.toISOString()}`;
    return clone.bash(["lib/owner.sh"], code).stdout.trim();
}
const here = os.hostname();
const inSeconds = (s: number) => new Date(Date.now() + s * 1000);

test("this process, begun before the lock was taken, is alive", () => {
    expect(owner(process.pid, here, inSeconds(0))).toBe("alive");
});

test("a process that was only given the number later is not the owner", () => {
    const child = spawn("sleep", ["60"]);
    expect(owner(child.pid ?? 0, here, inSeconds(0))).toBe("alive");
    expect(owner(child.pid ?? 0, here, inSeconds(-3600))).toBe("dead");
    child.kill("SIGKILL");
});

test("a process that is gone is dead, a zombie too", () => {
    const gone = spawnSync("sh", ["-c", "echo $$"], { encoding: "utf8" });
    expect(owner(Number(gone.stdout), here, inSeconds(0))).toBe("dead");
    // Its parent sleeps and never reaps it.
    const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"]);
    return new Promise<void>((resolve) => {
        parent.stdout.once("data", (d: Buffer) =>
            setTimeout(() => {
                expect(owner(Number(d.toString()), here, inSeconds(0))).toBe("dead");
                parent.kill("SIGKILL");
                resolve();
            }, 500),
        );
    });
});

test("another machine's process is not judged", () => {
    expect(owner(1, "elsewhere", inSeconds(0))).toBe("elsewhere");
});
