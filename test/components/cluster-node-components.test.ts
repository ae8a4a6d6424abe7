/** ClusterNode against mocks: what is declared where, what restarts what, and what stays secret. */
import * as pulumi from "@pulumi/pulumi";
import { ClusterNode } from "../../components/cluster/cluster-node";
import { CgroupDriver } from "../../components/cluster/kubelet-config";
import { ProxyMode } from "../../components/cluster/proxy-config";
import { known, MockedRun } from "../support/mocked-run";

const controlPlane = {
    ...{
        host: {},
        clusterName: "c",
        kubernetesVersion: "v1.36.1",
        address: "127.7.7.7",
        port: 6443,
    },
    ...{ serviceCidr: "10.100.0.0/24", podCidr: "172.19.0.0/16", stateDir: "../c-state" },
    ...{ kubeadmPath: "/b/kubeadm", kubectlPath: "/b/kubectl", instanceId: "c-id" },
};
const ssh = {
    address: "127.9.9.9",
    port: 2222,
    privateKeyPath: "/key",
    hostKey: "ssh-ed25519 AAAA",
};
const binaries = { kubelet: "/b/kubelet", kubeProxy: "/b/kube-proxy" };

let run: MockedRun;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    run = new MockedRun(
        {
            ...{
                kubelet: "kubelet's",
                kubeProxy: "kube-proxy's",
                ca: "authority",
                log: "/there/log",
            },
            ...{ kubeletVersion: "v1.36.1", internalIp: "10.0.2.15", podCidr: "172.19.0.0/24" },
        },
        (asked) => ("KUBEDEV_TOOLS" in asked ? "tool=present\n".repeat(3) : "absent=1\n"),
    );
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

async function makeNode(args: object = {}): Promise<ClusterNode> {
    const host = { ssh, parentId: "vm-id" };
    const node = new ClusterNode("n", { controlPlane, host, binaries, ...args }, run.watched);
    await known(node.logPaths);
    await known(node.nodeName);
    return node;
}
/** Triggers and environments by child. */
async function declared(args: object) {
    await makeNode(args);
    return Object.fromEntries(
        run
            .commands()
            .map(({ name, inputs: { triggers, environment } }) => [
                name.slice(2),
                { triggers, environment },
            ]),
    );
}
const environmentOf = (name: string) =>
    run.commands().find((one) => one.name === name)?.inputs.environment ?? {};

test("what is beside the control plane, and what is on the node's host", async () => {
    const node = await makeNode({ nodeLabels: { tier: "front", a: "b" } });
    const remote = (name: string) => environmentOf(name)["KUBEDEV_SSH"] !== "";
    expect(
        run
            .commands()
            .map(({ name }) => [name, remote(name)])
            .sort(),
    ).toEqual([
        ["n-containerd", true],
        ["n-credentials", false],
        ["n-kube-proxy", true],
        ["n-kubelet", true],
        ["n-node", true],
        ["n-ready", false],
        ["n-tunnel", false],
    ]);
    expect(environmentOf("n-ready")).toMatchObject({
        KUBEDEV_LABELS: "a=b\ntier=front",
        KUBEDEV_KUBELET_VERSION: "v1.36.1",
        KUBEDEV_STATE: "../c-state",
    });
    expect(environmentOf("n-tunnel")).toMatchObject({ KUBEDEV_RUNNING: "true" });
    expect(environmentOf("n-tunnel")["KUBEDEV_RUN"]).toContain("-R 127.0.0.1:6443:127.7.7.7:6443");
    expect(environmentOf("n-kubelet")["KUBEDEV_PRE_START"]).toContain("10.100.0.10");
    expect(environmentOf("n-credentials")["KUBEDEV_KUBEADM_CONFIG"]).toContain("127.0.0.1:6443");
    expect(await known(node.nodeName)).toBe("n");
    expect(await known(node.kubeletVersion)).toBe("v1.36.1");
    expect(await known(node.logPaths)).toMatchObject({ kubelet: "/there/log" });
});

