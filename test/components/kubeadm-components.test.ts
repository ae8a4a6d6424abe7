/** KubeadmControlPlane and KubeadmNode against mocks: what is declared where, what restarts what, and what stays secret. */
import * as pulumi from "@pulumi/pulumi";
import { KubeadmControlPlane } from "../../components/cluster/kubeadm-control-plane";
import { KubeadmNode } from "../../components/cluster/kubeadm-node";
import { CgroupDriver } from "../../components/cluster/kubelet-config";
import { ProxyMode } from "../../components/cluster/proxy-config";
import { known, MockedRun } from "../support/mocked-run";

const ssh = {
    address: "127.9.9.9",
    port: 2222,
    privateKeyPath: "/key",
    hostKey: "ssh-ed25519 AAAA",
};
const binaries = { kubeadm: "/h/kubeadm", kubelet: "/h/kubelet", kubeProxy: "/h/kube-proxy" };
const controlPlane = {
    host: { ssh, parentId: "vm-id" },
    ...{ address: "198.18.0.7", kubernetesVersion: "v1.36.1", tunnelAddress: "127.7.7.7" },
    localBinaries: { kubeadm: "/b/kubeadm", kubectl: "/b/kubectl" },
    ...{ binaries, images: { etcd: "/h/etcd", pause: "/h/pause" } },
};
const node = {
    host: { ssh, parentId: "vm-id" },
    ...{ address: "198.18.0.8", clusterInstanceId: "cluster-id", binaries },
    cluster: {
        ...{ clusterName: "c", kubernetesVersion: "v1.36.1", endpoint: "198.18.0.7:6443" },
        ...{ podCidr: "172.19.0.0/16", stateDir: "../c-keys", kubectlPath: "/b/kubectl" },
        keysId: "keys-id",
    },
};

let run: MockedRun;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    run = new MockedRun(
        {
            ...{ token: "abcdef.0123456789abcdef", kubeconfig: "admin's", pki: "cGtp" },
            ...{ kubeProxy: "kube-proxy's", ca: "an authority", log: "/there/log" },
            ...{ kubeletVersion: "v1.36.1", internalIp: "198.18.0.8", podCidr: "172.19.1.0/24" },
        },
        (asked) => ("KUBEDEV_TOOLS" in asked ? "tool=present\n".repeat(4) : "absent=1\n"),
    );
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

async function makeControlPlane(args: object = {}): Promise<KubeadmControlPlane> {
    const made = new KubeadmControlPlane("c", { ...controlPlane, ...args }, run.watched);
    await known(made.logPaths);
    await known(made.nodeName);
    return made;
}
async function makeNode(args: object = {}): Promise<KubeadmNode> {
    const made = new KubeadmNode("n", { ...node, ...args }, run.watched);
    await known(made.logPaths);
    await known(made.nodeName);
    return made;
}
/** Also of one that has a secret in it, which mocks get in a wrapper. */
const environmentOf = (name: string): Record<string, string> => {
    const given = run.commands().find((one) => one.name === name)?.inputs.environment ?? {};
    return (given as { value?: unknown }).value === undefined
        ? given
        : (given as unknown as { value: Record<string, string> }).value;
};
const places = () =>
    run
        .commands()
        .map(({ name }) => [name, environmentOf(name)["KUBEDEV_SSH"] !== ""])
        .sort();

test("of a control plane, keys, tunnel and the wait are on this machine, all else on its host", async () => {
    const made = await makeControlPlane();
    expect(places()).toEqual([
        ["c-containerd", true],
        ["c-host", true],
        ["c-images", true],
        ["c-init", true],
        ["c-keys", false],
        ["c-kube-proxy", true],
        ["c-kubelet", true],
        ["c-ready", false],
        ["c-tunnel", false],
    ]);
    expect(environmentOf("c-init")).toMatchObject({
        KUBEDEV_SKIP_PHASES: "addon/coredns,addon/kube-proxy",
        KUBEDEV_PKI: "cGtp",
    });
    expect(environmentOf("c-init")["KUBEDEV_KUBEADM_CONFIG"]).toContain(
        "token: abcdef.0123456789abcdef",
    );
    expect(environmentOf("c-keys")["KUBEDEV_ADMIN_CONFIG"]).toContain("127.7.7.7:6443");
    expect(environmentOf("c-keys")["KUBEDEV_NODES_CONFIG"]).toContain("198.18.0.7:6443");
    expect(environmentOf("c-images")["KUBEDEV_PROGRAM_IMAGES"]).toBe(
        "etcd /h/etcd\nregistry.k8s.io/pause:3.10.2 /h/pause",
    );
    expect(environmentOf("c-tunnel")["KUBEDEV_RUN"]).toContain("-L 127.7.7.7:6443:198.18.0.7:6443");
    expect(environmentOf("c-ready")).toMatchObject({
        ...{ KUBEDEV_STATE: "../c-keys", KUBEDEV_KUBECTL: "/b/kubectl" },
        ...{ KUBEDEV_NODE_NAME: "c", KUBEDEV_KUBELET_VERSION: "v1.36.1" },
    });
    expect(await known(made.endpoint)).toBe("https://127.7.7.7:6443");
    expect(await known(made.nodeEndpoint)).toBe("198.18.0.7:6443");
    expect(await known(made.kubeconfig)).toBe("admin's");
    expect(await known(made.logPaths)).toEqual({
        ...{ containerd: "/there/log", kubeProxy: "/there/log" },
    });
});

