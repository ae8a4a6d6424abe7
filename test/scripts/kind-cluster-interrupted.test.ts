/** scripts/kind/cluster-create.sh that is interrupted, and killed before what it made is removed: a stand-in for docker and kind. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { until } from "../support/host-state";
import { scratchDirectory, startScript } from "../support/script-process";

let scratch: string;
beforeEach(() => {
    scratch = scratchDirectory();
});
afterEach(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

const at = (name: string) => path.join(scratch, name);
const has = (name: string) => fs.existsSync(at(name));

/** Begins to make a cluster, up to its first node; the engine takes as long for a removal as there is a file `busy`. */
async function begin() {
    const program = (name: string, text: string) => {
        fs.writeFileSync(at(`bin/${name}`), `#!/bin/sh\ncd '${scratch}'\n${text}`, { mode: 0o755 });
    };
    fs.mkdirSync(at("bin"));
    program(
        "docker",
        `case "$*" in
version*) echo 20.10 ;;
ps*) ! [ -e node ] || echo node1 ;;
rm*) while [ -e busy ]; do sleep 0.1; done; rm node ;;
network\\ rm*) rm -f network ;;
image\\ inspect*Size*) echo 1048576 ;;
image\\ inspect*) ;;
esac
`,
    );
    program("kind", ": >network; : >node; exec sleep 1000\n");
    fs.writeFileSync(at("busy"), "");
    const running = startScript("kind/cluster-create", {
        PATH: `${at("bin")}:${process.env["PATH"] ?? ""}`,
        HOME: scratch,
        ...{ KUBEDEV_DIR: at("cluster"), KUBEDEV_KEY: "cluster", KUBEDEV_SCOPE: "project/stack" },
        ...{ KUBEDEV_ENGINE: "host", KUBEDEV_CLUSTER: "c", KUBEDEV_KIND: at("bin/kind") },
        ...{ KUBEDEV_IMAGE_TAG: "kindest/node:v1", KUBEDEV_CONFIG: '{"nodes":[]}' },
        ...{ KUBEDEV_WAIT_SEC: "60", KUBEDEV_VERBOSITY: "0", KUBEDEV_LABELS: "" },
        ...{ KUBEDEV_LOAD_IMAGES: "", KUBEDEV_LOAD_ARCHIVES: "" },
        ...{ KUBEDEV_GENERATION: "1", KUBEDEV_STARTS: "1" },
    });
    running.child.stdin.end();
    await until(() => has("node"), "the first node");
    return running;
}

test("it removes what it made, and says so", async () => {
    const { child, ended } = await begin();
    fs.rmSync(at("busy"));
    child.kill("SIGTERM");
    const ran = await ended;
    expect(ran.code).toBe(130);
    expect(ran.stderr).toContain("interrupted: removing what was made of the cluster");
    expect(["node", "network", "cluster"].filter(has)).toEqual([]);
});

test("killed while a busy engine still removes: what it made goes all the same, and nobody makes it meanwhile", async () => {
    const { child, ended } = await begin();
    child.kill("SIGTERM");
    await until(() => has("cluster/undo.log"), "the removal");
    child.kill("SIGKILL");
    await ended;
    // The next run waits for it.
    expect(spawnSync("flock", ["-n", at("cluster/lock"), "true"]).status).toBe(1);
    expect(has("node")).toBe(true);
    fs.rmSync(at("busy"));
    await until(() => !has("cluster"), "the end of the removal");
    expect(["node", "network"].filter(has)).toEqual([]);
});
