/** KindCluster against mocks: what it declares, and what it makes of what it sees. */
import * as pulumi from "@pulumi/pulumi";
import { KindCluster } from "../../components/kind/kind-cluster";
import { KindRole } from "../../components/kind/kind-config";
import { binary, MockedKind } from "../support/mocked-kind";
import { known } from "../support/mocked-run";

const mocked = new MockedKind();

const clusterCommand = () => mocked.commandOf("c-cluster");
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
    const cluster = await mocked.makeCluster({
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
    expect(mocked.run.optionsOf("c-cluster").additionalSecretOutputs).toEqual(["stdout"]);
    expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
});

test.each([
    ["running", recorded(2), { generation: 1, starts: "2" }],
    ["stopped", recorded(2), { generation: 1, starts: "3" }],
    ["unknown", recorded(2), { generation: 1, starts: "3" }],
    ["gone", recorded(2), { generation: 2, starts: "2" }],
])("nodes that are %s", async (state, probe, expected) => {
    mocked.seen = { ...mocked.seen, probe, cluster: `state=${state}\n` };
    await mocked.makeCluster();
    expect(counts()).toEqual(expected);
});

test("without a pod network nobody waits for nodes to be Ready", async () => {
    await mocked.makeCluster({ networking: { disableDefaultCNI: true } });
    expect(clusterCommand()?.inputs.environment["KUBEDEV_WAIT_SEC"]).toBe("0");
});

test("on a remote host the path of the kubeconfig is what its script says, and no secret", async () => {
    const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
    const cluster = await mocked.makeCluster({ host: { ssh } });
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

test("programs for nodes: one resource a node, with what its role runs; another one is no trigger", async () => {
    await mocked.makeCluster({
        clusterName: "mine",
        nodes: [{}, { role: KindRole.Worker }],
        binaries: { kubelet: binary("f1"), "kube-scheduler": binary("f2", "/bin/scheduler") },
    });
    expect(mocked.commandOf("c-control-plane-binaries")?.inputs.environment).toMatchObject({
        KUBEDEV_NODE: "mine-control-plane",
        KUBEDEV_BINARIES: "kube-scheduler f2 /bin/scheduler\nkubelet f1 /bin/it",
    });
    const worker = mocked.commandOf("c-worker-binaries")?.inputs;
    expect(worker?.environment["KUBEDEV_BINARIES"]).toBe("kubelet f1 /bin/it");
    expect(worker?.triggers).toEqual([
        { node: "mine-worker", incarnation: 1 },
        { parents: ["c-cluster-id"] },
    ]);
    expect(clusterCommand()?.inputs.environment["KUBEDEV_BINARIES"]).toBeUndefined();
});

test("programs of control planes alone: nothing happens to workers", async () => {
    await mocked.makeCluster({
        nodes: [{}, { role: KindRole.Worker }],
        binaries: { "kube-apiserver": binary("f") },
    });
    expect(mocked.run.commands().map(({ name }) => name)).toEqual([
        "c-cluster",
        "c-control-plane-binaries",
    ]);
});

test("a registry is wired into nodes in place, by a resource of its own", async () => {
    await mocked.makeCluster({
        clusterName: "mine",
        registry: { host: "127.9.9.9:5000", container: "there" },
    });
    expect(clusterCommand()?.inputs.triggers).not.toContain("there");
    expect(mocked.commandOf("c-registry")?.inputs).toMatchObject({
        triggers: [{ incarnation: 1 }, { parents: ["c-cluster-id"] }],
        environment: {
            KUBEDEV_CLUSTER: "mine",
            KUBEDEV_REGISTRY: "there",
            KUBEDEV_REGISTRY_HOST: "127.9.9.9:5000",
        },
    });
});

test("its nodes are hosts, which are made anew with it", async () => {
    const cluster = await mocked.makeCluster({
        ...{ clusterName: "mine", engine: { own: true } },
        nodes: [{}, { role: KindRole.Worker }],
    });
    const hosts = await known(cluster.nodeHosts);
    expect(Object.keys(hosts)).toEqual(["control-plane", "worker"]);
    expect(hosts["worker"]).toMatchObject({
        container: { name: "mine-worker", ownEngine: true },
        parentId: "c-cluster-id",
        parentUrn: expect.stringMatching(/::c-cluster$/) as string,
    });
    expect(hosts["worker"]?.ssh).toBeUndefined();
});

test("profiles of kubelets come through the API server", async () => {
    const kubectlPath = "/b/kubectl";
    const cluster = await mocked.makeCluster({ clusterName: "mine", kubectlPath });
    expect((await known(cluster.profileCommands))["control-plane"]).toMatchObject({
        heap: "/b/kubectl --kubeconfig /state/kubedev/project/stack/c-cluster/kubeconfig get --raw /api/v1/nodes/mine-control-plane/proxy/debug/pprof/heap > kubelet-mine-control-plane-heap.pprof",
        trace: expect.stringContaining(
            "'/api/v1/nodes/mine-control-plane/proxy/debug/pprof/trace?seconds=5'",
        ) as string,
    });
});

test.each([
    [() => new KindCluster("x", { image: "a:1", address: "10.0.0.1" }), "127.0.0.0/8"],
    [() => new KindCluster("x", { image: "a:1", clusterName: "A" }), "lower-case letters"],
    [
        () => new KindCluster("x", { image: "a:1", binaries: { "kube-proxy": binary("f") } }),
        'binaries.kube-proxy: got "kube-proxy"; expected one of kubectl, kubeadm, kube-apiserver',
    ],
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
