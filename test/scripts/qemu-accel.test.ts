/** scripts/qemu/probe-accel.sh. Its guest code is run for real, by TCG where there is no KVM. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

interface Verdict {
    accelerator: string;
    reason: string;
}

describe.each(shells)("%s", (shell) => {
    let directory: string;
    beforeEach(() => (directory = scratchDirectory()));
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const cacheFile = () => path.join(directory, "kubedev/accelerator");
    const probe = async (values: Record<string, string>) =>
        json(
            await runScript(
                "qemu/probe-accel",
                { XDG_CACHE_HOME: directory, ...values },
                { shell },
            ),
        ) as Verdict;
    // A device that opens; which accelerator then runs the guest code is told by the arguments.
    const runsOn = (accelerator: string) => ({
        KUBEDEV_PROBE_DEVICE: "/dev/null",
        KUBEDEV_PROBE_ARGUMENTS: `-accel ${accelerator}`,
    });

    test("says kvm when guest code ran to its end", async () => {
        expect(await probe(runsOn("tcg -cpu max"))).toEqual({
            accelerator: "kvm",
            reason: "guest code ran on /dev/null",
        });
    });

    test("says tcg when the accelerator cannot start", async () => {
        const verdict = await probe(runsOn("none-such"));
        expect(verdict.accelerator).toBe("tcg");
        expect(verdict.reason).toMatch(/opens, but QEMU ended with status 1: .*none-such/);
    });

    test("says tcg when a guest starts and comes to nothing", async () => {
        // Waits for a debugger before the first instruction: as dead as a paravirtual KVM.
        const verdict = await probe({ ...runsOn("tcg -S"), KUBEDEV_PROBE_WAIT_SEC: "1" });
        expect(verdict.accelerator).toBe("tcg");
        expect(verdict.reason).toMatch(/no guest code ran to its end in 1 s: /);
    });

    test("says tcg when the guest code takes more than its CPU time", async () => {
        // An emulator that writes down each instruction that it runs: slower than any that is of use.
        const verdict = await probe({
            ...runsOn("tcg -cpu max -d exec,nochain -D /dev/null"),
            KUBEDEV_PROBE_WAIT_SEC: "100",
        });
        expect(verdict.accelerator).toBe("tcg");
        expect(verdict.reason).toMatch(/no guest code ran to its end in 2 s of CPU time: /);
    });

    test("waits for a good guest that gets no CPU for three seconds", async () => {
        const slow = path.join(directory, "qemu-system-x86_64");
        const real = execFileSync("sh", ["-c", "command -v qemu-system-x86_64"]).toString().trim();
        fs.writeFileSync(slow, `#!/bin/sh\nsleep 3\nexec '${real}' "$@"\n`, { mode: 0o755 });
        const PATH = `${directory}:${process.env["PATH"] ?? ""}`;
        expect((await probe({ ...runsOn("tcg -cpu max"), PATH })).accelerator).toBe("kvm");
    });

    test("says tcg without the device, and why", async () => {
        const verdict = await probe({ KUBEDEV_PROBE_DEVICE: path.join(directory, "none") });
        expect(verdict.accelerator).toBe("tcg");
        expect(verdict.reason).toMatch(/does not exist: no hardware virtualization/);
    });

    test("writes nothing unless told to, and then asks the cache", async () => {
        const first = await probe(runsOn("none-such"));
        expect(fs.readdirSync(directory)).toEqual([]);
        await probe({ ...runsOn("none-such"), KUBEDEV_ACCEL_CACHE: "1" });
        const [key = "", line = ""] = fs.readFileSync(cacheFile(), "utf8").split("\n");
        expect(JSON.parse(line)).toEqual(first);
        fs.writeFileSync(cacheFile(), `${key}\n{"accelerator":"kvm","reason":"from the cache"}\n`);
        expect(await probe(runsOn("none-such"))).toMatchObject({ reason: "from the cache" });
        // Another boot, another QEMU, another way to look: asked anew.
        fs.writeFileSync(cacheFile(), `${key}x\n{"accelerator":"kvm","reason":"old"}\n`);
        expect(await probe(runsOn("none-such"))).toEqual(first);
    });

    test("what it has waited for in vain is asked for again", async () => {
        const waiting = { ...runsOn("tcg -S"), KUBEDEV_PROBE_WAIT_SEC: "1" };
        await probe({ ...waiting, KUBEDEV_ACCEL_CACHE: "1" });
        expect(fs.existsSync(cacheFile())).toBe(false);
    });
});
