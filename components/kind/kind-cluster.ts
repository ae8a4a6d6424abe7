import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { kubeletProfiles, type ProfileCommands } from "../cluster/profile-paths";
import { Host, hostParts, hostRule, loginOf } from "../host/host";
import { after, hostResource, recordedFacts, textOf } from "../host/host-resource";
import { lookAt } from "../host/thing-look";
import { isLoopbackAddress, loopbackAddress } from "../internal/loopback-address";
import { machineIdentity } from "../internal/machine-identity";
import { shellLine } from "../internal/quote";
import { absolutePath, labelsRule, whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { derivedName } from "./cluster-name";
import { EngineRef } from "./container-engine";
import { engineRule } from "./engine-rule";
import { ownOrHost } from "./image-resource";
import { kindConfig, KindConfigArgs, kindConfigRules, kindNodeNames } from "./kind-config";
import { RegistryRef, registryRule } from "./local-registry";
import { binaryProblems, NodeBinaryArgs, replaceInNodes } from "./node-binaries";
import { wireRegistry } from "./node-registry";

/** Arguments of a KindCluster. */
export interface KindClusterArgs extends KindConfigArgs {
    /** Where it runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** The container engine that runs its nodes. Defaults to the host's own. */
    engine?: pulumi.Input<EngineRef>;
    /** Node image: tag of a NodeImage, or a published image by digest. A change replaces the cluster. */
    image: pulumi.Input<string>;
    /** Path of kind on the host, as of a Build of sigs.k8s.io/kind. Defaults to kind on the PATH. */
    kindPath?: pulumi.Input<string>;
    /** Path of kubectl for profileCommands. Defaults to kubectl on the PATH. */
    kubectlPath?: pulumi.Input<string>;
    /** Name in kind, and start of the nodes' names. Defaults to one derived from project, stack and name. A change replaces the cluster. */
    clusterName?: string;
    /** Address in 127.0.0.0/8 of the API server and of all ports. Defaults to one derived from user, project, stack and name. A change replaces the cluster. */
    address?: string;
    /** Labels of every node. Changes in place. */
    nodeLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Images of the engine that are loaded into the nodes. Changes in place; what was loaded stays. */
    loadImages?: pulumi.Input<pulumi.Input<string>[]>;
    /** Archives of images on the host, as docker save writes them, that are loaded into the nodes. Changes in place. */
    loadArchives?: pulumi.Input<pulumi.Input<string>[]>;
    /** Programs that its nodes run instead of their image's, by name: kubelet, kubeadm, kubectl; kube-apiserver, kube-controller-manager and kube-scheduler on control planes. A change replaces them in the running nodes. */
    binaries?: Record<string, pulumi.Input<NodeBinaryArgs>>;
    /** A registry in the same engine that its nodes pull from, of a LocalRegistry. Changes in place. Defaults to none. */
    registry?: pulumi.Input<RegistryRef>;
    /** How long nodes may take to be Ready, in seconds; 0: nobody waits. Defaults to 300, without a pod network to 0. */
    waitSec?: number;
    /** Verbosity of kind, 0 to 9. Defaults to 0. */
    verbosity?: number;
}

const rules = {
    ...kindConfigRules,
    host: hostRule,
    engine: engineRule,
    image: z
        .string({ error: "expected the tag of a NodeImage" })
        .regex(/^[a-z0-9][A-Za-z0-9._/:@-]+$/, { error: "expected the tag of a NodeImage" }),
    kindPath: absolutePath.optional(),
    kubectlPath: absolutePath.optional(),
    clusterName: z
        .string({ error: "expected a name: lower-case letters, digits and inner hyphens" })
        .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, {
            error: "expected a name: lower-case letters, digits and inner hyphens, at most 40",
        })
        .optional(),
    address: z
        .string({ error: "expected an address in 127.0.0.0/8" })
        .refine(isLoopbackAddress, {
            error: "expected an address in 127.0.0.0/8: nothing of a cluster is reachable from outside this host",
        })
        .optional(),
    nodeLabels: labelsRule.optional(),
    loadImages: z
        .array(z.string({ error: "expected the name of an image" }), {
            error: "expected a list of images",
        })
        .optional(),
    loadArchives: z.array(absolutePath, { error: "expected a list of paths" }).optional(),
    registry: registryRule,
    waitSec: whole(0, 3600, "seconds").optional(),
    verbosity: whole(0, 9, "levels").optional(),
};

