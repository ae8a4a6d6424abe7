/**
 * scripts/kind/node-image-source.sh on a real tree: what it asks kind for, and what is left when kind fails, is ended, or the
 * tree is edited meanwhile. kind and the engine are stand-ins; test/machine/kind-source.test.ts has the real ones.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { buildVariables, usualOptions } from "../../components/source/build-script";
import { makeWorkspace, smallScale } from "../support/go-workspace";
import { until } from "../support/host-state";
import { json, runScript, scratchDirectory, startScript } from "../support/script-process";
import { StandInEngine } from "./kind-engine-stand-in";

jest.setTimeout(120_000);

let scratch: string;
let tree: string;
let engine: StandInEngine;
beforeEach(() => {
    scratch = scratchDirectory();
    tree = path.join(scratch, "the tree");
    fs.mkdirSync(tree);
    makeWorkspace(tree, smallScale);
    engine = new StandInEngine(scratch);
    engine.program("make", "#!/bin/sh\n");
    kind("");
});
afterEach(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

/** A kind that says where it builds, does this, and has built. */
function kind(text: string): void {
    engine.program(
        "kind",
        String.raw`#!/bin/sh
cd "$(dirname "$0")/.."
printf '%s\n' "$@" >kind-asked
umask >>kind-asked
echo 'Building in container: kind-build-17-42' >&2
${text}
while [ "$1" != --image ]; do shift; done
: >"engine/$(printf '%s' "$2" | tr / %)"
`,
    );
}
const tag = "kubedev-source/node:1";
const values = (change: Record<string, string> = {}) => ({
    PATH: `${engine.bin}:${process.env["PATH"] ?? ""}`,
    HOME: path.join(scratch, "home"),
    GOPROXY: "off",
    GOCACHE: execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim(),
    KUBEDEV_SCOPE: "project/stack",
    KUBEDEV_KEY: "node-source",
    KUBEDEV_ENGINE: "host",
    KUBEDEV_KIND: "kind",
    KUBEDEV_TREE: tree,
    KUBEDEV_TARGETS: "cmd/kubelet\ncmd/kube-proxy",
    KUBEDEV_IMAGE_TAG: tag,
    KUBEDEV_IMAGE_FIRST: tag,
    KUBEDEV_IMAGE_BASE: "",
    KUBEDEV_EXTRA_IMAGES: "",
    KUBEDEV_FETCHED: script("kind/fetched.sh"),
    ...buildVariables(usualOptions),
    ...change,
});
const make = (change: Record<string, string> = {}) =>
    runScript("kind/node-image-source", values(change));
const askedOfKind = () => fs.readFileSync(path.join(scratch, "kind-asked"), "utf8").trim();
const state = () => {
    const dir = path.join(scratch, "home/.local/state/kubedev/project/stack/node-source");
    return fs.existsSync(dir) ? fs.readdirSync(dir).sort() : [];
};

test("kind builds the tree, upon what it is told; what is there is not built again", async () => {
    expect(json(await make())).toEqual({ tag });
    expect(askedOfKind().split("\n")).toEqual([
        ...["build", "node-image", tree, "--type", "source"],
        ...["--image", "kubedev.invalid/built:1", "0022"],
    ]);
    expect(engine.images()).toEqual([tag]);
    expect(state()).toEqual(["lock", "record"]);

    fs.rmSync(path.join(scratch, "kind-asked"));
    expect((await make()).stderr).toBe("");
    expect(fs.existsSync(path.join(scratch, "kind-asked"))).toBe(false);

    // The one before goes, since nothing is made of it.
    const other = {
        KUBEDEV_IMAGE_TAG: "kubedev-source/node:2",
        KUBEDEV_IMAGE_BASE: "kindest/base:1",
    };
    json(await make(other));
    expect(askedOfKind()).toContain("--base-image\nkindest/base:1");
    expect(engine.images()).toEqual(["kubedev-source/node:2"]);
});

