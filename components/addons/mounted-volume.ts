import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { sha256 } from "../internal/hash";
import { shellLine } from "../internal/quote";
import { type KubernetesObject } from "./kubernetes-object";

/** What is made on a volume that has no file system yet. */
export enum VolumeFileSystem {
    /** The fourth extended file system. */
    Ext4 = "ext4",
    /** XFS. */
    Xfs = "xfs",
}

/** What is called like the component has room for a digest. @internal */
export function nameProblems(name: string): { propertyPath: string; reason: string }[] {
    return /^[a-z0-9]([a-z0-9-]{0,52}[a-z0-9])?$/.test(name)
        ? []
        : [
              {
                  propertyPath: "name",
                  reason: `got ${JSON.stringify(name)}; expected a name for objects of Kubernetes: lower-case letters, digits and -, at most 54`,
              },
          ];
}

/** Rule of a file system. @internal */
export const fileSystemRule = z.enum(VolumeFileSystem, { error: 'expected "ext4" or "xfs"' });

/** What the pod takes unless it is told otherwise: it has a shell and df. @internal */
export const defaultPodImage = "registry.k8s.io/e2e-test-images/busybox:1.29-4";

/** Where a claim is, and what is called like it. */
export interface ClaimPlace {
    name: string;
    namespace: string;
    /** Of what the whole cluster shares: two in different namespaces must not meet. */
    volumeName: string;
}

/**
 * The place of the claim on one volume. Another volume has other names, so that it is made beside the one before: a volume
 * cannot go as long as a claim has it, nor a claim that a pod has.
 * @internal
 */
export function placeOf(
    component: string,
    given: string | undefined,
    ...volume: string[]
): ClaimPlace {
    const namespace = given ?? "default";
    const name = `${component}-${sha256(JSON.stringify(volume)).slice(0, 8)}`;
    return { name, namespace, volumeName: `${namespace}-${name}` };
}

/** A claim, and the pod that mounts its volume; both have the same name. */
export interface MountedClaim extends Pick<ClaimPlace, "name" | "namespace"> {
    /** As Kubernetes writes quantities: 100Mi. */
    size: pulumi.Input<string>;
    /** Of the storage class; empty for a volume that is there already. */
    storageClassName: string;
    /** Of the volume, if it is there already. */
    volumeName?: string;
    podImage: pulumi.Input<string>;
    mountPath: pulumi.Input<string>;
}

/** Objects of a claim and the pod that has its volume. @internal */
export function mountedClaim(claim: MountedClaim): KubernetesObject[] {
    const metadata = { name: claim.name, namespace: claim.namespace };
    const { storageClassName, volumeName, mountPath } = claim;
    return [
        {
            ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata },
            spec: {
                accessModes: ["ReadWriteOnce"],
                resources: { requests: { storage: claim.size } },
                storageClassName,
                ...(volumeName === undefined ? {} : { volumeName }),
            },
        },
        {
            ...{ apiVersion: "v1", kind: "Pod", metadata },
            spec: {
                nodeSelector: { "kubernetes.io/os": "linux" },
                containers: [
                    {
                        ...{ name: "main", image: claim.podImage, command: ["sleep", "infinity"] },
                        volumeMounts: [{ name: "volume", mountPath }],
                    },
                ],
                // It takes no signal: nothing is lost when it ends at once.
                terminationGracePeriodSeconds: 1,
                volumes: [{ name: "volume", persistentVolumeClaim: { claimName: claim.name } }],
            },
        },
    ];
}

/** Command that shows the volume where the pod has it. @internal */
export function mountCheck(namespace: string, name: string, mountPath: string): string {
    return shellLine(["kubectl", "-n", namespace, "exec", name, "--", "df", "-h", mountPath]);
}

/** What leads from the storage to the pod, one a field, in the order in which it happens. */
export interface MountChain extends ClaimPlace {
    /** Who makes the volume the node's. */
    attach: string;
    /** How the node finds the device. */
    find: string;
    fileSystem: string;
    driver: string;
    /** Where the node mounts the device, below the driver's folder. */
    staged: string;
    mountPath: string;
}

/** The chain as text, a step a line. @internal */
export function mountChain(chain: MountChain): string {
    const kubelet = "/var/lib/kubelet";
    const pod = `<uid of pod ${chain.namespace}/${chain.name}>`;
    return [
        ["attach", chain.attach],
        ["find", chain.find],
        ["format", `mkfs.${chain.fileSystem}, if there is no file system on it`],
        ["mount", `${kubelet}/plugins/kubernetes.io/csi/${chain.driver}/${chain.staged}`],
        ["bind", `${kubelet}/pods/${pod}/volumes/kubernetes.io~csi/${chain.volumeName}/mount`],
        ["pod", `${chain.mountPath} in container main of pod ${chain.namespace}/${chain.name}`],
    ]
        .map(([verb = "", text = ""]) => `${verb.padEnd(8)}${text}\n`)
        .join("");
}

/**
 * One pod where a manifest has several of a Deployment, each on a node of its own: a cluster to develop on has one node
 * as often as not.
 * @internal
 */
export function onePod(object: KubernetesObject): KubernetesObject {
    return object.kind === "Deployment"
        ? { ...object, spec: { ...(object["spec"] as object), replicas: 1 } }
        : object;
}
