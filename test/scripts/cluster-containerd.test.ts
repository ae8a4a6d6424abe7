/** A containerd's configuration where its processes may not lower oom_score_adj, and where they may. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { containerdConfig, fitToCapabilities } from "../../components/cluster/containerd-config";
import { CgroupDriver } from "../../components/cluster/kubelet-config";
import { scratchDirectory, shells } from "../support/script-process";

const config = (inContainers?: boolean) =>
    containerdConfig(CgroupDriver.Systemd, "registry.k8s.io/pause:3.10.2", inContainers);
const bounding = /^CapBnd:\s*(\w+)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1];
const hasIt = ((BigInt(`0x${bounding ?? "0"}`) >> 24n) & 1n) === 1n;
const without = ["setpriv", "--bounding-set=-sys_resource"];
const canDrop = spawnSync("env", [...without, "true"]).status === 0;

test("of a machine it says nothing of it", () => {
    expect(config()).not.toContain("oom");
    expect(config(true).split("\n")).toContain("  restrict_oom_score_adj = false");
});

describe.each(shells)("%s", (shell) => {
    const fitted = (...before: string[]): string => {
        const dir = scratchDirectory();
        try {
            const file = path.join(dir, "containerd.toml");
            fs.writeFileSync(file, config(true));
            const argv = [...before, shell, "-c", fitToCapabilities(file)];
            execFileSync("env", argv);
            return fs.readFileSync(file, "utf8");
        } finally {
            fs.rmSync(dir, { recursive: true });
        }
    };
    const told = config(true).replace("adj = false", "adj = true");

    test(`${hasIt ? "with" : "without"} CAP_SYS_RESOURCE, as here`, () => {
        expect(fitted()).toBe(hasIt ? config(true) : told);
    });

    (canDrop ? test : test.skip)(
        `in a process without it${canDrop ? "" : " [not run: setpriv may take nothing away]"}`,
        () => {
            expect(fitted(...without)).toBe(told);
        },
    );
});
