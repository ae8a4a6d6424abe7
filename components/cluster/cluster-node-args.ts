import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostRule } from "../host/host";
import {
    absolutePath,
    environment,
    featureGates,
    labelsRule,
    whole,
    yesOrNo,
} from "../internal/rules";
import { isNetworkAddress, networkAddressWords } from "./cluster-address";
import { ClusterControlPlane } from "./control-plane-ref";
import { CgroupDriver, kubeletFieldsProblem } from "./kubelet-config";
import { ProxyMode } from "./proxy-config";

/** Programs of a ClusterNode: absolute paths on its host, as `path` of a HostArtifact. Another path restarts what runs it. */
export interface ClusterNodeBinariesArgs {
    /** kubelet: of the API server's minor release, or up to three older. Another path restarts it; pods go on. */
    kubelet: pulumi.Input<string>;
    /** kube-proxy: of the API server's minor release, or up to three older. Another path restarts it. */
    kubeProxy: pulumi.Input<string>;
}

/** How much the programs of a ClusterNode say, 0 to 10. */
export interface ClusterNodeVerbosityArgs {
    /** Of the kubelet. Defaults to 0. A change restarts it. */
    kubelet?: pulumi.Input<number>;
    /** Of kube-proxy. Defaults to 0. A change restarts it. */
    kubeProxy?: pulumi.Input<number>;
}

/** Arguments of a ClusterNode. */
export interface ClusterNodeArgs {
    /** What it belongs to: `controlPlane` of a Cluster on this machine, on the node's own host, or with an address in a network of both. */
    controlPlane: pulumi.Input<ClusterControlPlane>;
    /** Where it runs: a Linux host, logged in to as root. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Address of the host in a network of the cluster's machines, as `networkAddresses` of a VirtualMachine has it: there the API server reaches its kubelet, and other nodes its pods. Required for a control plane with such an address. Defaults to none. A change restarts the kubelet. */
    address?: pulumi.Input<string>;
    /** The programs that it runs. containerd, runc and the CNI plugins are packages of the host. */
    binaries: ClusterNodeBinariesArgs;
    /** Name of the node in the cluster. Defaults to the component's name. A change replaces the node. */
    nodeName?: string;
    /** Labels of the node. A change is made in place; labels that others set are left alone. */
    nodeLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** How kube-proxy leads to Services. Defaults to nftables. A change restarts kube-proxy. */
    proxyMode?: pulumi.Input<ProxyMode>;
    /** What makes the cgroups of pods. Defaults to systemd. A change restarts containerd and the kubelet, and so all pods. */
    cgroupDriver?: pulumi.Input<CgroupDriver>;
    /** True lets a kubelet of 1.35 or later start on a host with cgroup v1, which it refuses by default. A change restarts the kubelet. */
    allowCgroupV1?: pulumi.Input<boolean>;
    /** Feature gates of kubelet and kube-proxy. A change restarts both. */
    featureGates?: pulumi.Input<Record<string, pulumi.Input<boolean>>>;
    /** Further fields of KubeletConfiguration, as YAML: "maxPods: 50". What the node depends on is refused. A change restarts the kubelet. */
    kubeletConfig?: pulumi.Input<string>;
    /** How much its programs say. */
    verbosity?: ClusterNodeVerbosityArgs;
    /** Image that holds a pod's network. Defaults to registry.k8s.io/pause:3.10.2. A change restarts containerd, and so all pods. */
    pauseImage?: pulumi.Input<string>;
    /** Environment variables of containerd, as `proxyVariables` of a HostNetwork. Make secrets pulumi.secret. Defaults to none. A change restarts containerd, and so all pods. */
    containerdEnvironment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** How long it may take until the node is Ready, in seconds. Defaults to 300. */
    readyTimeoutSec?: number;
}

const level = whole(0, 10, "levels").optional();

/** Rules by argument. @internal */
export const clusterNodeRules = {
    controlPlane: z
        .object(
            { clusterName: z.string(), address: z.string(), stateDir: z.string() },
            { error: "expected `controlPlane` of a Cluster" },
        )
        .loose(),
    host: hostRule,
    address: z
        .string({ error: `expected ${networkAddressWords}` })
        .refine(isNetworkAddress, { error: `expected ${networkAddressWords}` })
        .optional(),
    nodeName: z
        .string({ error: "expected a name" })
        .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, {
            error: "expected lower-case letters, digits, inner hyphens and dots, at most 63",
        }),
    nodeLabels: labelsRule.optional(),
    proxyMode: z.enum(ProxyMode, { error: 'expected "nftables" or "iptables"' }).optional(),
    cgroupDriver: z.enum(CgroupDriver, { error: 'expected "systemd" or "cgroupfs"' }).optional(),
    allowCgroupV1: yesOrNo.optional(),
    featureGates: featureGates.optional(),
    containerdEnvironment: environment.optional(),
    kubeletConfig: z
        .string({ error: 'expected fields of KubeletConfiguration as YAML, as "maxPods: 50"' })
        .superRefine((text, context) => {
            const problem = kubeletFieldsProblem(text);
            if (problem !== undefined) {
                context.addIssue({ code: "custom", message: problem });
            }
        })
        .optional(),
    pauseImage: z
        .string({ error: "expected the name of an image" })
        .regex(/^[a-z0-9][A-Za-z0-9._/:@-]+$/, { error: "expected the name of an image" })
        .optional(),
    readyTimeoutSec: whole(1, 3600, "seconds").optional(),
    "binaries.kubelet": absolutePath,
    "binaries.kubeProxy": absolutePath,
    "verbosity.kubelet": level,
    "verbosity.kubeProxy": level,
};

/** The arguments, and the parts of those that have rules by part. */
export function flatNodeArgs(name: string, args: ClusterNodeArgs) {
    // Programs in other languages, and JavaScript, may leave it out.
    const binaries = args.binaries as ClusterNodeBinariesArgs | undefined;
    return {
        controlPlane: args.controlPlane,
        host: args.host,
        address: args.address,
        nodeName: args.nodeName ?? name,
        nodeLabels: args.nodeLabels,
        proxyMode: args.proxyMode,
        cgroupDriver: args.cgroupDriver,
        allowCgroupV1: args.allowCgroupV1,
        featureGates: args.featureGates,
        kubeletConfig: args.kubeletConfig,
        pauseImage: args.pauseImage,
        containerdEnvironment: args.containerdEnvironment,
        readyTimeoutSec: args.readyTimeoutSec,
        "binaries.kubelet": binaries?.kubelet,
        "binaries.kubeProxy": binaries?.kubeProxy,
        "verbosity.kubelet": args.verbosity?.kubelet,
        "verbosity.kubeProxy": args.verbosity?.kubeProxy,
    };
}
