/** ContainerEngine, NodeImage and KindCluster against mocks: what they declare, and what they make of what they see. */
import * as pulumi from "@pulumi/pulumi";
import { ContainerEngine } from "../../components/kind/container-engine";
import { KindCluster } from "../../components/kind/kind-cluster";
import { KindRole } from "../../components/kind/kind-config";
import { LocalRegistry } from "../../components/kind/local-registry";
import { NodeImage, NodeImageArgs } from "../../components/kind/node-image";
import { ProgramImage, ProgramImageArgs } from "../../components/kind/program-image";
import { Build } from "../../components/source/build";
import { known, MockedRun } from "../support/mocked-run";

let run: MockedRun;
let seen: Record<"engine" | "cluster" | "registry" | "probe" | "tree", string>;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    seen = {
        ...{ engine: "", cluster: "", registry: "", probe: "absent=1\n" },
        tree: fingerprintOf("kubelet", "1"),
    };
    run = new MockedRun({ kubeconfig: "a kubeconfig", kubeconfigPath: "/there" }, (asked) => {
        if (asked["KUBEDEV_KEY"] === "own-engine") return seen.engine;
        if (asked["KUBEDEV_KEY"] === "r-registry") return seen.registry;
        if (asked["KUBEDEV_TREE"] !== undefined) return seen.tree;
        return asked["KUBEDEV_CLUSTER"] === undefined ? seen.probe : seen.cluster;
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const fingerprintOf = (command: string, digit: string) =>
    `fingerprint=cmd/${command} linux/amd64 ${digit.repeat(64)}\n`;
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

test("an image of a version is one resource: its programs are those of a Build, under the same key", async () => {
    await known(new NodeImage("i", { version: "v1.36.1" }).tag);
    expect(run.commands().map(({ name }) => name)).toEqual(["i-image"]);
    const etcd = "go.etcd.io/etcd/server/v3";
    const built = {
        kubelet: ["k8s.io/kubernetes@v1.36.1", "k8s.io/kubernetes/cmd/kubelet"],
        etcd: [`${etcd}@v3.6.8`, etcd],
    };
    const environment = commandOf("i-image")?.inputs.environment ?? {};
    const lines = (environment["KUBEDEV_PROGRAMS"] ?? "").split("\n");
    expect(lines).toHaveLength(14);
    for (const [name, [module = "", target = ""]] of Object.entries(built)) {
        const build = new Build(name, { module, targets: [target], names: { [target]: name } });
        await known(build.paths);
        const theirs = run.commands().find((command) => command.name.startsWith(`${name}-${name}`));
        const key = theirs?.inputs.environment["KUBEDEV_BUILD_KEY"] ?? "none";
        const platform = theirs?.inputs.environment["KUBEDEV_PLATFORM"] ?? "none";
        expect(lines).toContain([name, key, platform, module, target].join(" "));
        for (const flags of ["GO_FLAGS", "LDFLAGS", "TAGS", "CGO", "DEBUG", "GO_VERSION"]) {
            const variable = `KUBEDEV_${flags}`;
            expect(environment[variable]).toBe(theirs?.inputs.environment[variable]);
        }
    }
});

test.each([
    "fact.tag=kubedev/node:old\n",
    "fact.tag=kubedev/node:new\nfact.first=kubedev/node:old\n",
])(
    "another image is an update in place, also of a stack that has the tag among its triggers (%#)",
    async (facts) => {
        const record = `alive=true\nincarnation=1\n${facts}`;
        seen = { ...seen, probe: `absent=1\n[i-image]\n${record}[i-overlay]\n${record}` };
        const binaries = { kubelet: binary("f1") };
        const tag = await known(new NodeImage("i", { version: "v1.36.1", binaries }).tag);
        for (const name of ["i-image", "i-overlay"]) {
            const { triggers, environment } = commandOf(name)?.inputs ?? {};
            expect(triggers).toEqual([
                { tag: "kubedev/node:old", incarnation: 1 },
                { parents: [] },
            ]);
            expect(environment?.["KUBEDEV_IMAGE_FIRST"]).toBe("kubedev/node:old");
        }
        expect(commandOf("i-overlay")?.inputs.environment["KUBEDEV_IMAGE_TAG"]).toBe(tag);
        expect(tag).not.toContain("old");
    },
);

describe("an image from a tree", () => {
    const source = { dir: "/src/kubernetes" };
    const tagOf = (name: string, args: NodeImageArgs = {}) =>
        known(new NodeImage(name, { source, ...args }).tag);

    test("is named after what the tree's commands are made of", async () => {
        const one = await tagOf("a");
        expect(one).toMatch(/^kubedev-source\/node:[0-9a-f]{16}$/);
        expect(await tagOf("b", { kindPath: "/opt/kind" })).toBe(one);
        const others = [
            await tagOf("c", { extraImages: ["a:1"] }),
            // Upon an image that adapts itself to hosts, it does so too.
            await tagOf("d", { baseImage: "kubedev/node:v1.36.1-0123456789abcdef" }),
        ];
        expect(new Set([one, ...others]).size).toBe(3);
        expect(others[1]).toMatch(/^kubedev\/node:/);
        expect(commandOf("a-source")?.inputs.environment).toMatchObject({
            KUBEDEV_TREE: "/src/kubernetes",
            KUBEDEV_KIND: "kind",
            KUBEDEV_IMAGE_TAG: one,
        });
        expect(commandOf("c-source")?.inputs.environment["KUBEDEV_EXTRA_IMAGES"]).toBe("a:1");
    });

    test("is another one after an edit, made in place", async () => {
        const record = "alive=true\nincarnation=1\nfact.tag=kubedev-source/node:before\n";
        seen = { ...seen, probe: `absent=1\n[a-source]\n${record}` };
        const before = await tagOf("a");
        seen = { ...seen, tree: fingerprintOf("kubelet", "2") };
        expect(await tagOf("b")).not.toBe(before);
        expect(commandOf("a-source")?.inputs.triggers).toEqual([
            { tag: "kubedev-source/node:before", incarnation: 1 },
            { parents: [] },
        ]);
    });

    test("stays what it was while its host is away", async () => {
        const shadow = "[a-source]\nincarnation=1\nalive=true\nfact.tag=kubedev-source/node:last\n";
        seen = {
            ...seen,
            tree: "unreachable=no route\n",
            probe: `unreachable=no route\n${shadow}`,
        };
        const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
        expect(await tagOf("a", { source: { ...source, host: { ssh } } })).toBe(
            "kubedev-source/node:last",
        );
    });
});

test("images for every node are laid over one that is not built", async () => {
    const base = "kubedev/node:v1.36.1-0123456789abcdef";
    const tag = await known(new NodeImage("a", { base, extraImages: ["a:1", "b:2"] }).tag);
    expect(tag).toMatch(/^kubedev\/node:[0-9a-f]{16}$/);
    expect(commandOf("a-overlay")?.inputs.environment).toMatchObject({
        KUBEDEV_BINARIES: "",
        KUBEDEV_EXTRA_IMAGES: "a:1\nb:2",
    });
    // One that is built has them already.
    const binaries = { kubelet: binary("f1") };
    await known(new NodeImage("v", { version: "v1.36.1", extraImages: ["a:1"], binaries }).tag);
    expect(commandOf("v-overlay")?.inputs.environment["KUBEDEV_EXTRA_IMAGES"]).toBe("");
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

test("a registry is on loopback alone; one that died is started again in place", async () => {
    seen = {
        ...seen,
        registry: "state=dead\n",
        probe: "absent=1\n[r-registry]\nalive=true\nincarnation=1\nfact.starts=2\n",
    };
    const registry = new LocalRegistry("r", { image: "registry:3", address: "127.9.9.9" });
    expect(await known(registry.address)).toBe("127.9.9.9:5000");
    const { host, container } = await known(registry.registry);
    expect([host, container]).toEqual([
        "127.9.9.9:5000",
        expect.stringMatching(/^stack-r-.*-registry$/),
    ]);
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ incarnation: 1 }, { parents: [] }]);
    expect(inputs.environment).toMatchObject({
        KUBEDEV_REGISTRY: container,
        KUBEDEV_REGISTRY_HOST: "127.9.9.9:5000",
        KUBEDEV_REGISTRY_IMAGE: "registry:3",
        KUBEDEV_STARTS: "3",
    });
});

test("a registry's program is built where no image of it is given", async () => {
    const registry = new LocalRegistry("r", {});
    expect(await known(registry.address)).toMatch(/^127\.\d+\.\d+\.\d+:5000$/);
    await pulumi.runtime.disconnect();
    const image = commandOf("r-registry")?.inputs.environment["KUBEDEV_REGISTRY_IMAGE"];
    expect(image).toMatch(/^program\.kubedev\.invalid\/r-image:[0-9a-f]{16}$/);
    expect(commandOf("r-image-program")?.inputs.environment["KUBEDEV_IMAGE_TAG"]).toBe(image);
});

test("a registry is wired into nodes in place, by a resource of its own", async () => {
    await makeCluster({
        clusterName: "mine",
        registry: { host: "127.9.9.9:5000", container: "there" },
    });
    expect(clusterCommand()?.inputs.triggers).not.toContain("there");
    expect(commandOf("c-registry")?.inputs).toMatchObject({
        triggers: [{ incarnation: 1 }, { parents: ["c-cluster-id"] }],
        environment: {
            KUBEDEV_CLUSTER: "mine",
            KUBEDEV_REGISTRY: "there",
            KUBEDEV_REGISTRY_HOST: "127.9.9.9:5000",
        },
    });
});

test.each([
    [() => new NodeImage("x", {}), "got neither; expected one of version"],
    [
        () => new NodeImage("x", { version: "v1.36.1", kindPath: "/kind" }),
        "kindPath: expected none beside version: it goes with source",
    ],
    [
        () => new NodeImage("x", { source: { dir: "/src" }, host: {}, mirror: "http://a" }),
        "mirror: expected none beside source: it goes with version\n  host: expected none beside source",
    ],
    [
        () => new NodeImage("x", { base: "kubedev/node:a", suite: "trixie" }),
        "suite: expected none beside base: it goes with version\n  binaries: got none, and no extraImages",
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
    [() => new LocalRegistry("x", { address: "0.0.0.0" }), "127.0.0.0/8: whoever reaches"],
    [() => new LocalRegistry("x", { version: "v2.8.0" }), 'expected a version, as "v3.1.2"'],
    [
        () => new KindCluster("x", { image: "a:1", registry: { host: "x", container: "y" } }),
        'registry.host: got "x"; expected "127.1.2.3:5000"',
    ],
    [
        () => new KindCluster("x", { image: "a:1", waitSec: -1 }),
        "expected a whole number of seconds",
    ],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