/**
 * A Kubernetes cluster in containers, made by kind. A preview shows nodes that are gone, and those that only stopped, as
 * after a reboot: the former are made anew, the latter started again.
 */
export class KindCluster extends pulumi.ComponentResource {
    /** Kubeconfig of the cluster's administrator. Unknown in a preview that makes the cluster, and on a remote host in one that changes it. */
    public readonly kubeconfig: pulumi.Output<string>;
    /** Path of the kubeconfig on the host, readable for its user alone. Known in preview on this machine. */
    public readonly kubeconfigPath: pulumi.Output<string>;
    /** URL of the API server. Known in preview. */
    public readonly endpoint: pulumi.Output<string>;
    /** Address in 127.0.0.0/8 where the API server and the ports are. Known in preview. */
    public readonly address: pulumi.Output<string>;
    /** Name in kind. Known in preview. */
    public readonly clusterName: pulumi.Output<string>;
    /** Names of the nodes. Known in preview. */
    public readonly nodeNames: pulumi.Output<string[]>;
    /** The nodes as hosts, by what follows the cluster's name in theirs, as control-plane and worker2: for what is to be in one, as a BinarySwap or a DebugSession. Take one by its name, without apply. */
    public readonly nodeHosts: pulumi.Output<Record<string, Host>>;
    /** By node: commands that write profiles of its kubelet into files, through the API server. */
    public readonly profileCommands: pulumi.Output<Record<string, ProfileCommands>>;
    /** Changes whenever the cluster was made anew. What is in it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: KindClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:KindCluster", name, args, opts);
        const what = `KindCluster ${name}`;
        assertArgs(what, args, rules, ...binaryProblems(args.binaries));
        const known = checkedEach(what, args, rules);
        const identity = machineIdentity(name);
        const clusterName = args.clusterName ?? derivedName(identity.project, identity.stack, name);
        const address = args.address ?? loopbackAddress(identity);
        const config = kindConfig(args, clusterName, address);
        const waitSec = args.waitSec ?? (args.networking?.disableDefaultCNI === true ? 0 : 300);
        const child = `${name}-cluster`;
        const kind = {
            KUBEDEV_ENGINE: ownOrHost(args.engine),
            KUBEDEV_CLUSTER: clusterName,
            KUBEDEV_CONFIG: JSON.stringify(config, undefined, 2),
            KUBEDEV_IMAGE_TAG: known.image,
        };
        const seen = lookAt(what, "kind/cluster-look.sh", child, args.host, {
            ...kind,
            // One that is given may still have to be built.
            KUBEDEV_KIND: args.kindPath === undefined ? "kind" : "",
        }).apply(async ({ state, reason }) => {
            if (reason !== undefined) {
                await pulumi.log.warn(`cannot see the cluster ${clusterName}: ${reason}`);
            }
            return state;
        });
        const counts = pulumi
            .all([seen, recordedFacts(child, args.host)])
            .apply(([state, facts]) => ({
                // Only ever counted up, so that a preview shows what happened.
                generation: Number(facts?.["generation"] ?? "1") + (state === "gone" ? 1 : 0),
                starts:
                    Number(facts?.["starts"] ?? "1") +
                    (state === "stopped" || state === "unknown" ? 1 : 0),
            }));
        const cluster = hostResource(
            child,
            {
                host: args.host,
                create: "kind/cluster-create.sh",
                delete: "kind/cluster-delete.sh",
                spec: {
                    config,
                    image: known.image,
                    generation: counts.apply((count) => count.generation),
                },
                environment: {
                    ...kind,
                    KUBEDEV_KIND: known.kindPath.apply((file) => file ?? "kind"),
                    KUBEDEV_WAIT_SEC: String(waitSec),
                    KUBEDEV_VERBOSITY: String(args.verbosity ?? 0),
                    KUBEDEV_LABELS: known.nodeLabels.apply((labels) =>
                        lines(
                            Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`),
                        ),
                    ),
                    KUBEDEV_LOAD_IMAGES: known.loadImages.apply((images) => lines(images ?? [])),
                    KUBEDEV_LOAD_ARCHIVES: known.loadArchives.apply((files) => lines(files ?? [])),
                    KUBEDEV_GENERATION: counts.apply((count) => String(count.generation)),
                    KUBEDEV_STARTS: counts.apply((count) => String(count.starts)),
                },
                timeoutSec: waitSec + 600,
            },
            // The kubeconfig is printed.
            { parent: this, additionalSecretOutputs: ["stdout"] },
        );
        const running = {
            ...{ name, clusterName, host: args.host },
            ...{ engine: kind.KUBEDEV_ENGINE, id: cluster.resource.id },
        };
        const replaced = replaceInNodes(
            what,
            { ...running, nodes: args.nodes },
            args.binaries ?? {},
            { parent: this },
        );
        if (args.registry !== undefined) {
            wireRegistry(running, args.registry, { parent: this });
        }
        this.kubeconfig = pulumi.secret(
            pulumi.all([hostParts(args.host).ssh, cluster.stays, cluster.resource.urn]).apply(
                ([ssh, stays]) =>
                    // What is in a cluster that stays does not show as changed for what changes in place.
                    (ssh === undefined && stays
                        ? previewed(`${cluster.dir}/kubeconfig`)
                        : undefined) ??
                    cluster.result().apply((result) => textOf(result, "kubeconfig")),
            ),
        );
        this.kubeconfigPath = pulumi
            .all([hostParts(args.host).ssh, cluster.resource.urn])
            .apply(([ssh]) =>
                ssh === undefined
                    ? pulumi.output(`${cluster.dir}/kubeconfig`)
                    : // Printed beside a secret, but none itself.
                      pulumi.unsecret(
                          cluster.result().apply((result) => textOf(result, "kubeconfigPath")),
                      ),
            );
        this.endpoint = after(cluster.resource, `https://${address}:6443`);
        this.address = after(cluster.resource, address);
        this.clusterName = after(cluster.resource, clusterName);
        const nodeNames = kindNodeNames(clusterName, args.nodes);
        this.nodeNames = after(cluster.resource, nodeNames);
        const { ssh, running: runs } = hostParts(args.host);
        const ownEngine = kind.KUBEDEV_ENGINE.apply((which) => which === "own");
        this.nodeHosts = pulumi.output(
            byNode(nodeNames, clusterName, (node) => ({
                ssh: ssh.apply(loginOf),
                container: { name: node, ownEngine },
                parentId: cluster.instanceId,
                parentUrn: cluster.resource.urn,
                // Nobody looks at a program that is about to be another one.
                readyId: replaced.get(node)?.resource.id,
                running: runs,
            })),
        );
        this.profileCommands = pulumi
            .all([known.kubectlPath, this.kubeconfigPath])
            .apply(([kubectl, file]) => {
                const command = shellLine([kubectl ?? "kubectl", "--kubeconfig", file]);
                return byNode(nodeNames, clusterName, (node) => kubeletProfiles(command, node));
            });
        this.instanceId = cluster.instanceId;
        this.registerOutputs({
            kubeconfig: this.kubeconfig,
            kubeconfigPath: this.kubeconfigPath,
            endpoint: this.endpoint,
            address: this.address,
            clusterName: this.clusterName,
            nodeNames: this.nodeNames,
            nodeHosts: this.nodeHosts,
            profileCommands: this.profileCommands,
            instanceId: this.instanceId,
        });
    }
}

/** A file as a preview finds it. */
function previewed(file: string): string | undefined {
    return pulumi.runtime.isDryRun() && fs.existsSync(file)
        ? fs.readFileSync(file, "utf8")
        : undefined;
}

/** By what follows the cluster's name in the nodes' names: what is in a program does not depend on project and stack. */
function byNode<T>(
    names: readonly string[],
    clusterName: string,
    of: (node: string) => T,
): Record<string, T> {
    return Object.fromEntries(names.map((node) => [node.slice(clusterName.length + 1), of(node)]));
}

function lines(values: readonly string[]): string {
    return values.join("\n");
}
