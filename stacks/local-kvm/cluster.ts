/** The cluster of the environment: its control plane on this computer or in a machine, its nodes on machines. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Cluster, ClusterNode } from "../../components/cluster";
import { HostArtifact } from "../../components/host";
import { VirtualMachine } from "../../components/qemu";
import { Build, SourceTree } from "../../components/source";
import { settings } from "./config";

type ClusterSettings = NonNullable<z.output<(typeof settings)["cluster"]>>;

/** What the guests' image has beside the packages that are wanted: a node's programs, and room for them. */
export const nodeImage = (packages: readonly string[]) => ({
    packages: [
        ...new Set([
            ...packages,
            ...["containerd", "containernetworking-plugins"],
            ...["nftables", "iptables", "conntrack"],
        ]),
    ],
    rootSizeMib: 3072,
});

const platform = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;
const commands = [
    ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    ...["kubeadm", "kubectl", "kubelet", "kube-proxy"],
];

/** Declares it; answers its outputs. */
export function declareCluster(
    wanted: ClusterSettings,
    machines: ReadonlyMap<string, VirtualMachine>,
    tree: SourceTree | undefined,
    proxyVariables: pulumi.Output<Record<string, string>> | undefined,
) {
    const { kubernetesVersion, etcdVersion, nodes = [...machines.keys()] } = wanted;
    const named = (setting: string, name: string): VirtualMachine => {
        const machine = machines.get(name);
        if (machine === undefined) {
            throw new pulumi.RunError(
                `local-kvm:cluster.${setting}: got "${name}"; expected names of local-kvm:machines: ${[...machines.keys()].join(", ")}`,
            );
        }
        return machine;
    };
    if (wanted.fromSource && tree === undefined) {
        throw new pulumi.RunError(
            "local-kvm:cluster.fromSource: got true without a source tree; expected local-kvm:source. Set it: pulumi config set --path 'local-kvm:source.dir' VALUE",
        );
    }
    const from = (prefix: string) => commands.map((command) => `${prefix}cmd/${command}`);
    const kubernetes = new Build(
        "kubernetes",
        wanted.fromSource && tree !== undefined
            ? { source: tree.files, targets: from(""), platforms: [platform] }
            : {
                  module: `k8s.io/kubernetes@${kubernetesVersion}`,
                  targets: from("k8s.io/kubernetes/"),
                  platforms: [platform],
              },
    );
    const etcd = new Build("etcd", {
        module: `go.etcd.io/etcd/server/v3@${etcdVersion}`,
        targets: ["go.etcd.io/etcd/server/v3"],
        names: { "go.etcd.io/etcd/server/v3": "etcd" },
        platforms: [platform],
    });
    const sent = (name: string, machine: VirtualMachine, program: string) => {
        const { path, sha256 } = binaryOf(program === "etcd" ? etcd : kubernetes, program);
        // With its digest, which is unknown until it is built: else a preview would look for the file.
        return new HostArtifact(`${name}-${program}`, {
            host: machine.host,
            sourcePath: path,
            sha256,
        }).path;
    };
    const { controlPlane } = wanted;
    const place = controlPlane === undefined ? undefined : named("controlPlane", controlPlane);
    const program = (name: string) =>
        controlPlane === undefined || place === undefined
            ? binaryOf(name === "etcd" ? etcd : kubernetes, name).path
            : sent(controlPlane, place, name);
    const cluster = new Cluster("cluster", {
        kubernetesVersion,
        binaries: {
            etcd: program("etcd"),
            kubeApiserver: program("kube-apiserver"),
            kubeControllerManager: program("kube-controller-manager"),
            kubeScheduler: program("kube-scheduler"),
            kubeadm: program("kubeadm"),
            kubectl: program("kubectl"),
        },
        ...(place === undefined
            ? {}
            : {
                  host: place.host,
                  address: inNetwork(place),
                  localKubectlPath: binaryOf(kubernetes, "kubectl").path,
                  // A guest without acceleration is slow.
                  readyTimeoutSec: 600,
              }),
    });
    const versions = nodes.map((name): [string, pulumi.Output<string>] => {
        const machine = named("nodes", name);
        const node = new ClusterNode(`${name}-node`, {
            controlPlane: cluster.controlPlane,
            host: machine.host,
            nodeName: name,
            binaries: {
                kubelet: sent(name, machine, "kubelet"),
                kubeProxy: sent(name, machine, "kube-proxy"),
            },
            containerdEnvironment: proxyVariables,
            // Without it no more than a tunnel to the control plane here.
            ...(place === undefined ? {} : { address: inNetwork(machine) }),
        });
        return [name, node.kubeletVersion];
    });
    return {
        kubectl: cluster.kubectlCommand,
        kubeconfig: cluster.kubeconfigPath,
        endpoint: cluster.endpoint,
        logs: cluster.logPaths,
        nodes: Object.fromEntries(versions),
    };
}

/** Address of a machine in the network of the environment. */
function inNetwork(machine: VirtualMachine): pulumi.Output<string> {
    return machine.networkAddresses.apply((all) => all["lan"] ?? "");
}

function binaryOf(build: Build, name: string) {
    const binary = build.binaries[`${name}-${platform.replace("/", "-")}`];
    if (binary === undefined) {
        throw new Error(
            `${name} is not among what is built: ${Object.keys(build.binaries).join(", ")}`,
        );
    }
    return binary;
}
