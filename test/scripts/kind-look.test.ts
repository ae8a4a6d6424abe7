/** What a look says of a cluster: by its processes alone while all is well, else by asking the engine. */
import { spawn, ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { runScript, scratchDirectory, shells } from "../support/script-process";

const bootId = () => fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const ticksOf = (pid: number) =>
    fs
        .readFileSync(`/proc/${String(pid)}/stat`, "utf8")
        .split(") ")[1]
        ?.split(" ")[19] ?? "";

describe.each(shells)("%s", (shell) => {
    let dir: string;
    let node: ChildProcess;
    let asked: string;

    beforeEach(() => {
        dir = scratchDirectory();
        asked = path.join(dir, "asked");
        fs.mkdirSync(path.join(dir, "thing"));
        node = spawn("sleep", ["100"]);
        fs.writeFileSync(path.join(dir, "thing/record"), "kind=cluster\n");
        note(node.pid ?? 0, ticksOf(node.pid ?? 0), bootId());
        engine(`*ps*) echo id1 ;; *) echo 20.10 ;;`);
    });
    afterEach(() => {
        node.kill("SIGKILL");
        fs.rmSync(dir, { recursive: true });
    });

    function note(pid: number, ticks: string, boot: string): void {
        fs.writeFileSync(
            path.join(dir, "thing/nodes"),
            `id1 c-control-plane ${String(pid)} ${ticks}\nboot ${boot}\n`,
        );
    }
    /** A docker that answers by cases of its words. */
    function engine(cases: string): void {
        fs.mkdirSync(path.join(dir, "bin"), { recursive: true });
        fs.writeFileSync(
            path.join(dir, "bin/docker"),
            `#!/bin/sh\necho "$*" >>'${asked}'\ncase "$*" in ${cases} esac\n`,
            { mode: 0o755 },
        );
    }
    const look = async (own = "host", values: Record<string, string> = {}) => {
        const ran = await runScript(
            "kind/cluster-look",
            {
                PATH: `${dir}/bin:${process.env["PATH"] ?? ""}`,
                HOME: dir,
                KUBEDEV_DIR: path.join(dir, "thing"),
                KUBEDEV_CLUSTER: "c",
                KUBEDEV_ENGINE: own,
                KUBEDEV_IMAGE_TAG: "kubedev/node:v1",
                KUBEDEV_KIND: "",
                KUBEDEV_CONFIG: "{}",
                ...values,
            },
            { shell },
        );
        expect(ran.stderr).toBe("");
        expect(ran.code).toBe(0);
        return ran.stdout.trim();
    };

    test("all nodes run: nobody is asked", async () => {
        expect(await look()).toBe("state=running");
        expect(fs.existsSync(asked)).toBe(false);
    });

    test.each([
        ["a node that is a zombie's number now", () => note(node.pid ?? 0, "1", bootId())],
        ["another boot", () => note(node.pid ?? 0, ticksOf(node.pid ?? 0), "another")],
        ["a node that has ended", () => note(2 ** 22 - 1, "5", bootId())],
    ])("%s: stopped as long as the engine has it", async (_what, change) => {
        change();
        expect(await look()).toBe("state=stopped");
        engine(`*ps*) echo id2 ;; *) echo 20.10 ;;`);
        expect(await look()).toBe("state=gone");
    });

    test("an engine that does not answer says why", async () => {
        note(2 ** 22 - 1, "5", bootId());
        engine(`*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;`);
        expect(await look()).toBe(
            "state=unknown\nreason=the container engine does not answer: Cannot connect to the Docker daemon",
        );
    });

    test("of an own engine that is dead its nodes count as stopped, though they may still run", async () => {
        expect(await look("own")).toBe("state=stopped");
        expect(fs.existsSync(asked)).toBe(false);
    });

    test("a cluster in another engine than is wanted is to be made in that one", async () => {
        const record = path.join(dir, "thing/record");
        fs.writeFileSync(record, "kind=cluster\nfact.engine=host\n");
        expect(await look("host")).toBe("state=running");
        expect(await look("own")).toBe("state=gone");
        // And it has to be possible there, before the present one is removed.
        fs.writeFileSync(record, "kind=cluster\nfact.engine=own\n");
        engine(`*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;`);
        expect(await look("host")).toMatch(/^problem=.*Cannot connect to the Docker daemon/);
    });

    describe("before there is one", () => {
        beforeEach(() => {
            fs.rmSync(path.join(dir, "thing"), { recursive: true });
        });

        test("nothing, where it can be made", async () => {
            expect(await look("own")).toBe("");
        });

        test("an engine that does not answer, and what to do about it", async () => {
            engine(`*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;`);
            expect(await look("host")).toMatch(
                /^problem=.*Cannot connect to the Docker daemon; start it \(systemctl start docker\), or take a ContainerEngine/,
            );
        });

        test("no kind", async () => {
            expect(await look("own", { KUBEDEV_KIND: "kind-of-nobody" })).toMatch(
                /^problem=there is no kind-of-nobody on this host; expected it on the PATH, or kindPath/,
            );
        });

        // What this host can do decides; that it is asked at all is tested on each.
        const capabilities = /^CapBnd:\s*(.*)$/m.exec(
            fs.readFileSync("/proc/self/status", "utf8"),
        )?.[1];
        const complete = ((BigInt(`0x${capabilities ?? "0"}`) >> 24n) & 1n) === 1n;
        test("a host that refuses privileged containers names the way past it", async () => {
            const said = await look("host");
            expect(said).toMatch(
                complete ? /^$/ : /^problem=.*lacks CAP_SYS_RESOURCE.*take a ContainerEngine/,
            );
        });

        test("an image that does not adapt itself is refused where it would not start", async () => {
            const image = { KUBEDEV_IMAGE_TAG: "kindest/node:v1.36.1" };
            const cgroupV1 = !fs.existsSync("/sys/fs/cgroup/cgroup.controllers");
            const said = await look("own", image);
            expect(said).toMatch(
                cgroupV1
                    ? /^problem=this host has cgroup v1.*failCgroupV1/
                    : complete
                      ? /^$/
                      : /^problem=.*restrict_oom_score_adj/,
            );
            const patched = "failCgroupV1: false, restrict_oom_score_adj = true";
            expect(await look("own", { ...image, KUBEDEV_CONFIG: patched })).toBe("");
        });
    });
});
