/** Texts of a Windows node: what kubeadm, kubelet, kube-proxy and the CNI plugin are told. */
import { yaml } from "../internal/yaml";
import { addressAt, parseRange } from "../internal/address-range";

/** Directory of the node's programs and what they read. */
export const nodePrograms = "C:\\k";

/** What kubeadm's join leaves for the kubelet: the node's own identity, which its other programs take as well. */
export const nodeKubeconfig = "C:\\etc\\kubernetes\\kubelet.conf";

const kubeletDir = "C:\\var\\lib\\kubelet";
const kubernetesDir = "C:\\etc\\kubernetes";

/** Where containerd of a Windows agent looks for CNI, by its own default. */
export const cniDir = "C:\\Program Files\\containerd\\cni";

/** Pipe of containerd there, by its own default. */
export const containerdPipe = "npipe:////./pipe/containerd-containerd";

/** Network that flanneld makes for pods, by the only VNI from which Windows takes one on. */
export const podNetwork = "flannel.4096";

/** How a node is let in, and what it is called. */
export interface JoinWishes {
    nodeName: string;
    /** API server, as "10.0.0.4:6443". */
    endpoint: string;
    /** Bootstrap token: a secret. */
    token: string;
    /** Digest of the authority's public key, as "sha256:...". */
    caCertHash: string;
}

/**
 * kubeadm's configuration for join (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/) as one line,
 * which YAML takes, too.
 */
export function joinConfiguration(wishes: JoinWishes): string {
    const configuration = {
        ...{ apiVersion: "kubeadm.k8s.io/v1beta4", kind: "JoinConfiguration" },
        discovery: {
            bootstrapToken: {
                token: wishes.token,
                apiServerEndpoint: wishes.endpoint,
                caCertHashes: [wishes.caCertHash],
            },
        },
        nodeRegistration: { name: wishes.nodeName, criSocket: containerdPipe },
        patches: { directory: `${nodePrograms}\\patches` },
    };
    return `${JSON.stringify(configuration)}\n`;
}

/**
 * What a kubelet on Windows needs otherwise than the cluster's own configuration has it, as a patch of kubeadm's
 * (https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches).
 */
export const kubeletPatchPath = `${nodePrograms}\\patches\\kubeletconfiguration0+merge.yaml`;
export function kubeletPatch(): string {
    return yaml().stringify({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        cgroupsPerQOS: false,
        containerRuntimeEndpoint: containerdPipe,
        enforceNodeAllocatable: [],
        resolvConf: "",
    });
}

/** Arguments of the kubelet's service: what kubeadm's files have no field for, and where these are. */
export function kubeletArguments(nodeName: string, address: string | undefined): string[] {
    return [
        "--windows-service",
        `--config=${kubeletDir}\\config.yaml`,
        `--bootstrap-kubeconfig=${kubernetesDir}\\bootstrap-kubelet.conf`,
        `--kubeconfig=${nodeKubeconfig}`,
        `--cert-dir=${kubeletDir}\\pki`,
        `--root-dir=${kubeletDir}`,
        `--hostname-override=${nodeName}`,
        ...(address === undefined ? [] : [`--node-ip=${address}`]),
    ];
}

/** Ranges that a node's network depends on. */
export interface NodeRanges {
    /** Of this node's pods. */
    podCidr: string;
    /** Of all pods of the cluster. */
    clusterCidr: string;
    serviceCidr: string;
}

/** The address of a node's range from which kube-proxy leads to pods of other nodes; no pod gets it. */
export function sourceVip(podCidr: string): string {
    return place(podCidr, 2);
}

export const proxyConfigPath = `${nodePrograms}\\kube-proxy.yaml`;

/**
 * kube-proxy's configuration (https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/). With a file none
 * of its flags count, not even the one for Windows' service manager.
 */
export function windowsProxyConfig(
    nodeName: string,
    { podCidr, clusterCidr }: Pick<NodeRanges, "podCidr" | "clusterCidr">,
): string {
    return yaml().stringify({
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        mode: "kernelspace",
        windowsRunAsService: true,
        hostnameOverride: nodeName,
        clientConnection: { kubeconfig: nodeKubeconfig },
        clusterCIDR: clusterCidr,
        healthzBindAddress: "127.0.0.1:10256",
        metricsBindAddress: "127.0.0.1:10249",
        winkernel: { networkName: podNetwork, sourceVip: sourceVip(podCidr) },
    });
}

export const flannelConfigPath = `${nodePrograms}\\flannel\\net-conf.json`;

/** Argument vector of flanneld, which makes the pods' network and the ways to those of other nodes. */
export function flannelArgv(address: string | undefined): string[] {
    return [
        `${nodePrograms}\\flanneld.exe`,
        "--kube-subnet-mgr",
        `--kubeconfig-file=${nodeKubeconfig}`,
        `--net-config-path=${flannelConfigPath}`,
        `--subnet-file=${flannelSubnetPath}`,
        ...(address === undefined ? [] : [`--iface=${address}`]),
    ];
}

/** Written by flanneld once the network is there. */
export const flannelSubnetPath = "C:\\run\\flannel\\subnet.env";

export const cniConfigPath = `${cniDir}\\conf\\10-flannel.conflist`;

/**
 * The pods' network by the plugins win-overlay and host-local
 * (https://www.cni.dev/plugins/current/main/win-overlay/). flannel's own plugin calls these two; a node whose range is known does without it.
 */
export function cniConfig({ podCidr, clusterCidr, serviceCidr }: NodeRanges): string {
    const policy = (type: string, settings: Record<string, unknown>) => ({
        name: "EndpointPolicy",
        value: { Type: type, Settings: settings },
    });
    const network = {
        cniVersion: "1.0.0",
        name: podNetwork,
        plugins: [
            {
                type: "win-overlay",
                // What containerd takes: by HCN's namespaces.
                apiVersion: 2,
                capabilities: { portMappings: true, dns: true },
                ipam: {
                    type: "host-local",
                    dataDir: "C:\\var\\lib\\cni\\networks",
                    // The first is the gateway, the second kube-proxy's.
                    ranges: [[{ subnet: podCidr, rangeStart: place(podCidr, 3) }]],
                },
                policies: [
                    policy("OutBoundNAT", { Exceptions: [clusterCidr, serviceCidr] }),
                    policy("SDNRoute", { DestinationPrefix: serviceCidr, NeedEncap: true }),
                ],
            },
        ],
    };
    return `${JSON.stringify(network, undefined, 2)}\n`;
}

/** An address of a range; empty of what is none, as of a node that is declared as stopped. */
function place(podCidr: string, index: number): string {
    const range = parseRange(podCidr);
    return range === undefined ? "" : (addressAt(range, index) ?? "");
}
