import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { linuxHostRule } from "../host/host";
import { isLoopbackAddress } from "../internal/loopback-address";
import { absolutePath, namedValues, yesOrNo } from "../internal/rules";
import { clusterNodeRules } from "./cluster-node-args";
import { clusterRules, overlaps } from "./cluster-rules";
import { ControlPlaneProgram, controlPlanePrograms } from "./control-plane-programs";
import { nodeAddress, plainAddressProblems } from "./kubeadm-address";
import { KubeadmControlPlaneArgs, KubeadmNodeArgs } from "./kubeadm-args";
import { KubeadmAddon } from "./kubeadm-objects";
import { removal } from "./removed-flags";
import { versionForm } from "./version-skew";

const paths = z.array(absolutePath, { error: "expected a list of absolute paths" }).optional();
const flags = namedValues.optional();
const level = clusterNodeRules["verbosity.kubelet"];

/** Rules that both kinds of kubeadm nodes share. */
const hostRules = {
    host: linuxHostRule,
    address: nodeAddress,
    sharedNetwork: yesOrNo.optional(),
    imageArchives: paths,
    pauseImage: clusterNodeRules.pauseImage,
    nodeName: clusterNodeRules.nodeName,
    nodeLabels: clusterNodeRules.nodeLabels,
    proxyMode: clusterNodeRules.proxyMode,
    cgroupDriver: clusterNodeRules.cgroupDriver,
    allowCgroupV1: clusterNodeRules.allowCgroupV1,
    featureGates: clusterNodeRules.featureGates,
    ignorePreflightErrors: z
        .array(
            z.string({ error: "expected the name of a check" }).regex(/^[A-Za-z][A-Za-z0-9-]*$/, {
                error: 'expected the name of a check, as "NumCPU"',
            }),
            { error: 'expected a list of names of checks, as ["NumCPU"]' },
        )
        .refine((names) => !names.some((name) => name.toLowerCase() === "all"), {
            error: "expected the names of checks: without any of them a run ends in the middle, with less to read",
        })
        .optional(),
    readyTimeoutSec: clusterNodeRules.readyTimeoutSec,
    "binaries.kubeadm": absolutePath,
    "binaries.kubelet": absolutePath,
    "binaries.kubeProxy": absolutePath.optional(),
    "images.pause": absolutePath.optional(),
    "verbosity.kubelet": level,
    "verbosity.kubeProxy": level,
    "extraArgs.kubelet": flags,
};

/** Rules of a KubeadmNode by argument. @internal */
export const kubeadmNodeRules = {
    ...hostRules,
    cluster: z
        .object(
            { clusterName: z.string(), endpoint: z.string(), stateDir: z.string() },
            { error: "expected `joining` of a KubeadmControlPlane" },
        )
        .loose(),
    clusterInstanceId: z.string({ error: "expected `instanceId` of a KubeadmControlPlane" }),
};

/** Rules of a KubeadmControlPlane by argument. @internal */
export const kubeadmControlPlaneRules = {
    ...hostRules,
    kubernetesVersion: clusterRules.kubernetesVersion,
    imageRepository: z
        .string({ error: "expected where images are, as registry.k8s.io" })
        .regex(/^[a-z0-9][a-z0-9._/:-]*[a-z0-9]$/, {
            error: "expected where images are, as registry.k8s.io",
        })
        .optional(),
    addons: z
        .array(z.enum(KubeadmAddon, { error: 'expected "coredns" or "kube-proxy"' }), {
            error: 'expected a list of "coredns" and "kube-proxy"',
        })
        .optional(),
    runsPods: yesOrNo.optional(),
    serviceCidr: clusterRules.serviceCidr,
    podCidr: clusterRules.podCidr,
    tunnelAddress: z
        .string({ error: "expected an address in 127.0.0.0/8" })
        .refine(isLoopbackAddress, { error: "expected an address in 127.0.0.0/8" })
        .optional(),
    "localBinaries.kubeadm": absolutePath,
    "localBinaries.kubectl": absolutePath,
    "images.kubeApiserver": absolutePath.optional(),
    "images.kubeControllerManager": absolutePath.optional(),
    "images.kubeScheduler": absolutePath.optional(),
    "images.etcd": absolutePath.optional(),
    "verbosity.kubeApiserver": level,
    "verbosity.kubeControllerManager": level,
    "verbosity.kubeScheduler": level,
    "extraArgs.etcd": flags,
    "extraArgs.kubeApiserver": flags,
    "extraArgs.kubeControllerManager": flags,
    "extraArgs.kubeScheduler": flags,
};

