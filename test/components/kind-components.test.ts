/** ContainerEngine, NodeImage and KindCluster against mocks: what they declare, and what they make of what they see. */
import * as pulumi from "@pulumi/pulumi";
import { ContainerEngine } from "../../components/kind/container-engine";
import { KindCluster } from "../../components/kind/kind-cluster";
import { KindRole } from "../../components/kind/kind-config";
import { NodeImage, NodeImageArgs } from "../../components/kind/node-image";
import { ProgramImage, ProgramImageArgs } from "../../components/kind/program-image";
import { known, MockedRun } from "../support/mocked-run";

let run: MockedRun;
let seen: Record<"engine" | "cluster" | "probe", string>;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    seen = { engine: "", cluster: "", probe: "absent=1\n" };
    run = new MockedRun({ kubeconfig: "a kubeconfig", kubeconfigPath: "/there" }, (asked) => {
        if (asked["KUBEDEV_KEY"] === "own-engine") return seen.engine;
        return asked["KUBEDEV_CLUSTER"] === undefined ? seen.probe : seen.cluster;
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const clusterCommand = () => run.commands().find(({ name }) => name === "c-cluster");
async function makeCluster(args: object = {}): Promise<KindCluster> {
    const cluster = new KindCluster("c", { image: "kindest/node:v1", ...args }, run.watched);
    await known(cluster.nodeNames);
    // What stands on it is declared after it.
    await pulumi.runtime.disconnect();
    return cluster;
}
const counts = () => {
    const { triggers, environment } = clusterCommand()?.inputs ?? {};
    return {
        generation: (triggers as { generation: number }[] | undefined)?.[0]?.generation,
        starts: environment?.["KUBEDEV_STARTS"],
    };
};
const recorded = (starts: number, generation = 1) =>
    `absent=1\n[c-cluster]\nalive=true\nincarnation=1\nfact.generation=${String(generation)}\nfact.starts=${String(starts)}\n`;

test("a cluster: config and image are triggers, labels and images are not", async () => {
    const cluster = await makeCluster({
        address: "127.9.9.9",
        clusterName: "mine",
        nodeLabels: { tier: "front" },
        loadImages: ["a:1", "b:2"],
    });
    expect(await known(cluster.endpoint)).toBe("https://127.9.9.9:6443");
    expect(await known(cluster.nodeNames)).toEqual(["mine-control-plane"]);
    expect(await known(cluster.kubeconfigPath)).toBe(
        "/state/kubedev/project/stack/c-cluster/kubeconfig",
    );
    const { triggers, environment } = clusterCommand()?.inputs ?? {};
    expect(triggers).toMatchObject([
        { image: "kindest/node:v1", generation: 1, config: { name: "mine" } },
        { parents: [] },
    ]);
    expect(JSON.stringify(triggers)).not.toContain("tier");
    expect(environment).toMatchObject({
        KUBEDEV_ENGINE: "host",
        KUBEDEV_LABELS: "tier=front",
        KUBEDEV_LOAD_IMAGES: "a:1\nb:2",
        KUBEDEV_WAIT_SEC: "300",
        KUBEDEV_KIND: "kind",
    });
    expect(run.optionsOf("c-cluster").additionalSecretOutputs).toEqual(["stdout"]);
    expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
});

test.each([
    ["running", recorded(2), { generation: 1, starts: "2" }],
    ["stopped", recorded(2), { generation: 1, starts: "3" }],
    ["unknown", recorded(2), { generation: 1, starts: "3" }],
    ["gone", recorded(2), { generation: 2, starts: "2" }],
])("nodes that are %s", async (state, probe, expected) => {
    seen = { ...seen, probe, cluster: `state=${state}\n` };
    await makeCluster();
    expect(counts()).toEqual(expected);
});

test("without a pod network nobody waits for nodes to be Ready", async () => {
    await makeCluster({ networking: { disableDefaultCNI: true } });
    expect(clusterCommand()?.inputs.environment["KUBEDEV_WAIT_SEC"]).toBe("0");
});

test("on a remote host the path of the kubeconfig is what its script says, and no secret", async () => {
    const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
    const cluster = await makeCluster({ host: { ssh } });
    expect(await known(cluster.kubeconfigPath)).toBe("/there");
    expect(await pulumi.isSecret(cluster.kubeconfigPath)).toBe(false);
});

test("names are short enough, and differ between clusters", async () => {
    const name = "a-rather-long-name-of-a-cluster-that-somebody-chose";
    const one = new KindCluster(name, { image: "k:1" });
    const two = new KindCluster(`${name}-2`, { image: "k:1" });
    const names = [await known(one.clusterName), await known(two.clusterName)];
    expect(new Set(names).size).toBe(2);
    expect(names.every((each) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(each))).toBe(true);
    expect(Math.max(...names.map((each) => each.length))).toBeLessThanOrEqual(40);
});

test("an engine that died is started again in place", async () => {
    seen = {
        ...seen,
        engine: "state=dead\n",
        probe: "absent=1\n[own-engine]\nalive=true\nincarnation=1\nfact.starts=4\n",
    };
    const engine = new ContainerEngine("own", {});
    expect(await known(engine.engine)).toEqual({ own: true });
    expect(await known(engine.dockerHost)).toBe("unix:///state/kubedev/engine/docker.sock");
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ incarnation: 1 }, { parents: [] }]);
    expect(inputs.environment["KUBEDEV_STARTS"]).toBe("5");
    const settings = JSON.parse(inputs.environment["KUBEDEV_ENGINE_CONFIG"] ?? "") as {
        hosts: string[];
    };
    // Nothing but a socket of its own.
    expect(settings.hosts).toEqual(["unix://@DIR@/docker.sock"]);
});