test("what a node joins by is there without the control plane", async () => {
    const made = await makeControlPlane();
    expect(await known(made.joining)).toMatchObject({
        ...{ clusterName: "c", endpoint: "198.18.0.7:6443", stateDir: "../c-keys" },
        ...{ keysId: "c-keys-id", kubectlPath: "/b/kubectl" },
    });
    expect(await known(made.instanceId)).toBe("c-init-id");
    expect(run.optionsOf("c-keys").dependsOn).toBeUndefined();
});

test("a control plane on this machine takes no tunnel", async () => {
    const made = await makeControlPlane({ host: {} });
    expect(environmentOf("c-tunnel")).toMatchObject({ KUBEDEV_RUNNING: "false" });
    expect(await known(made.endpoint)).toBe("https://198.18.0.7:6443");
});

test("without kube-proxy there is none of it as a service", async () => {
    await makeControlPlane({ binaries: { kubeadm: "/h/kubeadm", kubelet: "/h/kubelet" } });
    expect(places().map(([name]) => name)).not.toContain("c-kube-proxy");
});

test("of a node, its place in the cluster and the wait are on this machine, all else on its host", async () => {
    const made = await makeNode({ nodeLabels: { tier: "front" } });
    expect(places()).toEqual([
        ["n-containerd", true],
        ["n-host", true],
        ["n-images", true],
        ["n-join", true],
        ["n-kube-proxy", true],
        ["n-kubelet", true],
        ["n-member", false],
        ["n-ready", false],
    ]);
    expect(environmentOf("n-join")["KUBEDEV_DISCOVERY"]).toContain(
        "token: abcdef.0123456789abcdef",
    );
    expect(environmentOf("n-join")["KUBEDEV_KUBEADM_CONFIG"]).not.toContain("abcdef");
    expect(environmentOf("n-ready")).toMatchObject({ KUBEDEV_LABELS: "tier=front" });
    expect(environmentOf("n-kubelet")["KUBEDEV_KUBELET_UNIT"]).toContain("--node-ip=198.18.0.8");
    expect(await known(made.internalIp)).toBe("198.18.0.8");
});

test("token, keys and kubeconfigs are secrets, and no triggers", async () => {
    await makeControlPlane();
    await makeNode();
    expect(run.optionsOf("c-keys").additionalSecretOutputs).toEqual(["stdout"]);
    expect(run.optionsOf("n-member").additionalSecretOutputs).toEqual(["stdout"]);
    const text = JSON.stringify(run.commands().map(({ inputs }) => inputs.triggers));
    expect(text).not.toMatch(/abcdef\.|admin's|kube-proxy's|cGtp|CERTIFICATE/);
});

type Effect = { replaced?: string[]; updated?: string[] };

/** Whose triggers change is replaced, whose environment alone changes is updated. */
async function effectOf(make: (args: object) => Promise<unknown>, args: object): Promise<Effect> {
    const declared = async (changed: object) => {
        await make(changed);
        return Object.fromEntries(
            run
                .commands()
                .map(({ name, inputs }) => [
                    name.slice(2),
                    { triggers: inputs.triggers, environment: inputs.environment },
                ]),
        );
    };
    const before = await declared({});
    await pulumi.runtime.disconnect();
    run.registered.length = 0;
    await run.begin();
    const after = await declared(args);
    const differs = (part: "triggers" | "environment") =>
        Object.keys(before)
            .sort()
            .filter(
                (name) =>
                    JSON.stringify(before[name]?.[part]) !== JSON.stringify(after[name]?.[part]),
            );
    const replaced = differs("triggers");
    return {
        replaced,
        updated: differs("environment").filter((name) => !replaced.includes(name)),
    };
}

const onHost = ["containerd", "host", "images", "kube-proxy", "kubelet"];
const withBinary = (change: object) => ({ binaries: { ...binaries, ...change } });

