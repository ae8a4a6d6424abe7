import { isIPv4 } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { anyHostRule, Host, hostRule, HostOs, osOf } from "../host/host";
import { parseRange } from "../internal/address-range";
import { absolutePath, absoluteFilePath, sha256Digest, whole } from "../internal/rules";
import { ArgRules } from "../internal/validate";
import { isLoopbackEndpoint } from "./kubeconfig-facts";
import { versionForm } from "./version-skew";

/** A program for Windows, as `binaries` of a Build has it. */
export interface WindowsNodeProgramArgs {
    /** Absolute path on sourceHost. */
    path: pulumi.Input<string>;
    /** SHA-256 of the file, 64 hexadecimal digits. */
    sha256: pulumi.Input<string>;
}

/** Programs of a WindowsNode, each for windows/amd64. A change of one makes anew what runs it; the node stays in the cluster. */
export interface WindowsNodeProgramsArgs {
    /** k8s.io/kubernetes/cmd/kubeadm, which joins and resets. */
    kubeadm: WindowsNodeProgramArgs;
    /** k8s.io/kubernetes/cmd/kubelet, of kubernetesVersion. */
    kubelet: WindowsNodeProgramArgs;
    /** k8s.io/kubernetes/cmd/kube-proxy, of kubernetesVersion. */
    kubeProxy: WindowsNodeProgramArgs;
    /** github.com/flannel-io/flannel: the pods' network. */
    flanneld: WindowsNodeProgramArgs;
    /** github.com/containernetworking/plugins/plugins/main/windows/win-overlay. */
    winOverlay: WindowsNodeProgramArgs;
    /** github.com/containernetworking/plugins/plugins/ipam/host-local. */
    hostLocal: WindowsNodeProgramArgs;
}

/** Arguments of a WindowsNode. */
export interface WindowsNodeArgs {
    /** Where it runs: Windows with the feature Containers and containerd, as a WindowsAgent with `containerd`. Another one is another node. */
    host: pulumi.Input<Host>;
    /** Absolute path, on the machine that runs Pulumi, of an administrator's kubeconfig of a cluster that kubeadm made, with flannel. */
    kubeconfigPath: pulumi.Input<string>;
    /** Absolute path of kubectl on the machine that runs Pulumi. Defaults to that on its PATH. */
    kubectlPath?: pulumi.Input<string>;
    /** API server as the host reaches it, as "10.0.0.4:6443". Defaults to that of the kubeconfig. A change joins the host anew. */
    endpoint?: pulumi.Input<string>;
    /** Name of the node in the cluster. Defaults to the component's name. A change joins the host anew, under that name. */
    nodeName?: string;
    /** IPv4 address by which other nodes reach the host. Defaults to that of its way out. A change restarts kubelet and flanneld. */
    address?: pulumi.Input<string>;
    /** Ranges of addresses of the cluster's other machines: they alone reach the kubelet (TCP 10250) and the pods' network (UDP 4789). A change is made in place. */
    peerCidrs: pulumi.Input<pulumi.Input<string>[]>;
    /** Version of kubelet and kube-proxy: of the API server's minor release, or up to three older. */
    kubernetesVersion: pulumi.Input<string>;
    /** Programs that it runs. */
    programs: WindowsNodeProgramsArgs;
    /** Linux host where the programs are, as one that builds. Defaults to the machine that runs Pulumi. */
    sourceHost?: pulumi.Input<Host>;
    /** How long it may take to be in the cluster, and then to be Ready, in seconds. Defaults to 600. */
    readyTimeoutSec?: number;
}

/** The programs by argument, each with the path on the host at which it is put. @internal */
export const windowsNodePrograms = [
    "kubeadm",
    "kubelet",
    "kubeProxy",
    "flanneld",
    "winOverlay",
    "hostLocal",
] as const;

const endpointWords = 'expected an address and a port that the host reaches, as "10.0.0.4:6443"';
const rangeWords = 'expected ranges of addresses, as "10.0.0.0/16"';
const windowsWords =
    "expected a Windows host: os windows beside its ssh, or host of a WindowsAgent";
const program = z.object(
    { path: absoluteFilePath, sha256: sha256Digest },
    { error: "expected path and sha256 of a program, as `binaries` of a Build has them" },
);

/** Rules by argument. */
const rules = {
    host: anyHostRule.refine((host) => host?.os === HostOs.Windows, { error: windowsWords }),
    kubeconfigPath: absoluteFilePath,
    kubectlPath: absolutePath.optional(),
    endpoint: z
        .string({ error: endpointWords })
        .regex(/^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\]):\d{1,5}$/, { error: endpointWords })
        .refine((text) => !isLoopbackEndpoint(text), {
            error: `${endpointWords}: on loopback it is nobody's but its own machine's`,
        })
        .optional(),
    nodeName: z
        .string({ error: "expected a name" })
        .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, {
            error: "expected lower-case letters, digits, inner hyphens and dots, at most 63",
        }),
    address: z
        .string({ error: "expected an IPv4 address" })
        .refine((text) => isIPv4(text), { error: "expected an IPv4 address" })
        .optional(),
    peerCidrs: z
        .array(
            z
                .string({ error: rangeWords })
                .refine((text) => parseRange(text) !== undefined, { error: rangeWords })
                .refine((text) => (parseRange(text)?.prefix ?? 32) > 7, {
                    error: "expected a narrower range: only machines of the cluster are meant",
                }),
            { error: rangeWords },
        )
        .min(1, { error: `${rangeWords}; without any nobody reaches the node` }),
    kubernetesVersion: z
        .string({ error: 'expected a version of Kubernetes, as "v1.36.1"' })
        .regex(versionForm, { error: 'expected a version of Kubernetes, as "v1.36.1"' }),
    sourceHost: hostRule,
    readyTimeoutSec: whole(1, 3600, "seconds").optional(),
    ...(Object.fromEntries(
        windowsNodePrograms.map((name) => [`programs.${name}`, program]),
    ) as Record<`programs.${(typeof windowsNodePrograms)[number]}`, typeof program>),
};

/** Rules by argument, as far as the host is known: what comes of an output is refused by what is put on it. @internal */
export function windowsNodeRules(host: pulumi.Input<Host> | undefined) {
    return osOf(host) === undefined ? { ...rules, host: anyHostRule } : rules;
}

/** The arguments, and each program by itself. @internal */
export function flatWindowsNodeArgs(name: string, args: WindowsNodeArgs) {
    // Programs in other languages, and JavaScript, may leave it out.
    const programs = args.programs as WindowsNodeProgramsArgs | undefined;
    return {
        host: args.host,
        kubeconfigPath: args.kubeconfigPath,
        kubectlPath: args.kubectlPath,
        endpoint: args.endpoint,
        nodeName: args.nodeName ?? name,
        address: args.address,
        peerCidrs: args.peerCidrs,
        kubernetesVersion: args.kubernetesVersion,
        sourceHost: args.sourceHost,
        readyTimeoutSec: args.readyTimeoutSec,
        ...(Object.fromEntries(
            windowsNodePrograms.map((part) => [`programs.${part}`, programs?.[part]]),
        ) as Record<`programs.${(typeof windowsNodePrograms)[number]}`, WindowsNodeProgramArgs>),
    } satisfies ArgRules<object>;
}