test("an image is named after what it is made from; a published one is taken as it is", async () => {
    const tags = await Promise.all(
        [{}, { suite: "bookworm" }, { suite: "trixie" }, { extraImages: ["a:1"] }].map((more, at) =>
            known(new NodeImage(`i${String(at)}`, { version: "v1.36.1", ...more }).tag),
        ),
    );
    expect(tags[0]).toMatch(/^kubedev\/node:v1\.36\.1-[0-9a-f]{16}$/);
    expect(tags[1]).toBe(tags[0]);
    expect(new Set(tags).size).toBe(3);
    const digest = `kindest/node:v1.36.1@sha256:${"a".repeat(64)}`;
    expect(await known(new NodeImage("r", { release: digest }).tag)).toBe(digest);
});

const binary = (fingerprint: string, path = "/bin/it") => ({ path, fingerprint });
const commandOf = (name: string) => run.commands().find((command) => command.name === name);

test("programs for nodes: one resource a node, with what its role runs; another one is no trigger", async () => {
    await makeCluster({
        clusterName: "mine",
        nodes: [{}, { role: KindRole.Worker }],
        binaries: { kubelet: binary("f1"), "kube-scheduler": binary("f2", "/bin/scheduler") },
    });
    expect(commandOf("c-control-plane-binaries")?.inputs.environment).toMatchObject({
        KUBEDEV_NODE: "mine-control-plane",
        KUBEDEV_BINARIES: "kube-scheduler f2 /bin/scheduler\nkubelet f1 /bin/it",
    });
    const worker = commandOf("c-worker-binaries")?.inputs;
    expect(worker?.environment["KUBEDEV_BINARIES"]).toBe("kubelet f1 /bin/it");
    expect(worker?.triggers).toEqual([
        { node: "mine-worker", incarnation: 1 },
        { parents: ["c-cluster-id"] },
    ]);
    expect(clusterCommand()?.inputs.environment["KUBEDEV_BINARIES"]).toBeUndefined();
});

test("programs of control planes alone: nothing happens to workers", async () => {
    await makeCluster({
        nodes: [{}, { role: KindRole.Worker }],
        binaries: { "kube-apiserver": binary("f") },
    });
    expect(run.commands().map(({ name }) => name)).toEqual([
        "c-cluster",
        "c-control-plane-binaries",
    ]);
});