test("kubeconfigs are secrets, and no triggers", async () => {
    await makeNode();
    expect(run.optionsOf("n-credentials").additionalSecretOutputs).toEqual(["stdout"]);
    const text = JSON.stringify(run.commands().map(({ inputs }) => inputs.triggers));
    expect(text).not.toMatch(/kubelet's|kube-proxy's|authority/);
});

test("beside its control plane it takes no tunnel, and asks the server itself", async () => {
    await makeNode({ host: {} });
    expect(environmentOf("n-tunnel")).toMatchObject({ KUBEDEV_RUNNING: "false" });
    expect(environmentOf("n-credentials")["KUBEDEV_KUBEADM_CONFIG"]).toContain("127.7.7.7:6443");
});

const inNetwork = {
    controlPlane: {
        ...controlPlane,
        address: "198.18.0.2",
        host: { ssh: { ...ssh, address: "127.8.8.8" } },
    },
    address: "198.18.0.3",
};

test("in the network of its control plane it takes no tunnel, answers there, and leads to the pods of others", async () => {
    await makeNode(inNetwork);
    expect(environmentOf("n-tunnel")).toMatchObject({ KUBEDEV_RUNNING: "false" });
    expect(environmentOf("n-credentials")["KUBEDEV_KUBEADM_CONFIG"]).toContain("198.18.0.2:6443");
    expect(environmentOf("n-kubelet")["KUBEDEV_RUN"]).toContain("--node-ip=198.18.0.3");
    expect(environmentOf("n-kubelet")["KUBEDEV_PRE_START"]).toContain("address: 198.18.0.3\n");
    // All of it is secret.
    const { value } = environmentOf("n-node") as { value?: unknown };
    expect(value).toMatchObject({
        ...{ KUBEDEV_ADDRESS: "198.18.0.3", KUBEDEV_SERVER: "198.18.0.2:6443" },
        KUBEDEV_SCRIPT_CREATE: expect.stringContaining("this host has no address") as string,
    });
    expect(environmentOf("n-ready")["KUBEDEV_SCRIPT_CREATE"]).toContain("system:kubelet-api-admin");
    expect(environmentOf("n-pod-routes")["KUBEDEV_RUN"]).toMatch(
        /SERVER='?https:\/\/198.18.0.2:6443/,
    );
    expect(environmentOf("n-pod-routes")["KUBEDEV_SSH"]).not.toBe("");
});

test("what only such a node has is nowhere in another one", async () => {
    await makeNode();
    expect(JSON.stringify(run.commands().map(({ inputs }) => inputs))).not.toMatch(
        /node-ip|n-pod-routes|"KUBEDEV_ADDRESS":|kubelet-api-admin/,
    );
});

test.each<[string, object, string[]]>([
    ["another address", { address: "198.18.0.4" }, ["kubelet"]],
    [
        "podCidr",
        { controlPlane: { ...inNetwork.controlPlane, podCidr: "172.20.0.0/16" } },
        ["kube-proxy", "pod-routes"],
    ],
    [
        "another address of the cluster",
        { controlPlane: { ...inNetwork.controlPlane, address: "198.18.0.9" } },
        ["credentials", "pod-routes", "tunnel"],
    ],
])("in a network, %s: what is replaced", async (_what, args, expected) => {
    const before = await declared(inNetwork);
    await pulumi.runtime.disconnect();
    run.registered.length = 0;
    await run.begin();
    const after = await declared({ ...inNetwork, ...args });
    const names = Object.keys(before).sort();
    expect(
        names.filter(
            (name) =>
                JSON.stringify(before[name]?.triggers) !== JSON.stringify(after[name]?.triggers),
        ),
    ).toEqual(expected);
});