/** The arguments, and the parts of those that have rules by part. */
export function flatControlPlaneArgs(name: string, args: KubeadmControlPlaneArgs) {
    const { images, verbosity, extraArgs } = args;
    // Programs in other languages, and JavaScript, may leave it out.
    const local = args.localBinaries as
        Partial<KubeadmControlPlaneArgs["localBinaries"]> | undefined;
    return {
        ...flatHostArgs(name, args),
        kubernetesVersion: args.kubernetesVersion,
        imageRepository: args.imageRepository,
        addons: args.addons,
        runsPods: args.runsPods,
        serviceCidr: args.serviceCidr,
        podCidr: args.podCidr,
        tunnelAddress: args.tunnelAddress,
        "localBinaries.kubeadm": local?.kubeadm,
        "localBinaries.kubectl": local?.kubectl,
        "images.kubeApiserver": images?.kubeApiserver,
        "images.kubeControllerManager": images?.kubeControllerManager,
        "images.kubeScheduler": images?.kubeScheduler,
        "images.etcd": images?.etcd,
        "verbosity.kubeApiserver": verbosity?.kubeApiserver,
        "verbosity.kubeControllerManager": verbosity?.kubeControllerManager,
        "verbosity.kubeScheduler": verbosity?.kubeScheduler,
        "extraArgs.etcd": extraArgs?.etcd,
        "extraArgs.kubeApiserver": extraArgs?.kubeApiserver,
        "extraArgs.kubeControllerManager": extraArgs?.kubeControllerManager,
        "extraArgs.kubeScheduler": extraArgs?.kubeScheduler,
    };
}

/** The arguments, and the parts of those that have rules by part. */
export function flatKubeadmNodeArgs(name: string, args: KubeadmNodeArgs) {
    return {
        ...flatHostArgs(name, args),
        cluster: args.cluster,
        clusterInstanceId: args.clusterInstanceId,
    };
}

function flatHostArgs(name: string, args: KubeadmControlPlaneArgs | KubeadmNodeArgs) {
    const binaries = args.binaries as Partial<KubeadmNodeArgs["binaries"]> | undefined;
    return {
        host: args.host,
        address: args.address,
        sharedNetwork: args.sharedNetwork,
        imageArchives: args.imageArchives,
        pauseImage: args.pauseImage,
        nodeName: args.nodeName ?? name,
        nodeLabels: args.nodeLabels,
        proxyMode: args.proxyMode,
        cgroupDriver: args.cgroupDriver,
        allowCgroupV1: args.allowCgroupV1,
        featureGates: args.featureGates,
        ignorePreflightErrors: args.ignorePreflightErrors,
        readyTimeoutSec: args.readyTimeoutSec,
        "binaries.kubeadm": binaries?.kubeadm,
        "binaries.kubelet": binaries?.kubelet,
        "binaries.kubeProxy": binaries?.kubeProxy,
        "images.pause": args.images?.pause,
        "verbosity.kubelet": args.verbosity?.kubelet,
        "verbosity.kubeProxy": args.verbosity?.kubeProxy,
        "extraArgs.kubelet": args.extraArgs?.kubelet,
    };
}

interface Problem {
    propertyPath: string;
    reason: string;
}

/** Problems that take more than one argument to see, of those that are known: outputs count once they are. */
export function kubeadmProblems(args: Record<string, unknown>): Problem[] {
    return [
        ...unknownParts(args),
        ...overlaps(args),
        ...flagProblems(args),
        ...plainAddressProblems(args),
    ];
}

