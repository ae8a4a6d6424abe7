import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { sha256 } from "../internal/hash";
import { absolutePath, whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import {
    accessRules,
    type ClusterAccessArgs,
    imageName,
    namespaceName,
    withSecretKubeconfig,
} from "./cluster-access";
import { declareObjects } from "./cluster-objects";
import { type KubernetesObject } from "./kubernetes-object";
import {
    type ClaimPlace,
    defaultPodImage,
    fileSystemRule,
    type MountChain,
    mountChain,
    mountCheck,
    mountedClaim,
    nameProblems,
    onePod,
    placeOf,
    VolumeFileSystem,
} from "./mounted-volume";
import { type ManifestArgs, manifestsRule, published } from "./published-manifest";
import { cephCsiManifests } from "./upstream-manifests";

/** Arguments of an RbdVolume. */
export interface RbdVolumeArgs extends ClusterAccessArgs {
    /** Manifests of the CSI driver. Defaults to those of ceph-csi 3.12.2; an empty list where the cluster has the driver and its configuration. */
    manifests?: ManifestArgs[];
    /** What the driver's configuration calls the Ceph cluster. Defaults to ceph; with a driver that is there, it is what its configuration says. */
    cephCluster?: string;
    /** Addresses of its monitors, with ports: 172.18.0.1:6789. */
    monitors: pulumi.Input<pulumi.Input<string>[]>;
    /** Name of a cephx user with the rbd profiles, without `client.`. */
    userId: pulumi.Input<string>;
    /** Key of that user, as `ceph auth get-key` prints it. It is a secret in the state. */
    userKey: pulumi.Input<string>;
    /** RBD image, which is there. */
    rbdImage: string;
    /** Pool that the image is in. Defaults to rbd. */
    pool?: string;
    /** Size of the image in MiB, which the claim asks for. Defaults to 100. */
    sizeMib?: number;
    /** What is made on an image without a file system. Defaults to ext4. */
    fileSystem?: VolumeFileSystem;
    /** Namespace of claim and pod, which is there. Defaults to default. */
    namespace?: string;
    /** Where the pod has the volume. Defaults to /mnt/rbd. */
    mountPath?: pulumi.Input<string>;
    /** Image of the pod, with `sleep`. Defaults to registry.k8s.io/e2e-test-images/busybox:1.29-4. */
    podImage?: pulumi.Input<string>;
}

const cephName = (what: string) =>
    z
        .string({ error: `expected ${what}` })
        .regex(/^[A-Za-z0-9][\w.-]*$/, { error: `expected ${what}` });

const rules = {
    ...accessRules,
    manifests: manifestsRule.optional(),
    cephCluster: cephName("a name of the Ceph cluster").optional(),
    monitors: z
        .array(
            z
                .string({ error: "expected an address with a port" })
                .regex(/^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, {
                    error: "expected an address with a port, as 172.18.0.1:6789",
                }),
            { error: "expected a list of addresses" },
        )
        .min(1, { error: "expected at least one address" }),
    userId: cephName("the name of a cephx user").refine((id) => !id.startsWith("client."), {
        error: "expected a name without client.",
    }),
    userKey: z
        .string({ error: "expected a key of cephx" })
        .regex(/^[A-Za-z0-9+/]+=*$/, { error: "expected a key of cephx, as it is, in one line" }),
    rbdImage: cephName("the name of an RBD image"),
    pool: cephName("the name of a pool").optional(),
    sizeMib: whole(1, 2 ** 40, "MiB").optional(),
    fileSystem: fileSystemRule.optional(),
    namespace: namespaceName.optional(),
    mountPath: absolutePath.optional(),
    podImage: imageName.optional(),
};

/** An RBD image of a Ceph cluster as a volume, mounted in a pod: ceph-csi, its configuration, the volume, a claim. */
export class RbdVolume extends pulumi.ComponentResource {
    /** Name of the claim, for pods of one's own. */
    public readonly claimName: pulumi.Output<string>;
    /** What leads from the image to the pod, step by step. Known in preview as soon as the arguments are. */
    public readonly mountChain: pulumi.Output<string>;
    /** Command that shows the volume in the pod. */
    public readonly mountCheck: pulumi.Output<string>;
    /** Every image that is taken, after rewriting. Known in preview, but for manifests that are not downloaded yet. */
    public readonly images: pulumi.Output<string[]>;
    /** True once the driver and the pod run, and with it the volume is mounted. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: RbdVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = { ...withSecretKubeconfig(args), userKey: pulumi.secret(args.userKey) };
        super("kubedev:index:RbdVolume", name, given, opts);
        const what = `RbdVolume ${name}`;
        // A key that is wrong must not be shown: it is looked at below, as a secret.
        assertArgs(what, { ...args, userKey: given.userKey }, rules, ...nameProblems(name));
        const known = checkedEach(what, given, rules);

        const volume = {
            cephCluster: args.cephCluster ?? "ceph",
            ...{ pool: args.pool ?? "rbd", rbdImage: args.rbdImage },
            fileSystem: args.fileSystem ?? VolumeFileSystem.Ext4,
            // What the driver did not make it does not grow.
            size: `${String(args.sizeMib ?? 100)}Mi`,
        };
        const place = placeOf(name, args.namespace, ...Object.values(volume));
        const parts = {
            ...{ ...place, ...volume, monitors: known.monitors },
            ...{ userId: known.userId, userKey: known.userKey },
            mountPath: known.mountPath.apply((given) => given ?? "/mnt/rbd"),
            podImage: known.podImage.apply((image) => image ?? defaultPodImage),
        };
        const manifests = args.manifests ?? cephCsiManifests;
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [
                ...manifests.map((manifest) => published(what, name, manifest, this, onePod)),
                // Without a driver of ours, its configuration is somebody else's too.
                { objects: manifests.length === 0 ? [] : driverConfiguration(parts) },
                { objects: rbdObjects(parts) },
            ],
            driverNamespace,
        );
        this.claimName = pulumi.output(place.name);
        const steps = rbdSteps(volume.pool, volume.rbdImage);
        this.mountChain = parts.mountPath.apply((mountPath) =>
            mountChain({ ...place, ...steps, fileSystem: volume.fileSystem, mountPath }),
        );
        this.mountCheck = parts.mountPath.apply((mountPath) =>
            mountCheck(place.namespace, place.name, mountPath),
        );
        this.images = declared.images;
        this.ready = declared.ready;
        this.registerOutputs({
            ...{ claimName: this.claimName, mountChain: this.mountChain },
            ...{ mountCheck: this.mountCheck, images: this.images, ready: this.ready },
        });
    }
}

const driver = "rbd.csi.ceph.com";
/** What ceph-csi's manifests have. */
const driverNamespace = "default";

interface RbdParts extends ClaimPlace {
    cephCluster: string;
    monitors: pulumi.Input<pulumi.Input<string>[]>;
    userId: pulumi.Input<string>;
    userKey: pulumi.Input<string>;
    rbdImage: string;
    pool: string;
    fileSystem: string;
    size: string;
    mountPath: pulumi.Input<string>;
    podImage: pulumi.Input<string>;
}

/** What ceph-csi reads: where clusters are, and that nothing is encrypted. @internal */
export function driverConfiguration({
    cephCluster,
    monitors,
}: Pick<RbdParts, "cephCluster" | "monitors">): KubernetesObject[] {
    const configMap = (name: string, config: pulumi.Input<string>) => ({
        ...{ apiVersion: "v1", kind: "ConfigMap" },
        metadata: { name, namespace: driverNamespace },
        data: { "config.json": config },
    });
    const clusters = pulumi
        .output(monitors)
        .apply((addresses) => JSON.stringify([{ clusterID: cephCluster, monitors: addresses }]));
    return [
        configMap("ceph-csi-config", clusters),
        configMap("ceph-csi-encryption-kms-config", "{}"),
    ];
}

/** The volume, a claim on it, a pod with it, and what the driver logs in with. @internal */
export function rbdObjects(parts: RbdParts): KubernetesObject[] {
    const { name, namespace, volumeName } = parts;
    return [
        {
            ...{ apiVersion: "v1", kind: "Secret", metadata: { name, namespace } },
            stringData: { userID: parts.userId, userKey: parts.userKey },
        },
        {
            ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: volumeName } },
            spec: {
                ...{ accessModes: ["ReadWriteOnce"], capacity: { storage: parts.size } },
                // The driver cannot remove an image that it did not make.
                persistentVolumeReclaimPolicy: "Retain",
                storageClassName: "",
                claimRef: { name, namespace },
                csi: {
                    ...{ driver, fsType: parts.fileSystem, volumeHandle: parts.rbdImage },
                    nodeStageSecretRef: { name, namespace },
                    volumeAttributes: {
                        ...{ clusterID: parts.cephCluster, pool: parts.pool },
                        ...{ staticVolume: "true", imageFeatures: "layering" },
                    },
                },
            },
        },
        ...mountedClaim({ ...parts, storageClassName: "" }),
    ];
}

/** What is of RBD in the chain. @internal */
export function rbdSteps(
    pool: string,
    image: string,
): Pick<MountChain, "driver" | "attach" | "find" | "staged"> {
    return {
        driver,
        attach: `VolumeAttachment of ${driver}; nothing happens in Ceph yet`,
        find: `rbd map ${pool}/${image} on the node: /dev/rbd<n>, also /dev/rbd/${pool}/${image}`,
        staged: `${sha256(image)}/globalmount/${image}`,
    };
}