test("an address begins or ends: the kubelet is restarted, and its routes come or go", async () => {
    const before = await declared({});
    await pulumi.runtime.disconnect();
    run.registered.length = 0;
    await run.begin();
    const after = await declared({ address: "198.18.0.3" });
    expect(Object.keys(after).filter((name) => !(name in before))).toEqual(["pod-routes"]);
    const changed = Object.keys(before).filter(
        (name) => JSON.stringify(before[name]?.triggers) !== JSON.stringify(after[name]?.triggers),
    );
    expect(changed).toEqual(["kubelet"]);
});

const otherCluster = (change: object) => ({ controlPlane: { ...controlPlane, ...change } });
const services = ["containerd", "kube-proxy", "kubelet"];

// The diff table of its page: whose triggers change is replaced, whose environment alone changes is updated.
test.each<[string, object, { replaced?: string[]; updated?: string[] }]>([
    [
        "another kubelet",
        { binaries: { ...binaries, kubelet: "/c/kubelet" } },
        { replaced: ["kubelet"], updated: ["node"] },
    ],
    [
        "another kube-proxy",
        { binaries: { ...binaries, kubeProxy: "/c/kube-proxy" } },
        { replaced: ["kube-proxy"], updated: ["node"] },
    ],
    ["verbosity of the kubelet", { verbosity: { kubelet: 4 } }, { replaced: ["kubelet"] }],
    ["verbosity of kube-proxy", { verbosity: { kubeProxy: 4 } }, { replaced: ["kube-proxy"] }],
    ["kubeletConfig", { kubeletConfig: "maxPods: 9" }, { replaced: ["kubelet"] }],
    ["allowCgroupV1", { allowCgroupV1: true }, { replaced: ["kubelet"], updated: ["node"] }],
    ["featureGates", { featureGates: { A: true } }, { replaced: ["kube-proxy", "kubelet"] }],
    [
        "proxyMode",
        { proxyMode: ProxyMode.Iptables },
        { replaced: ["kube-proxy"], updated: ["node"] },
    ],
    [
        "cgroupDriver",
        { cgroupDriver: CgroupDriver.Cgroupfs },
        { replaced: ["containerd", "kubelet"], updated: ["node"] },
    ],
    ["pauseImage", { pauseImage: "mirror/pause" }, { replaced: ["containerd"] }],
    [
        "containerdEnvironment",
        { containerdEnvironment: { HTTPS_PROXY: "http://192.0.2.1:3128" } },
        { replaced: ["containerd"] },
    ],
    ["nodeLabels", { nodeLabels: { a: "b" } }, { updated: ["ready"] }],
    ["readyTimeoutSec", { readyTimeoutSec: 100 }, { updated: [...services, "ready"] }],
    ["podCidr", otherCluster({ podCidr: "172.20.0.0/16" }), { replaced: ["kube-proxy"] }],
    [
        "version",
        otherCluster({ kubernetesVersion: "v1.36.2" }),
        { updated: ["credentials", "node"] },
    ],
    // What stands on them follows by their ids, which mocks leave as they are.
    ["another cluster", otherCluster({ instanceId: "other" }), { replaced: ["credentials"] }],
    [
        "nodeName",
        { nodeName: "m" },
        { replaced: ["credentials", "kube-proxy", "kubelet", "node", "ready"] },
    ],
    [
        "the machine was made anew",
        { host: { ssh, parentId: "other-id" } },
        { replaced: [...services, "node", "tunnel"] },
    ],
])("%s", async (_what, args, { replaced = [], updated = [] }) => {
    const before = await declared({});
    await pulumi.runtime.disconnect();
    run.registered.length = 0;
    await run.begin();
    const after = await declared(args);
    const names = Object.keys(before).sort();
    const differs = (part: "triggers" | "environment") =>
        names.filter(
            (name) => JSON.stringify(before[name]?.[part]) !== JSON.stringify(after[name]?.[part]),
        );
    expect(differs("triggers")).toEqual(replaced);
    expect(differs("environment").filter((name) => !replaced.includes(name))).toEqual(updated);
});
