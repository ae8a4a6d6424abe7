import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { absolutePath } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import {
    accessRules,
    type ClusterAccessArgs,
    imageName,
    withSecretKubeconfig,
} from "./cluster-access";
import { declareObjects } from "./cluster-objects";
import { rewriteImage } from "./image-rewriting";
import { type KubernetesObject } from "./kubernetes-object";
import { fileSystemRule, VolumeFileSystem } from "./mounted-volume";
import { type ManifestArgs, manifestsRule, published } from "./published-manifest";
import { rookManifests } from "./upstream-manifests";

/** Arguments of a CephDemo. */
export interface CephDemoArgs extends ClusterAccessArgs {
    /** Manifests of Rook's operator, with its definitions, in the namespace rook-ceph. Defaults to those of Rook 1.20.6. */
    manifests?: ManifestArgs[];
    /** Names of the nodes' disks that Ceph takes, as a regular expression: ^vd[b-z]$. Only disks without partitions and file systems are taken. */
    deviceFilter: pulumi.Input<string>;
    /** Image of Ceph. Defaults to quay.io/ceph/ceph:v20.2.4. */
    image?: pulumi.Input<string>;
    /** Folder on the nodes for the data of monitors. Defaults to /var/lib/rook. */
    dataDirHostPath?: pulumi.Input<string>;
    /** Name of the storage class. Defaults to rook-ceph-block. */
    storageClassName?: string;
    /** What is made on its volumes. Defaults to ext4. */
    fileSystem?: pulumi.Input<VolumeFileSystem>;
}

const rules = {
    ...accessRules,
    manifests: manifestsRule.min(1, { error: "expected at least that of the operator" }).optional(),
    deviceFilter: z
        .string({ error: "expected a regular expression" })
        .refine(isPattern, { error: "expected a regular expression, as ^vd[b-z]$" }),
    image: imageName.optional(),
    dataDirHostPath: absolutePath.optional(),
    storageClassName: z
        .string({ error: "expected the name of a storage class" })
        .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, {
            error: "expected the name of a storage class",
        })
        .optional(),
    fileSystem: fileSystemRule.optional(),
};

/** A Ceph of one monitor that keeps everything once, by Rook, and a storage class of it. Not for data that matter. */
export class CephDemo extends pulumi.ComponentResource {
    /** Name of the storage class, for claims. */
    public readonly storageClassName: pulumi.Output<string>;
    /** Command that prints how Ceph is. Known in preview. */
    public readonly statusCommand: pulumi.Output<string>;
    /** Images that the manifests name and that of Ceph, after rewriting. The operators take more, for CSI. */
    public readonly images: pulumi.Output<string[]>;
    /** True once the operators run and know what to make. Ceph itself comes after that: see statusCommand. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: CephDemoArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = withSecretKubeconfig(args);
        super("kubedev:index:CephDemo", name, given, opts);
        const what = `CephDemo ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, given, rules);

        const storageClassName = args.storageClassName ?? "rook-ceph-block";
        // No container of ours names it: the operator makes those.
        const image = known.image.apply((image) =>
            rewriteImage(image ?? "quay.io/ceph/ceph:v20.2.4", {
                registryMirrors: args.registryMirrors ?? {},
                imageMap: args.imageMap ?? {},
            }),
        );
        const objects = cephObjects({
            ...{ storageClassName, image, deviceFilter: known.deviceFilter },
            dataDirHostPath: known.dataDirHostPath.apply((path) => path ?? "/var/lib/rook"),
            fileSystem: known.fileSystem.apply((given) => given ?? VolumeFileSystem.Ext4),
        });
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [
                ...(args.manifests ?? rookManifests).map((manifest) =>
                    published(what, name, manifest, this),
                ),
                { objects },
            ],
        );
        this.storageClassName = pulumi.output(storageClassName);
        this.statusCommand = pulumi.output(
            `kubectl -n ${namespace} get cephcluster ${clusterName} -o yaml`,
        );
        this.images = pulumi
            .all([declared.images, image])
            .apply(([images, ofCeph]) => [...new Set([...images, ofCeph])].sort());
        this.ready = declared.ready;
        this.registerOutputs({
            ...{ storageClassName: this.storageClassName, statusCommand: this.statusCommand },
            ...{ images: this.images, ready: this.ready },
        });
    }
}

function isPattern(text: string): boolean {
    try {
        return text !== "" && new RegExp(text) instanceof RegExp;
    } catch {
        return false;
    }
}

/** What Rook's manifests have. */
const namespace = "rook-ceph";
const clusterName = "rook-ceph";
const poolName = "replicapool";

interface CephParts {
    storageClassName: string;
    image: pulumi.Input<string>;
    deviceFilter: pulumi.Input<string>;
    dataDirHostPath: pulumi.Input<string>;
    fileSystem: pulumi.Input<string>;
}

/** What Rook's operator is told, and the storage class. @internal */
export function cephObjects(parts: CephParts): KubernetesObject[] {
    const ofRook = (kind: string, name: string, spec: object) => ({
        ...{ apiVersion: "ceph.rook.io/v1", kind, metadata: { name, namespace }, spec },
    });
    // On one disk there is no second place for a copy.
    const once = { size: 1, requireSafeReplicaSize: false };
    return [
        ofRook("CephCluster", clusterName, {
            cephVersion: { image: parts.image },
            dataDirHostPath: parts.dataDirHostPath,
            mon: { count: 1, allowMultiplePerNode: true },
            mgr: { count: 1, allowMultiplePerNode: true },
            crashCollector: { disable: true },
            dashboard: { enabled: false },
            // Kernels before 7.0 know no other.
            security: { cephx: { csi: { keyType: "aes" } } },
            storage: {
                ...{ useAllNodes: true, useAllDevices: false, deviceFilter: parts.deviceFilter },
            },
            cephConfig: {
                global: {
                    osd_pool_default_size: "1",
                    mon_warn_on_pool_no_redundancy: "false",
                },
            },
        }),
        // The manager's own, which Ceph makes by itself, but with three copies.
        ofRook("CephBlockPool", "builtin-mgr", { name: ".mgr", replicated: once }),
        ofRook("CephBlockPool", poolName, { failureDomain: "osd", replicated: once }),
        blockClass(parts.storageClassName, parts.fileSystem),
    ];
}

/** Volumes of the pool, by the CSI driver that Rook's operator installs. */
function blockClass(name: string, fileSystem: pulumi.Input<string>): KubernetesObject {
    const secretOf = { node: "rook-csi-rbd-node", controller: "rook-csi-rbd-provisioner" };
    const secrets = Object.entries({
        provisioner: secretOf.controller,
        "controller-expand": secretOf.controller,
        "controller-publish": secretOf.controller,
        "node-stage": secretOf.node,
    }).flatMap(([step, secret]) => [
        [`csi.storage.k8s.io/${step}-secret-name`, secret],
        [`csi.storage.k8s.io/${step}-secret-namespace`, namespace],
    ]);
    return {
        ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name } },
        provisioner: `${namespace}.rbd.csi.ceph.com`,
        parameters: {
            ...{ clusterID: namespace, pool: poolName },
            ...{ imageFormat: "2", imageFeatures: "layering" },
            ...(Object.fromEntries(secrets) as Record<string, string>),
            "csi.storage.k8s.io/fstype": fileSystem,
        },
        ...{ reclaimPolicy: "Delete", allowVolumeExpansion: true },
    };
}
