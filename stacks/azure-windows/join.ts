/** Windows agents as nodes of a cluster that is there already. */
import * as pulumi from "@pulumi/pulumi";
import { WindowsNode } from "../../components/cluster";
import type { Host } from "../../components/host";
import { type Binary, Build } from "../../components/source";
import { type Settings, windowsPlatform } from "./config";
import { binaryOf } from "./programs";

type Join = NonNullable<Settings["join"]>;

/** Releases that go together: flanneld and the CNI plugins that it counts on. */
const flannel = "github.com/flannel-io/flannel";
const plugins = "github.com/containernetworking/plugins";
const flannelVersion = "v0.28.10";
const pluginsVersion = "v1.10.0";

const kubernetes = (command: string) => `k8s.io/kubernetes/cmd/${command}`;

/** Builds the programs of a Windows node on a host that can build, as they were released. */
export function nodePrograms({ kubernetesVersion }: Join, builder: pulumi.Input<Host>) {
    const common = { host: builder, platforms: [windowsPlatform] };
    const released = new Build("released", {
        ...common,
        module: `k8s.io/kubernetes@${kubernetesVersion}`,
        targets: ["kubeadm", "kubelet", "kube-proxy"].map(kubernetes),
    });
    const network = new Build("flannel", {
        ...common,
        module: `${flannel}@${flannelVersion}`,
        targets: [flannel],
        names: { [flannel]: "flanneld" },
    });
    const cni = {
        winOverlay: `${plugins}/plugins/main/windows/win-overlay`,
        hostLocal: `${plugins}/plugins/ipam/host-local`,
    };
    const cniPlugins = new Build("cni-plugins", {
        ...common,
        module: `${plugins}@${pluginsVersion}`,
        targets: Object.values(cni),
    });
    const program = (build: Build, target: string) => fileOf(binaryOf(build, target));
    return {
        kubeadm: program(released, kubernetes("kubeadm")),
        kubelet: program(released, kubernetes("kubelet")),
        kubeProxy: program(released, kubernetes("kube-proxy")),
        flanneld: program(network, "flanneld"),
        winOverlay: program(cniPlugins, cni.winOverlay),
        hostLocal: program(cniPlugins, cni.hostLocal),
    };
}

function fileOf(binary: pulumi.Output<Binary>) {
    return { path: binary.path, sha256: binary.sha256 };
}

/** Declares an agent as a node. */
export function joinAgent(
    agent: string,
    host: pulumi.Input<Host>,
    join: Join,
    programs: ReturnType<typeof nodePrograms>,
    builder: pulumi.Input<Host>,
): WindowsNode {
    const { kubeconfigPath, kubectlPath, endpoint, peerCidrs, kubernetesVersion } = join;
    return new WindowsNode(`${agent}-node`, {
        ...{ host, kubeconfigPath, kubectlPath, endpoint, peerCidrs, kubernetesVersion },
        nodeName: join.nodeNames[agent] ?? agent,
        readyTimeoutSec: join.readyTimeoutSec,
        programs,
        sourceHost: builder,
    });
}
