import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host } from "../host/host";
import { hostResource, HostResource } from "../host/host-resource";
import { absolutePath } from "../internal/rules";
import { script } from "../internal/scripts";
import { checkedEach } from "../internal/validate";
import { KindNodeArgs, kindNodeNames, KindRole } from "./kind-config";

/** A program for nodes of kind: one of a Build's binaries, or any other static program for Linux. */
export interface NodeBinaryArgs {
    /** Absolute path on the host. */
    path: pulumi.Input<string>;
    /** What tells it from another one, as the fingerprint of a Build's binary or a SHA-256. */
    fingerprint: pulumi.Input<string>;
}

/** Programs for nodes by name, of which nothing need be known but the names. @internal */
export type NodeBinariesArgs = Record<string, pulumi.Input<NodeBinaryArgs>>;

const everywhere = ["kubelet", "kubeadm", "kubectl"];
const controlPlane = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
// The API server first: it may be newer than what asks it, not older.
const inOrder = ["kubectl", "kubeadm", ...controlPlane, "kubelet"];

/** What a program for nodes, or for an image, must look like. @internal */
export const binaryRules = {
    path: absolutePath,
    fingerprint: z
        .string({ error: "expected the fingerprint of a binary, or its SHA-256" })
        .regex(/^[A-Za-z0-9._:-]+$/, {
            error: "expected the fingerprint of a binary, or its SHA-256",
        }),
};

/** What is wrong with the names of programs. @internal */
export function binaryProblems(
    binaries: NodeBinariesArgs | undefined,
): { propertyPath: string; reason: string }[] {
    return Object.keys(binaries ?? {})
        .filter((name) => !inOrder.includes(name))
        .map((name) => ({
            propertyPath: `binaries.${name}`,
            reason: `got ${JSON.stringify(name)}; expected one of ${inOrder.join(", ")}${
                name === "kube-proxy"
                    ? "; kube-proxy's image has more in it than the program: build a NodeImage of another version"
                    : ""
            }`,
        }));
}

/** Lines for scripts/kind/node-binaries.sh: program, fingerprint, path. @internal */
export function binaryLines(
    what: string,
    binaries: NodeBinariesArgs,
    role?: KindRole,
): pulumi.Output<string> {
    const names = programsOf(binaries, role);
    return pulumi
        .all(
            names.map((name) => {
                // Of an output, each property is known by itself.
                const binary = pulumi.output(binaries[name] as pulumi.Input<NodeBinaryArgs>);
                const { path, fingerprint } = checkedEach(
                    `${what} binaries.${name}`,
                    { path: binary.path, fingerprint: binary.fingerprint },
                    binaryRules,
                );
                return pulumi.interpolate`${name} ${fingerprint} ${path}`;
            }),
        )
        .apply((lines) => lines.join("\n"));
}

/** Of the programs, those that a node of this role runs; all of them without a role. */
function programsOf(binaries: NodeBinariesArgs, role: KindRole | undefined): string[] {
    const apply = role === KindRole.Worker ? everywhere : inOrder;
    return inOrder.filter((name) => apply.includes(name) && binaries[name] !== undefined);
}

/** A cluster whose nodes get other programs. */
interface RunningCluster {
    name: string;
    host: pulumi.Input<Host> | undefined;
    /** As scripts/kind/engine.sh takes it. */
    engine: pulumi.Input<string>;
    clusterName: string;
    nodes: readonly KindNodeArgs[] | undefined;
    /** Id of the resource that makes the cluster. */
    id: pulumi.Input<string>;
}

/**
 * Puts programs into the nodes of a cluster that runs: a resource for each node, so that a preview names those that get
 * another one. That is an update in place, which leaves the one before where it was if the new one is not healthy.
 * @internal
 */
export function replaceInNodes(
    what: string,
    cluster: RunningCluster,
    binaries: NodeBinariesArgs,
    opts: pulumi.CustomResourceOptions,
): ReadonlyMap<string, HostResource> {
    const replaced = new Map<string, HostResource>();
    const names = kindNodeNames(cluster.clusterName, cluster.nodes);
    (cluster.nodes ?? [{}]).forEach(({ role = KindRole.ControlPlane }, at) => {
        const programs = programsOf(binaries, role);
        if (programs.length === 0) {
            return;
        }
        const node = names[at] ?? "";
        const one = hostResource(
            `${cluster.name}-${node.slice(cluster.clusterName.length + 1)}-binaries`,
            {
                host: cluster.host,
                create: "kind/node-binaries.sh",
                delete: "kind/node-binaries-restore.sh",
                spec: { node },
                environment: {
                    KUBEDEV_ENGINE: cluster.engine,
                    KUBEDEV_NODE: node,
                    KUBEDEV_BINARIES: binaryLines(what, binaries, role),
                    KUBEDEV_NODE_SWAP: script("kind/node-swap.sh"),
                },
                parents: [cluster.id],
                // Each may take as long as its health check, and as long again to be given back.
                timeoutSec: 120 + 180 * programs.length,
            },
            opts,
        );
        replaced.set(node, one);
    });
    return replaced;
}
