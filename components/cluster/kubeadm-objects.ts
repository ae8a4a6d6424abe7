import { goYamlDocuments } from "../internal/go-yaml";
import { ControlPlaneProgram } from "./control-plane-programs";
import { containerdSocket } from "./kubelet-config";
import { validity } from "./kubeadm-config";
import { ProxyMode, proxyConfig } from "./proxy-config";

/** Add-ons that kubeadm brings itself. Their images must be on the nodes, or where the nodes may get them. */
export enum KubeadmAddon {
    /** CoreDNS, as a Deployment. */
    CoreDns = "coredns",
    /** kube-proxy, as a DaemonSet. */
    KubeProxy = "kube-proxy",
}

/** Flags by name without dashes. @internal */
export type FlagValues = Readonly<Record<string, string>>;

/** Programs of a control plane that kubeadm runs as static pods. */
type OfControlPlane<Value> = Partial<Record<ControlPlaneProgram, Value>>;

/** What kubeadm's configuration of a cluster depends on. @internal */
export interface KubeadmWishes {
    clusterName: string;
    kubernetesVersion: string;
    nodeName: string;
    /** Of the control plane in the network of the nodes: the API server listens there and nowhere else. */
    address: string;
    /** Where else a tunnel to it ends. */
    tunnelAddress: string;
    serviceCidr: string;
    podCidr: string;
    proxyMode: ProxyMode;
    /** Whether its node takes pods of users. */
    runsPods: boolean;
    inContainer?: boolean;
    imageRepository?: string;
    featureGates?: Readonly<Record<string, boolean>>;
    verbosity?: OfControlPlane<number | undefined>;
    extraArgs?: OfControlPlane<FlagValues | undefined>;
    addons?: readonly KubeadmAddon[];
    ignorePreflightErrors?: readonly string[];
    readyTimeoutSec: number;
}

/** Port of the API server. */
export const apiPort = 6443;

/** Where nodes find the API server, as address:port. */
export function endpointAt(address: string): string {
    return `${address}:${String(apiPort)}`;
}

/** Where kubeadm-init.sh puts how the API server knows who asks. */
const authenticationPath = "/etc/kubernetes/authentication.yaml";

// kubeadm.k8s.io/v1beta4 (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/), as far as it is used.
export const apiVersion = "kubeadm.k8s.io/v1beta4";

interface Arg {
    name: string;
    value: string;
}

export interface NodeRegistration {
    name: string;
    criSocket: string;
    /** Left out: kubeadm's own taint of a control plane. */
    taints?: [];
    imagePullPolicy: "IfNotPresent";
    ignorePreflightErrors?: readonly string[];
}

export interface Timeouts {
    controlPlaneComponentHealthCheck: string;
    kubeletHealthCheck: string;
    kubernetesAPICall: string;
    etcdAPICall: string;
    tlsBootstrap: string;
    discovery: string;
}

interface InitConfiguration {
    apiVersion: typeof apiVersion;
    kind: "InitConfiguration";
    bootstrapTokens: { token: string; ttl: string; description: string }[];
    nodeRegistration: NodeRegistration;
    localAPIEndpoint: { advertiseAddress: string; bindPort: number };
    timeouts: Timeouts;
}

/** A file of the host that a static pod reads. */
interface HostPath {
    name: string;
    hostPath: string;
    mountPath: string;
    readOnly: true;
    pathType: "File";
}

interface ClusterConfiguration {
    apiVersion: typeof apiVersion;
    kind: "ClusterConfiguration";
    clusterName: string;
    kubernetesVersion: string;
    controlPlaneEndpoint: string;
    imageRepository?: string;
    encryptionAlgorithm: "ECDSA-P256";
    certificateValidityPeriod: string;
    networking: { serviceSubnet: string; podSubnet: string; dnsDomain: string };
    apiServer: { certSANs: string[]; extraArgs: Arg[]; extraVolumes: HostPath[] };
    controllerManager: { extraArgs: Arg[] };
    scheduler: { extraArgs: Arg[] };
    etcd: { local: { dataDir: string; extraArgs: Arg[] } };
}

