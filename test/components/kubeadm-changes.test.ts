/** What changes of a KubeadmControlPlane and a KubeadmNode replace and update, against mocks. */
import * as pulumi from "@pulumi/pulumi";
import { CgroupDriver } from "../../components/cluster/kubelet-config";
import { ProxyMode } from "../../components/cluster/proxy-config";
import { binaries, MockedKubeadm, node, ssh } from "../support/mocked-kubeadm";

const they = new MockedKubeadm();

type Effect = { replaced?: string[]; updated?: string[] };

type Declared = Record<string, { triggers: unknown; environment: unknown }>;
type Kind = "makeControlPlane" | "makeNode";

async function declared(kind: Kind, args: object): Promise<Declared> {
    await they[kind](args);
    const commands = they.run.commands();
    await pulumi.runtime.disconnect();
    they.run.registered.length = 0;
    await they.run.begin();
    return Object.fromEntries(
        commands.map(({ name, inputs }) => [
            name.slice(2),
            { triggers: inputs.triggers, environment: inputs.environment },
        ]),
    );
}

/** As they are without a change. */
const unchanged: Partial<Record<Kind, Declared>> = {};

/** Whose triggers change is replaced, whose environment alone changes is updated. */
async function effectOf(kind: Kind, args: object): Promise<Effect> {
    const before = (unchanged[kind] ??= await declared(kind, {}));
    const after = await declared(kind, args);
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

const onHost = ["containerd", "host", "images", "kube-proxy", "kubelet", "pod-routes"];
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
        [
            "nodeName",
            { nodeName: "m" },
            { replaced: ["init", "kube-proxy", "ready"], updated: ["pod-routes"] },
        ],
        ["nodeLabels", { nodeLabels: { a: "b" } }, { updated: ["ready"] }],
        ["serviceCidr", { serviceCidr: "10.101.0.0/24" }, { replaced: ["init"] }],
        [
            "podCidr",
            { podCidr: "172.20.0.0/16" },
            { replaced: ["init", "kube-proxy", "pod-routes"] },
        ],
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
            {
                replaced: ["init", "keys", "kubelet", "pod-routes", "tunnel"],
                updated: ["host", "images"],
            },
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
        expect(await effectOf("makeControlPlane", args)).toEqual({
            replaced,
            updated,
        });
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
            { replaced: ["kubelet"], updated: ["host", "join", "member"] },
        ],
        [
            "nodeName",
            { nodeName: "m" },
            {
                replaced: ["join", "kube-proxy", "member", "ready"],
                updated: ["pod-routes"],
            },
        ],
        ["nodeLabels", { nodeLabels: { a: "b" } }, { updated: ["ready"] }],
        [
            "readyTimeoutSec",
            { readyTimeoutSec: 90 },
            { updated: ["containerd", "join", "kube-proxy", "kubelet", "pod-routes", "ready"] },
        ],
        ["another control plane", { clusterInstanceId: "other" }, { replaced: ["kubelet"] }],
        ["other keys", { cluster: { ...node.cluster, keysId: "other" } }, { replaced: ["member"] }],
        [
            "the control plane has another address",
            { cluster: { ...node.cluster, endpoint: "198.18.0.9:6443" } },
            { replaced: ["join", "pod-routes"] },
        ],
        [
            "the machine was made anew",
            { host: { ssh, parentId: "other-id" } },
            { replaced: [...onHost, "join"].sort() },
        ],
    ])("%s", async (_what, args, { replaced = [], updated = [] }) => {
        expect(await effectOf("makeNode", args)).toEqual({
            replaced,
            updated,
        });
    });
});