// The diff table of its page. What stands on them follows by their ids, which mocks leave as they are.
describe("of a control plane", () => {
    test.each<[string, object, Effect]>([
        [
            "another kubelet",
            withBinary({ kubelet: "/i/kubelet" }),
            { replaced: ["kubelet"], updated: ["host", "init"] },
        ],
        [
            "another kubeadm",
            withBinary({ kubeadm: "/i/kubeadm" }),
            { updated: ["host", "images", "init", "kubelet"] },
        ],
        [
            "another kube-proxy",
            withBinary({ kubeProxy: "/i/kube-proxy" }),
            { replaced: ["kube-proxy"], updated: ["host"] },
        ],
        [
            "another etcd",
            { images: { etcd: "/i/etcd", pause: "/h/pause" } },
            { updated: ["images"] },
        ],
        ["imageArchives", { imageArchives: ["/h/x.tar"] }, { updated: ["images"] }],
        ["pauseImage", { pauseImage: "m/p:1" }, { replaced: ["containerd"], updated: ["images"] }],
        [
            "imageRepository",
            { imageRepository: "m/k" },
            { replaced: ["init"], updated: ["images"] },
        ],
        ["addons", { addons: ["coredns"] }, { replaced: ["init"] }],
        ["runsPods", { runsPods: true }, { replaced: ["init"] }],
        ["nodeName", { nodeName: "m" }, { replaced: ["init", "kube-proxy", "ready"] }],
        ["nodeLabels", { nodeLabels: { a: "b" } }, { updated: ["ready"] }],
        ["serviceCidr", { serviceCidr: "10.101.0.0/24" }, { replaced: ["init"] }],
        ["podCidr", { podCidr: "172.20.0.0/16" }, { replaced: ["init", "kube-proxy"] }],
        ["proxyMode", { proxyMode: ProxyMode.Iptables }, { replaced: ["kube-proxy"] }],
        [
            "cgroupDriver",
            { cgroupDriver: CgroupDriver.Cgroupfs },
            { replaced: ["containerd", "kubelet"], updated: ["host", "init"] },
        ],
        [
            "allowCgroupV1",
            { allowCgroupV1: true },
            { replaced: ["kubelet"], updated: ["host", "init"] },
        ],
        [
            "featureGates",
            { featureGates: { A: true } },
            { replaced: ["kube-proxy", "kubelet"], updated: ["init"] },
        ],
        ["verbosity of the API server", { verbosity: { kubeApiserver: 4 } }, { updated: ["init"] }],
        [
            "verbosity of the kubelet",
            { verbosity: { kubelet: 4 } },
            { replaced: ["kubelet"], updated: ["init"] },
        ],
        ["extraArgs", { extraArgs: { etcd: { "snapshot-count": "9" } } }, { updated: ["init"] }],
        ["ignorePreflightErrors", { ignorePreflightErrors: ["Mem"] }, { updated: ["init"] }],
        [
            "kubernetesVersion",
            { kubernetesVersion: "v1.36.2" },
            { replaced: ["init"], updated: ["host", "images", "keys"] },
        ],
        [
            "address",
            { address: "198.18.0.9" },
            { replaced: ["init", "keys", "kubelet", "tunnel"], updated: ["host", "images"] },
        ],
        [
            "tunnelAddress",
            { tunnelAddress: "127.7.7.8" },
            { replaced: ["keys", "tunnel"], updated: ["init"] },
        ],
        [
            "localBinaries",
            { localBinaries: { kubeadm: "/c/kubeadm", kubectl: "/c/kubectl" } },
            { updated: ["keys", "ready"] },
        ],
        [
            "the machine was made anew",
            { host: { ssh, parentId: "other-id" } },
            { replaced: [...onHost, "init"].sort() },
        ],
    ])("%s", async (_what, args, { replaced = [], updated = [] }) => {
        expect(await effectOf(makeControlPlane, args)).toEqual({ replaced, updated });
    });
});

describe("of a node", () => {
    test.each<[string, object, Effect]>([
        [
            "another kubelet",
            withBinary({ kubelet: "/i/kubelet" }),
            { replaced: ["kubelet"], updated: ["host", "join"] },
        ],
        ["pause", { images: { pause: "/i/pause" } }, { updated: ["images"] }],
        [
            "address",
            { address: "198.18.0.9" },
            { replaced: ["kubelet"], updated: ["host", "join"] },
        ],
        ["nodeName", { nodeName: "m" }, { replaced: ["join", "kube-proxy", "member", "ready"] }],
        ["nodeLabels", { nodeLabels: { a: "b" } }, { updated: ["ready"] }],
        [
            "readyTimeoutSec",
            { readyTimeoutSec: 90 },
            { updated: ["containerd", "join", "kube-proxy", "kubelet", "ready"] },
        ],
        ["another control plane", { clusterInstanceId: "other" }, { replaced: ["kubelet"] }],
        ["other keys", { cluster: { ...node.cluster, keysId: "other" } }, { replaced: ["member"] }],
        [
            "the control plane has another address",
            { cluster: { ...node.cluster, endpoint: "198.18.0.9:6443" } },
            { replaced: ["join"] },
        ],
        [
            "the machine was made anew",
            { host: { ssh, parentId: "other-id" } },
            { replaced: [...onHost, "join"].sort() },
        ],
    ])("%s", async (_what, args, { replaced = [], updated = [] }) => {
        expect(await effectOf(makeNode, args)).toEqual({ replaced, updated });
    });
});