test("upon a node image of kubedev's own, whose balancer it has too", async () => {
    const own = { KUBEDEV_IMAGE_BASE: "kubedev/node:v1", KUBEDEV_IMAGE_TAG: "kubedev/node:2" };
    expect((await make(own)).stderr).toContain(
        "the node image kubedev/node:v1 is neither in the engine nor kept on this host",
    );
    const below = ["kubedev/balancer:v1", "kubedev/node:v1"];
    for (const image of below) engine.has(image);
    json(await make(own));
    expect(askedOfKind()).toContain("--base-image\nkubedev.invalid/base:2");
    expect(engine.images()).toEqual([...below, "kubedev/balancer:2", "kubedev/node:2"].sort());
});

test("images for every node must be in the engine", async () => {
    const missing = await make({ KUBEDEV_EXTRA_IMAGES: "a:1\nb:2" });
    expect(missing.stderr).toContain(
        "there is no image a:1 in the engine; expected what extraImages",
    );
    expect(engine.images()).toEqual([]);
    for (const image of ["a:1", "b:2"]) engine.has(image);
    json(await make({ KUBEDEV_EXTRA_IMAGES: "a:1\nb:2" }));
    expect(engine.asked()).toMatch(/^save -o .* a:1 b:2$/m);
});

test("a kind that fails: its last words, and the image before as it was", async () => {
    json(await make());
    kind("echo './cmd/kubelet/main.go:9: undefined: x' >&2; exit 3");
    const failed = await make({ KUBEDEV_IMAGE_TAG: "kubedev-source/node:2" });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("main.go:9: undefined: x");
    expect(failed.stderr).toContain("(exit status 3); the image before is left as it was");
    expect(engine.images()).toEqual([tag]);
    expect(engine.asked()).toContain("rm -f -v kind-build-17-42");
    expect(state()).toEqual(["lock", "record"]);
});

test("a tree that is edited while it is built is not what was asked for", async () => {
    kind("sleep 0.1; echo '// edited' >>'the tree/cmd/kubelet/main.go'");
    const failed = await make();
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("was edited while it was built");
    expect(failed.stderr).toContain("cmd/kubelet/main.go");
    expect(engine.images()).toEqual([]);
    kind("sleep 0.1; echo more >>'the tree/docs/part0/page0.md'");
    expect(json(await make())).toEqual({ tag });
});

test("interrupted: kind and its container end, nothing is left", async () => {
    kind("exec sleep 600");
    const running = startScript("kind/node-image-source", values());
    running.child.stdin.end();
    await until(() => fs.existsSync(path.join(scratch, "kind-asked")), "kind");
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(engine.asked()).toContain("rm -f -v kind-build-17-42");
    expect(engine.images()).toEqual([]);
    expect(state()).toEqual([]);
});

test.each([
    ["kind", "there is no kind-of-nobody on this host", { KUBEDEV_KIND: "kind-of-nobody" }],
    [
        "tree",
        "there is no directory /nowhere; expected the source tree",
        { KUBEDEV_TREE: "/nowhere" },
    ],
])("without %s it says so", async (_, expected, change) => {
    expect((await make(change)).stderr).toContain(expected);
    expect(state()).toEqual([]);
});

test("what the containerd of a node image has counts as fetched, anything else is fetched", () => {
    const real = path.join(scratch, "ctr");
    fs.writeFileSync(
        real,
        '#!/bin/sh\n[ "$*" = "--namespace=k8s.io images list -q" ] && echo registry.k8s.io/etcd:3 || echo "real $*"\n',
        { mode: 0o755 },
    );
    const text = script("kind/fetched.sh").replace("/kind/base/ctr", `'${real}'`);
    const ctr = (...args: string[]) =>
        execFileSync("sh", ["-c", text, "ctr", ...args], { encoding: "utf8" });
    const fetch = (image: string) =>
        ctr("--namespace=k8s.io", "content", "fetch", "--platform=linux/amd64", image);
    expect(fetch("registry.k8s.io/etcd:3")).toBe("");
    expect(fetch("docker.io/kindest/kindnetd:v1")).toBe("");
    expect(fetch("registry.k8s.io/etcd:4")).toMatch(/^real --namespace=k8s.io content fetch /);
    expect(ctr("info")).toBe("real info\n");
});
