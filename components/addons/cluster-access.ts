import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { whole, yesOrNo } from "../internal/rules";
import type { ArgRules } from "../internal/validate";

/** When a node asks a registry for an image, as in the Kubernetes API. */
export enum ImagePullPolicy {
    /** Whenever a container starts. */
    Always = "Always",
    /** When the node does not have it. What is loaded into the nodes is used as it is. */
    IfNotPresent = "IfNotPresent",
    /** Never: the image has to be loaded into the nodes. */
    Never = "Never",
}

/** Which cluster an add-on is for, and where its images come from. */
export interface ClusterAccessArgs {
    /** Text of the cluster's kubeconfig. It is a secret in the state. A new one of the same server changes nothing in the cluster. */
    kubeconfig: pulumi.Input<string>;
    /** What tells the cluster from the one that stood there before, as instanceId of a KindCluster. Another value: all objects are made anew, nothing is removed from the one before. Defaults to the server and the authority in the kubeconfig. */
    instanceId?: pulumi.Input<string>;
    /** True: objects in a cluster that does not answer any more are dropped from the state, instead of failing the run that removes them. Defaults to false. */
    deleteUnreachable?: pulumi.Input<boolean>;
    /** Longest time in seconds that one object may take to be made, ready, changed or removed. Defaults to 600. */
    timeoutSec?: number;
    /** Where images come from, by registry or path in it: `registry.k8s.io: mirror.example/k8s`. The longest one that fits counts. Defaults to none. */
    registryMirrors?: Record<string, string>;
    /** Images that are taken instead of others, for those that are loaded into the nodes: by their names as written, or with registry. Counts before registryMirrors. Defaults to none. */
    imageMap?: Record<string, string>;
    /** When nodes ask a registry for the images. Defaults to what each container says. */
    imagePullPolicy?: ImagePullPolicy;
}

const registry = z
    .string({ error: "expected a registry, or a path in one" })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*[A-Za-z0-9]$/, {
        error: "expected a registry, or a path in one, without a scheme: mirror.example:5000/k8s",
    });

/** Name of an image, with or without registry, tag, digest. @internal */
export const imageName = z
    .string({ error: "expected the name of an image" })
    .regex(/^[a-z0-9][A-Za-z0-9._:/@-]*$/, {
        error: 'expected the name of an image, as "registry.k8s.io/pause:3.10"',
    });

/** A name as RFC 1123 has it for labels. @internal */
export const namespaceName = z
    .string({ error: "expected the name of a namespace" })
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
        error: "expected the name of a namespace: lower-case letters, digits and -, at most 63",
    });

/** Rules of `ClusterAccessArgs`. @internal */
export const accessRules = {
    kubeconfig: z.string({ error: "expected the text of a kubeconfig" }).regex(/[\n{]/, {
        error: "expected the text of a kubeconfig, not its path: read the file",
    }),
    instanceId: z
        .string({ error: "expected a text" })
        .min(1, { error: "expected a text" })
        .optional(),
    deleteUnreachable: yesOrNo.optional(),
    timeoutSec: whole(1, 86400, "seconds").optional(),
    registryMirrors: z
        .record(registry, registry, { error: "expected a registry by each registry" })
        .optional(),
    imageMap: z
        .record(imageName, imageName, { error: "expected an image by each image" })
        .optional(),
    imagePullPolicy: z
        .enum(ImagePullPolicy, { error: 'expected "Always", "IfNotPresent" or "Never"' })
        .optional(),
} satisfies ArgRules<ClusterAccessArgs>;

/** Version of the plugin: that of @pulumi/kubernetes, by which Pulumi knows what a program takes. */
export const pluginVersion = "4.34.2";

/** The same arguments with the kubeconfig marked, since a component's arguments are kept in the state. */
export function withSecretKubeconfig<Args extends ClusterAccessArgs>(args: Args): Args {
    return { ...args, kubeconfig: pulumi.secret(args.kubeconfig) };
}

/** The connection to the cluster. `namespace` is that of objects that name none. */
export function clusterProvider(
    name: string,
    args: ClusterAccessArgs,
    namespace: string | undefined,
    parent: pulumi.Resource,
): pulumi.ProviderResource {
    return new ClusterProvider(
        "kubernetes",
        `${name}-cluster`,
        {
            kubeconfig: pulumi.secret(args.kubeconfig),
            // Then the objects themselves are made anew, not this: of a run that replaces the cluster, the engine would close
            // the old connection while it asks by it what else is to be replaced.
            clusterIdentifier: args.instanceId === undefined ? undefined : "by-instance-id",
            deleteUnreachable: pulumi
                .output(args.deleteUnreachable)
                .apply((given) => String(given ?? false)),
            namespace,
        },
        { parent, version: pluginVersion },
    );
}

/** Not the class of @pulumi/kubernetes, which adds nothing to this, but six megabytes of types to what every run reads. */
class ClusterProvider extends pulumi.ProviderResource {}
