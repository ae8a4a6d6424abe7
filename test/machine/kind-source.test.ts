/**
 * A node image by the real `kind build node-image` from a tree, with no registry: see support/released-tree. Then
 * a cluster of it.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, kindTest, network, sh } from "../support/kind";
import { imageCache } from "../support/local-kvm";
import { kubeletOf, makeReleasedTree } from "../support/released-tree";
import { scratchDir } from "../support/scratch";

jest.setTimeout(3_600_000);

const upTo = (what: "image" | "cluster") => `
import * as kubedev from ${JSON.stringify(library)};
const { engine } = new kubedev.ContainerEngine("containers", {});
const released = new kubedev.NodeImage("released", { engine, version: "v1.36.1" });
export const base = released.tag;
${
    what === "image"
        ? ""
        : `
const kind = new kubedev.Build("kind", { module: "sigs.k8s.io/kind@v0.32.0", targets: ["sigs.k8s.io/kind"] });
const kindPath = kind.paths.apply((paths) => Object.values(paths)[0] ?? "");
const image = new kubedev.NodeImage("edited", {
    engine, kindPath, source: { dir: ${JSON.stringify(tree)} }, baseImage: released.tag, extraImages: ["test/web:1"],
});
export const tag = image.tag;
const cluster = new kubedev.KindCluster("cluster", { engine, kindPath, image: image.tag });
export const node = cluster.nodeNames.apply((names) => names[0]);
`
}`;

let home: KindHome;
let tree: string;
let stack: ScratchStack;
let before: string;
let endTurn: () => Promise<void>;

beforeAll(
    kindHook(async () => {
        endTurn = await engineTurn();
        before = network();
        home = new KindHome(scratchDir("kubedev-home-"));
        tree = path.join(home.dir, "kubernetes");
        fs.mkdirSync(tree);
        makeReleasedTree(tree);
        stack = await ScratchStack.create({
            program: upTo("image"),
            project: `kind-source-${String(process.pid)}`,
            env: { ...imageCache(), XDG_STATE_HOME: path.join(home.dir, "state"), GOFLAGS: "" },
        });
    }),
);
afterAll(
    kindHook(async () => {
        await stack.dispose();
        fs.rmSync(home.dir, { recursive: true, force: true });
        await endTurn();
    }),
);

function write(name: string, text: string): void {
    fs.writeFileSync(path.join(tree, name), text, { mode: 0o755 });
}
const edit = (name: string) => {
    fs.appendFileSync(path.join(tree, name), "\n// edited\n");
};
const output = async (name: string) => String((await stack.outputs())[name]);
const inNode = async (...args: string[]) => home.docker("exec", await output("node"), ...args);
const kubectl = (...args: string[]) =>
    inNode("kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);
const digestOf = (text: string) => text.split(" ")[0];

/** The node is Ready, is made of this very image, and runs the kubelet that was built last. */
async function runsWhatWasBuilt(): Promise<void> {
    expect(await kubectl("get", "nodes", "--no-headers")).toMatch(/ Ready .*v1\.36\.1$/);
    const node = await output("node");
    expect(home.docker("inspect", "-f", "{{.Config.Image}}", node)).toBe(await output("tag"));
    const running = await inNode("sh", "-c", "sha256sum </proc/$(pidof kubelet)/exe");
    expect(digestOf(running)).toBe(digestOf(sh(`sha256sum <'${kubeletOf(tree)}'`)));
    expect((await stack.preview()).changed).toEqual([]);
}

kindTest(
    "kind builds the tree upon a node image of kubedev's own; a cluster of it is Ready",
    async () => {
        await stack.up({ timeoutMs: 3_500_000 });
        home.importImage("test/web:1");
        write("hack/node-image", await output("base"));
        stack.program(upTo("cluster"));
        await stack.up({ timeoutMs: 1_200_000 });
        await runsWhatWasBuilt();
        expect(await inNode("crictl", "images")).toMatch(/docker\.io\/test\/web +1 /);
        // Its pod network is that of the image below, since kind's was not to be had.
        await kubectl(
            "-n",
            "kube-system",
            "wait",
            "--for=condition=Ready",
            "pods",
            "--all",
            "--timeout=120s",
        );
        // Nothing of what was made on the way.
        const made = home.docker("images", "--format", "{{.Repository}}:{{.Tag}}");
        expect(made.split("\n").filter((name) => name.startsWith("kubedev.invalid"))).toEqual([]);
        expect(home.docker("ps", "-aq").split("\n")).toHaveLength(1);
    },
);

kindTest("a build that fails costs neither image nor cluster", async () => {
    edit("docs/part0/page0.md");
    expect((await stack.preview()).changed).toEqual([]);
    const [node, tag] = [await output("node"), await output("tag")];
    const id = home.docker("inspect", "-f", "{{.Id}}", node);
    edit("cmd/kubelet/main.go");
    write("hack/broken", "cmd/kubelet/main.go:9:2: undefined: x\n");
    expect((await stack.preview()).ops()).toMatchObject({
        "edited-source": "update",
        "cluster-cluster": "replace",
    });
    const { errors } = await stack.up({ timeoutMs: 600_000, expectFailure: true });
    expect(errors.join("\n")).toContain("cmd/kubelet/main.go:9:2: undefined: x");
    expect(home.docker("inspect", "-f", "{{.Id}} {{.State.Running}}", node)).toBe(`${id} true`);
    expect(home.docker("image", "inspect", "-f", "{{.Id}}", tag)).toMatch(/^sha256:/);

    fs.rmSync(path.join(tree, "hack/broken"));
    await stack.up({ timeoutMs: 1_200_000 });
    await runsWhatWasBuilt();
    expect(await output("tag")).not.toBe(tag);
    // With the last cluster of it the image before went.
    expect(() => home.docker("image", "inspect", tag)).toThrow();
});

kindTest("destroy leaves nothing", async () => {
    await stack.destroy();
    expect(fs.existsSync(home.engineDir)).toBe(false);
    expect(network()).toBe(before);
    expect(sh(`git -C '${tree}' status --porcelain --ignored`)).toContain("!! _output/");
});