/** Configuration with which kubeadm makes a control plane. */
export function initDocuments(wishes: KubeadmWishes, token: string): string {
    const { address, featureGates, verbosity = {}, extraArgs = {} } = wishes;
    const flagsOf = (program: ControlPlaneProgram, own: FlagValues = {}) =>
        args({
            ...own,
            ...(program === ControlPlaneProgram.Etcd
                ? {}
                : componentFlags(verbosity[program], featureGates)),
            ...extraArgs[program],
        });
    const init: InitConfiguration = {
        ...{ apiVersion, kind: "InitConfiguration" },
        bootstrapTokens: [
            // Nodes come later, too, and a machine that is made anew joins with the same one.
            { token, ttl: "0s", description: "nodes of this stack" },
        ],
        nodeRegistration: {
            ...registration(wishes),
            ...(wishes.runsPods ? { taints: [] } : {}),
        },
        localAPIEndpoint: { advertiseAddress: address, bindPort: apiPort },
        timeouts: timeouts(wishes.readyTimeoutSec),
    };
    const cluster: ClusterConfiguration = {
        ...{ apiVersion, kind: "ClusterConfiguration" },
        clusterName: wishes.clusterName,
        kubernetesVersion: wishes.kubernetesVersion,
        controlPlaneEndpoint: endpointAt(address),
        ...(wishes.imageRepository === undefined
            ? {}
            : { imageRepository: wishes.imageRepository }),
        encryptionAlgorithm: "ECDSA-P256",
        certificateValidityPeriod: validity,
        networking: {
            serviceSubnet: wishes.serviceCidr,
            podSubnet: wishes.podCidr,
            dnsDomain: "cluster.local",
        },
        apiServer: {
            certSANs: [...new Set([address, wishes.tunnelAddress, "localhost", "127.0.0.1"])],
            extraArgs: flagsOf(ControlPlaneProgram.KubeApiserver, {
                "bind-address": address,
                "authentication-config": authenticationPath,
            }),
            extraVolumes: [
                {
                    ...{ name: "authentication", readOnly: true, pathType: "File" },
                    ...{ hostPath: authenticationPath, mountPath: authenticationPath },
                },
            ],
        },
        controllerManager: { extraArgs: flagsOf(ControlPlaneProgram.KubeControllerManager) },
        scheduler: { extraArgs: flagsOf(ControlPlaneProgram.KubeScheduler) },
        etcd: {
            local: { dataDir: "/var/lib/etcd", extraArgs: flagsOf(ControlPlaneProgram.Etcd) },
        },
    };
    const proxy = proxyConfig({
        // Of its DaemonSet, which finds its kubeconfig there.
        kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
        mode: wishes.proxyMode,
        podCidr: wishes.podCidr,
        featureGates,
        inContainer: wishes.inContainer,
    });
    const proxies = wishes.addons?.includes(KubeadmAddon.KubeProxy) ?? false;
    return goYamlDocuments(init, cluster, ...(proxies ? [proxy] : []));
}

/** Phases of `kubeadm init` that are left out: add-ons that nobody asked for. */
export function skippedPhases(addons: readonly KubeadmAddon[]): string {
    return Object.values(KubeadmAddon)
        .filter((addon) => !addons.includes(addon))
        .map((addon) => `addon/${addon}`)
        .join(",");
}

/** How a node is registered. */
export function registration(wishes: {
    nodeName: string;
    ignorePreflightErrors?: readonly string[];
}): NodeRegistration {
    const { nodeName, ignorePreflightErrors = [] } = wishes;
    return {
        name: nodeName,
        criSocket: `unix://${containerdSocket}`,
        imagePullPolicy: "IfNotPresent",
        ...(ignorePreflightErrors.length === 0 ? {} : { ignorePreflightErrors }),
    };
}

/** kubeadm's own are for machines that boot in seconds. */
export function timeouts(sec: number): Timeouts {
    const each = `${String(sec)}s`;
    return {
        controlPlaneComponentHealthCheck: each,
        kubeletHealthCheck: each,
        kubernetesAPICall: each,
        etcdAPICall: each,
        tlsBootstrap: each,
        discovery: each,
    };
}

function componentFlags(
    verbosity: number | undefined,
    featureGates: Readonly<Record<string, boolean>> | undefined,
): FlagValues {
    const gates = Object.entries(featureGates ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, on]) => `${name}=${String(on)}`)
        .join(",");
    return {
        ...(verbosity === undefined ? {} : { v: String(verbosity) }),
        ...(gates === "" ? {} : { "feature-gates": gates }),
    };
}

function args(flags: FlagValues): Arg[] {
    return Object.entries(flags)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => ({ name, value }));
}