/** A mistyped name must not pass for one that was left out. */
function unknownParts(args: Record<string, unknown>): Problem[] {
    const rules = Object.keys("cluster" in args ? kubeadmNodeRules : kubeadmControlPlaneRules);
    return ["localBinaries", "binaries", "images", "verbosity", "extraArgs"].flatMap((name) => {
        const known = rules
            .filter((key) => key.startsWith(`${name}.`))
            .map((key) => key.slice(name.length + 1));
        return Object.keys(plain(args[name]))
            .filter((key) => !known.includes(key))
            .map((key) => ({
                propertyPath: `${name}.${key}`,
                reason: `expected no ${key}; ${name} has ${known.join(", ")}`,
            }));
    });
}

function flagProblems(args: Record<string, unknown>): Problem[] {
    const given = args["kubernetesVersion"];
    const version = typeof given === "string" && versionForm.test(given) ? given : undefined;
    return Object.entries(plain(args["extraArgs"])).flatMap(([program, values]) =>
        Object.keys(plain(values)).flatMap((flag) => {
            const reason = flagProblem(program, flag, version);
            return reason === undefined
                ? []
                : [{ propertyPath: `extraArgs.${program}.${flag}`, reason }];
        }),
    );
}

function flagProblem(
    program: string,
    flag: string,
    version: string | undefined,
): string | undefined {
    if (!/^[a-z0-9][a-z0-9-]*$/.test(flag)) {
        return `expected the name of a flag without the dashes before it, as "${flag.replace(/^-+|=.*$/g, "").replaceAll("_", "-")}"`;
    }
    const known = controlPlanePrograms.find((one) => (one as string) === program);
    const removed =
        known === undefined || version === undefined ? undefined : removal(known, flag, version);
    if (removed !== undefined) {
        return removed;
    }
    if (known !== ControlPlaneProgram.Etcd && Object.hasOwn(argumentOf, flag)) {
        return `expected it by the argument ${argumentOf[flag] ?? ""}, which sets --${flag} wherever it has to agree`;
    }
    return (kept[program] ?? []).includes(flag) || /-(file|cafile|certfile|keyfile)$/.test(flag)
        ? `expected a flag that the cluster does not depend on: --${flag} is how its programs find and trust each other`
        : undefined;
}

const argumentOf: Record<string, string> = {
    v: `verbosity`,
    "feature-gates": "featureGates",
    "service-cluster-ip-range": "serviceCidr",
    "cluster-cidr": "podCidr",
    "advertise-address": "address",
    "node-ip": "address",
    address: "address",
    "hostname-override": "nodeName",
    "cgroup-driver": "cgroupDriver",
};

/** Flags that kubeadm or kubedev sets, and that something else depends on. */
const kept: Record<string, readonly string[]> = {
    etcd: [
        ...["name", "data-dir", "listen-client-urls", "advertise-client-urls"],
        ...["listen-peer-urls", "initial-advertise-peer-urls", "initial-cluster"],
        ...["client-cert-auth", "peer-client-cert-auth", "listen-metrics-urls", "config-file"],
    ],
    kubeApiserver: [
        ...["bind-address", "secure-port", "etcd-servers", "authorization-mode"],
        ...["anonymous-auth", "enable-bootstrap-token-auth", "service-account-issuer"],
        ...["authorization-config", "authentication-config", "token-auth-file", "cert-dir"],
    ],
    kubeControllerManager: [
        ...["bind-address", "secure-port", "kubeconfig", "authentication-kubeconfig"],
        ...["authorization-kubeconfig", "allocate-node-cidrs", "controllers", "cluster-name"],
    ],
    kubeScheduler: [
        ...["bind-address", "secure-port", "kubeconfig", "authentication-kubeconfig"],
        "authorization-kubeconfig",
    ],
    kubelet: [
        ...["kubeconfig", "bootstrap-kubeconfig", "config", "config-dir", "cert-dir"],
        ...["container-runtime-endpoint", "anonymous-auth", "authorization-mode"],
        ...["read-only-port", "healthz-bind-address", "healthz-port", "port"],
    ],
};

/** The parts of an argument that is known. */
function plain(value: unknown): Record<string, unknown> {
    return typeof value === "object" &&
        value !== null &&
        !pulumi.Output.isInstance(value) &&
        !(value instanceof Promise)
        ? (value as Record<string, unknown>)
        : {};
}