test("programs that are laid over an image make another one, by their fingerprints alone", async () => {
    const tagOf = (name: string, args: NodeImageArgs) => known(new NodeImage(name, args).tag);
    const base = "kubedev/node:v1.36.1-0123456789abcdef";
    const one = await tagOf("a", { base, binaries: { kubelet: binary("f1") } });
    expect(one).toMatch(/^kubedev\/node:[0-9a-f]{16}$/);
    expect(await tagOf("b", { base, binaries: { kubelet: binary("f1", "/x") } })).toBe(one);
    expect(await tagOf("c", { base, binaries: { kubelet: binary("f2") } })).not.toBe(one);
    expect(commandOf("a-overlay")?.inputs.environment).toMatchObject({
        KUBEDEV_IMAGE_BASE: base,
        KUBEDEV_IMAGE_TAG: one,
        KUBEDEV_BINARIES: "kubelet f1 /bin/it",
    });
    // A published image does not adapt itself to hosts, with another kubelet neither: its name must not say so.
    const release = `kindest/node:v1.36.1@sha256:${"a".repeat(64)}`;
    expect(await tagOf("e", { release, binaries: { kubelet: binary("f1") } })).toMatch(
        /^kubedev-overlay\/node:/,
    );
});

test("an image of a program is named after what is in it, not after where that lies", async () => {
    const imageOf = (name: string, args: Partial<ProgramImageArgs> = {}) =>
        known(
            new ProgramImage(name, { binary: binary("f1"), repository: "localhost/tool", ...args })
                .image,
        );
    const one = await imageOf("a");
    expect(one).toMatch(/^localhost\/tool:[0-9a-f]{16}$/);
    expect(await imageOf("b", { binary: binary("f1", "/elsewhere") })).toBe(one);
    const others = [
        { binary: binary("f2") },
        { entrypoint: ["/tool", "--flag"] },
        { user: 0 },
        { caCertificates: true },
    ];
    const made = await Promise.all(others.map((args, at) => imageOf(`c${String(at)}`, args)));
    expect(new Set([one, ...made]).size).toBe(5);
    expect(commandOf("a-program")?.inputs.environment).toMatchObject({
        KUBEDEV_IMAGE_TAG: one,
        KUBEDEV_PROGRAM: "/bin/it",
        KUBEDEV_IMAGE_PROGRAM: "/tool",
        KUBEDEV_IMAGE_ENTRYPOINT: '["/tool"]',
        KUBEDEV_IMAGE_USER: "65532",
        KUBEDEV_IMAGE_CA: "false",
    });
    // Another image is an update in place.
    expect(commandOf("a-program")?.inputs.triggers).toEqual([{ incarnation: 1 }, { parents: [] }]);
    expect(await known(new ProgramImage("My_Tool", { binary: binary("f") }).image)).toMatch(
        /^program\.kubedev\.invalid\/my-tool:/,
    );
});

test.each([
    [() => new NodeImage("x", {}), "got neither; expected one of version"],
    [
        () => new NodeImage("x", { base: "kubedev/node:a", suite: "trixie" }),
        "suite: expected none beside base: such an image is not built\n  binaries: got none",
    ],
    [() => new NodeImage("x", { version: "v1.20.0" }), "expected a version of Kubernetes 1.36"],
    [() => new NodeImage("x", { release: "kindest/node:v1.36.1" }), "expected an image by digest"],
    [() => new KindCluster("x", { image: "a:1", address: "10.0.0.1" }), "127.0.0.0/8"],
    [() => new KindCluster("x", { image: "a:1", clusterName: "A" }), "lower-case letters"],
    [
        () => new KindCluster("x", { image: "a:1", binaries: { "kube-proxy": binary("f") } }),
        'binaries.kube-proxy: got "kube-proxy"; expected one of kubectl, kubeadm, kube-apiserver',
    ],
    [
        () =>
            new ProgramImage("x", {
                binary: binary("f"),
                repository: "a:tag",
                user: -1,
                entrypoint: ["tool"],
            }),
        /repository: got "a:tag"; expected the name of an image without a tag.*\n.*entrypoint\.0: got "tool"; expected an absolute path.*\n.*user: got -1/,
    ],
    [
        () => new KindCluster("x", { image: "a:1", waitSec: -1 }),
        "expected a whole number of seconds",
    ],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
