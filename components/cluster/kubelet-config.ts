import { yaml } from "../internal/yaml";

/** What the cgroups of pods are made by. */
export enum CgroupDriver {
    /** systemd, which must be what the host was started with. */
    Systemd = "systemd",
    /** The kubelet itself. */
    Cgroupfs = "cgroupfs",
}

/** The default of it, as kubeadm has. */
export function orSystemd(driver: CgroupDriver | undefined): CgroupDriver {
    return driver ?? CgroupDriver.Systemd;
}

/** Socket of a node's containerd: its own one, beside what else the host runs. */
export const containerdSocket = "/run/kubedev/containerd/containerd.sock";

/** Where the kubelet answers how it is. */
export const kubeletHealth = "127.0.0.1:10248";

/** What the configuration of a kubelet depends on. */
export interface KubeletWishes {
    /** Path of the cluster's authority, from the configuration's own directory. */
    clientCaFile: string;
    /** Address of the cluster's DNS. */
    dnsIp: string;
    cgroupDriver: CgroupDriver;
    /** Whether it may start with cgroup v1. */
    allowCgroupV1: boolean;
    /** Where it answers the API server, for logs and exec. Loopback, if it is not said. */
    address?: string;
    featureGates?: Readonly<Record<string, boolean>>;
    /** Further fields, as YAML. */
    more?: string;
}

/**
 * A kubelet's configuration (kubelet.config.k8s.io/v1beta1,
 * https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/). It listens on loopback alone, or where
 * it is told to, and asks the API server who may do what.
 */
export function kubeletConfig(wishes: KubeletWishes): Record<string, unknown> {
    return {
        ...ownFields(wishes),
        ...furtherFields(wishes.more),
    };
}

/** What is wrong with further fields, in words; undefined if nothing is. */
export function kubeletFieldsProblem(more: string): string | undefined {
    let given: unknown;
    try {
        given = yaml().parse(more);
    } catch (error) {
        return `expected YAML (${String(error).split("\n")[0] ?? ""})`;
    }
    if (typeof given !== "object" || given === null || Array.isArray(given)) {
        return 'expected fields of KubeletConfiguration as YAML, as "maxPods: 50"';
    }
    const taken = Object.keys(given).filter((name) => name in argumentOf);
    return taken.length === 0
        ? undefined
        : `expected no ${taken.join(", ")}: ${taken.map((name) => argumentOf[name]).join("; ")}`;
}

/** Fields that something depends on, or that an argument sets. */
const argumentOf: Record<string, string> = {
    apiVersion: "it is kubelet.config.k8s.io/v1beta1",
    kind: "it is KubeletConfiguration",
    address: "the kubelet listens on loopback alone, or on the argument address",
    readOnlyPort: "without asking who it is nobody is answered",
    healthzBindAddress: "its health is asked for there",
    healthzPort: "its health is asked for there",
    authentication: "it trusts the cluster's authority",
    authorization: "it asks the API server who may do what",
    cgroupDriver: "use the argument cgroupDriver, which containerd follows, too",
    failCgroupV1: "use the argument allowCgroupV1",
    featureGates: "use the argument featureGates",
    containerRuntimeEndpoint: "it uses the node's own containerd",
    clusterDNS: "it is the tenth address of the cluster's serviceCidr",
    clusterDomain: "it is cluster.local, as in the cluster's certificates",
};

function ownFields(wishes: KubeletWishes): Record<string, unknown> {
    const { cgroupDriver, allowCgroupV1, featureGates = {} } = wishes;
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: wishes.address ?? "127.0.0.1",
        readOnlyPort: 0,
        healthzBindAddress: "127.0.0.1",
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: true },
            x509: { clientCAFile: wishes.clientCaFile },
        },
        authorization: { mode: "Webhook" },
        cgroupDriver,
        // Before 1.35 it is the default, from then on it has to be said.
        ...(allowCgroupV1 ? { failCgroupV1: false } : {}),
        clusterDNS: [wishes.dnsIp],
        clusterDomain: "cluster.local",
        containerRuntimeEndpoint: `unix://${containerdSocket}`,
        // A developer's machine has swap; pods do not use it by default.
        failSwapOn: false,
        // The service makes it: a link to what names no resolver on loopback, which pods could not reach.
        resolvConf: "resolv.conf",
        ...(Object.keys(featureGates).length === 0 ? {} : { featureGates }),
    };
}

function furtherFields(more: string | undefined): Record<string, unknown> {
    return more === undefined ? {} : (yaml().parse(more) as Record<string, unknown>);
}
