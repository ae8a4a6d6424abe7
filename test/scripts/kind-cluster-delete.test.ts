/** scripts/kind/cluster-delete.sh where the engine does not see the end of a node: a stand-in for docker. */
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

/** Deletes a cluster whose node goes at the n-th removal. */
async function removeNode(atRemoval: number) {
    const dir = path.join(scratch, "cluster");
    for (const made of ["bin", "cluster"]) fs.mkdirSync(path.join(scratch, made));
    fs.writeFileSync(path.join(dir, "record"), "kind=cluster\n");
    fs.writeFileSync(path.join(scratch, "node"), "");
    const docker = `#!/bin/sh
cd "$(dirname "$0")/.."
case "$1" in
version) echo 20.10 ;;
ps) ! [ -e node ] || echo node1 ;;
rm)
    echo "$*" >>removals
    [ "$(wc -l <removals)" -eq ${String(atRemoval)} ] || { echo "${unseen}" >&2; exit 1; }
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

test("a node whose end the engine did not see is removed once more", async () => {
    const ran = await removeNode(3);
    expect(ran).toMatchObject({ code: 0, gone: true });
    expect(ran.stderr).toContain(`the nodes have not ended yet, once more: ${unseen}`);
    expect(fs.readFileSync(path.join(scratch, "removals"), "utf8")).toBe(
        "rm -f -v node1\n".repeat(3),
    );
});

test("a node that never ends is an error, and the cluster is still known", async () => {
    const ran = await removeNode(99);
    expect(ran).toMatchObject({ code: 1, gone: false });
    expect(ran.stderr).toContain(`cannot remove the nodes of the cluster c: ${unseen}`);
});
