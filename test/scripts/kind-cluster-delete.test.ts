/** scripts/kind/cluster-delete.sh where a node does not end at once: a stand-in for docker, and a cgroup that is frozen. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { runScript, scratchDirectory } from "../support/script-process";

let scratch: string;
beforeEach(() => {
    scratch = scratchDirectory();
});
afterEach(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

const unseen =
    "Error response from daemon: cannot remove - tried to kill container, but did not receive an exit event";

/** Deletes a cluster whose only node is removed by these lines of shell. */
async function removeNode(removal: string, node = "node1") {
    const dir = path.join(scratch, "cluster");
    for (const made of ["bin", "cluster"]) fs.mkdirSync(path.join(scratch, made));
    fs.writeFileSync(path.join(dir, "record"), "kind=cluster\n");
    fs.writeFileSync(path.join(scratch, "node"), "");
    const docker = `#!/bin/sh
cd "$(dirname "$0")/.."
case "$1" in
version) echo 20.10 ;;
ps) ! [ -e node ] || echo ${node} ;;
rm)
    echo "$*" >>removals
    ${removal}
    rm node
    ;;
esac
`;
    fs.writeFileSync(path.join(scratch, "bin/docker"), docker, { mode: 0o755 });
    const ran = await runScript("kind/cluster-delete", {
        PATH: `${path.join(scratch, "bin")}:${process.env["PATH"] ?? ""}`,
        HOME: scratch,
        KUBEDEV_DIR: dir,
        KUBEDEV_KEY: "cluster",
        KUBEDEV_SCOPE: "project/stack",
        KUBEDEV_ENGINE: "host",
        KUBEDEV_CLUSTER: "c",
        KUBEDEV_IMAGE_TAG: "kindest/node:v1",
    });
    return { ...ran, gone: !fs.existsSync(dir) };
}

const succeedsAt = (removal: number) =>
    `[ "$(wc -l <removals)" -eq ${String(removal)} ] || { echo "${unseen}" >&2; exit 1; }`;

test("a node whose end the engine did not see is removed once more", async () => {
    const ran = await removeNode(succeedsAt(3));
    expect(ran).toMatchObject({ code: 0, gone: true });
    expect(ran.stderr).toContain(`the nodes have not ended yet, once more: ${unseen}`);
    expect(fs.readFileSync(path.join(scratch, "removals"), "utf8")).toBe(
        "rm -f -v node1\n".repeat(3),
    );
});

test("a node that never ends is an error, and the cluster is still known", async () => {
    const ran = await removeNode(succeedsAt(99));
    expect(ran).toMatchObject({ code: 1, gone: false });
    expect(ran.stderr).toContain(`cannot remove the nodes of the cluster c: ${unseen}`);
});

const freezer = "/sys/fs/cgroup/freezer";
const unfrozen = fs.existsSync(freezer)
    ? process.getuid?.() === 0
        ? undefined
        : "wants root"
    : "this machine's cgroups are of version 2, where what is frozen can end";
const frozenTest = unfrozen === undefined ? test : test.skip;

frozenTest(
    `a pod that was frozen as its node was killed is let go${unfrozen === undefined ? "" : ` [not run: ${unfrozen}]`}`,
    async () => {
        const node = `node${String(process.pid)}`;
        const pod = path.join(freezer, "docker", node, "pod");
        fs.mkdirSync(pod, { recursive: true });
        const frozen = spawn("sleep", ["600"], { stdio: "ignore" });
        const ended = new Promise((resolve) => frozen.once("exit", resolve));
        const pid = String(frozen.pid);
        try {
            fs.writeFileSync(path.join(pod, "cgroup.procs"), pid);
            fs.writeFileSync(path.join(pod, "freezer.state"), "FROZEN");
            // As the engine has it: killed, and waited for.
            const ran = await removeNode(
                `kill -KILL ${pid}; timeout 10 sh -c 'while kill -0 ${pid}; do sleep 0.1; done' || exit 1`,
                node,
            );
            expect(ran).toMatchObject({ code: 0, gone: true });
            expect(ran.stderr).toBe("");
        } finally {
            fs.writeFileSync(path.join(pod, "freezer.state"), "THAWED");
            frozen.kill("SIGKILL");
            await ended;
            fs.rmdirSync(pod);
            fs.rmdirSync(path.dirname(pod));
        }
    },
);
