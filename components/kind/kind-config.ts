import { z } from "zod";
import {
    absolutePath,
    featureGates,
    fields,
    runtimeConfig,
    whole,
    yesOrNo,
    labelsRule,
} from "../internal/rules";

/** What a node of kind is for. */
export enum KindRole {
    /** API server, etcd, controllers. */
    ControlPlane = "control-plane",
    /** Runs pods alone. */
    Worker = "worker",
}

/** A directory of the host that a node sees. */
export interface KindMountArgs {
    /** Absolute path on the host. */
    hostPath: string;
    /** Absolute path in the node. */
    containerPath: string;
    /** Defaults to false. */
    readOnly?: boolean;
}

/** A port of the host that leads to one of a node. */
export interface KindPortArgs {
    /** Port of the node, as a NodePort. */
    containerPort: number;
    /** Port of the host. Defaults to containerPort. */
    hostPort?: number;
    /** TCP, UDP or SCTP. Defaults to TCP. */
    protocol?: string;
}

/** A node of a kind cluster. */
export interface KindNodeArgs {
    /** Defaults to control-plane. */
    role?: KindRole;
    /** Labels of this node. For those of all nodes, which change in place, see nodeLabels of the cluster. */
    labels?: Record<string, string>;
    /** Directories of the host that it sees. */
    mounts?: KindMountArgs[];
    /** Ports of the host that lead to it. */
    ports?: KindPortArgs[];
    /** Patches of kubeadm's configuration for this node, as YAML. */
    kubeadmConfigPatches?: string[];
}

/** Networking of a kind cluster. */
export interface KindNetworkingArgs {
    /** ipv4, ipv6 or dual. Defaults to ipv4. */
    ipFamily?: string;
    /** Range of pod addresses, as a CIDR. */
    podSubnet?: string;
    /** Range of Service addresses, as a CIDR. */
    serviceSubnet?: string;
    /** iptables, nftables or none. Defaults to kind's. */
    kubeProxyMode?: string;
    /** True: no pod network is installed, since an add-on brings one; nodes are not Ready before. Defaults to false. */
    disableDefaultCNI?: boolean;
}

/** What of a cluster goes into kind's configuration. A change of any of it replaces the cluster. */
export interface KindConfigArgs {
    /** Nodes. Defaults to one control plane, which runs pods too. A change replaces the cluster. */
    nodes?: KindNodeArgs[];
    /** Networking. A change replaces the cluster. */
    networking?: KindNetworkingArgs;
    /** Feature gates of Kubernetes. A change replaces the cluster. */
    featureGates?: Record<string, boolean>;
    /** APIs that the API server serves, as {"api/alpha": "true"}. A change replaces the cluster. */
    runtimeConfig?: Record<string, string>;
    /** Patches of kubeadm's configuration, as YAML. A change replaces the cluster. */
    kubeadmConfigPatches?: string[];
    /** Patches of containerd's configuration, as TOML. A change replaces the cluster. */
    containerdConfigPatches?: string[];
}

const text = (what: string) => z.string({ error: `expected ${what}` });
const texts = (what: string) => z.array(text(what), { error: `expected a list of ${what}` });
const cidr = text('a range of addresses, as "10.244.0.0/16"').regex(
    /^[0-9a-fA-F.:]+\/\d{1,3}(,[0-9a-fA-F.:]+\/\d{1,3})?$/,
    { error: 'expected a range of addresses, as "10.244.0.0/16"' },
);
const oneOf = (...values: string[]) =>
    z.enum(values, { error: `expected one of ${values.join(", ")}` });

/** Rules of the arguments that go into kind's configuration. @internal */
export const kindConfigRules = {
    nodes: z
        .array(
            fields("a node", {
                role: z
                    .enum(KindRole, { error: 'expected "control-plane" or "worker"' })
                    .optional(),
                labels: labelsRule.optional(),
                mounts: z
                    .array(
                        fields("a mount", {
                            hostPath: absolutePath,
                            containerPath: absolutePath,
                            readOnly: yesOrNo.optional(),
                        }),
                    )
                    .optional(),
                ports: z
                    .array(
                        fields("a port", {
                            containerPort: whole(1, 65535, "TCP ports"),
                            hostPort: whole(1, 65535, "TCP ports").optional(),
                            protocol: oneOf("TCP", "UDP", "SCTP").optional(),
                        }),
                    )
                    .optional(),
                kubeadmConfigPatches: texts("patches").optional(),
            }),
            { error: "expected a list of nodes" },
        )
        .min(1, { error: "expected at least one node" })
        .refine((nodes) => nodes.some((node) => node.role !== KindRole.Worker), {
            error: "expected at least one control-plane node",
        })
        .optional(),
    networking: fields("networking", {
        ipFamily: oneOf("ipv4", "ipv6", "dual").optional(),
        podSubnet: cidr.optional(),
        serviceSubnet: cidr.optional(),
        kubeProxyMode: oneOf("iptables", "nftables", "none").optional(),
        disableDefaultCNI: yesOrNo.optional(),
    }).optional(),
    featureGates: featureGates.optional(),
    runtimeConfig: runtimeConfig.optional(),
    kubeadmConfigPatches: texts("patches").optional(),
    containerdConfigPatches: texts("patches").optional(),
};

/**
 * kind's configuration (kind.x-k8s.io/v1alpha4, https://kind.sigs.k8s.io/docs/user/configuration/). Everything that listens
 * does so on one address of loopback.
 */
export function kindConfig(args: KindConfigArgs, name: string, address: string): unknown {
    return defined({
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        name,
        nodes: (args.nodes ?? [{}]).map((node) =>
            defined({
                role: node.role ?? KindRole.ControlPlane,
                labels: node.labels,
                extraMounts: node.mounts,
                extraPortMappings: node.ports?.map((port) => ({
                    ...port,
                    hostPort: port.hostPort ?? port.containerPort,
                    listenAddress: address,
                })),
                kubeadmConfigPatches: node.kubeadmConfigPatches,
            }),
        ),
        networking: { ...args.networking, apiServerAddress: address, apiServerPort: 6443 },
        featureGates: args.featureGates,
        runtimeConfig: args.runtimeConfig,
        kubeadmConfigPatches: args.kubeadmConfigPatches,
        containerdConfigPatches: args.containerdConfigPatches,
    });
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Names of the nodes, as kind makes them. */
export function kindNodeNames(
    cluster: string,
    nodes: readonly KindNodeArgs[] | undefined,
): string[] {
    const counts = new Map<string, number>();
    return (nodes ?? [{}]).map(({ role = KindRole.ControlPlane }) => {
        const count = (counts.get(role) ?? 0) + 1;
        counts.set(role, count);
        return `${cluster}-${role}${count === 1 ? "" : String(count)}`;
    });
}
