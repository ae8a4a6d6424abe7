import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { AzureDiskSku, diskSkuRule } from "../azure/disk-sku";
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
    mountChain,
    mountCheck,
    mountedClaim,
    nameProblems,
    onePod,
    placeOf,
    VolumeFileSystem,
} from "./mounted-volume";
import { type ManifestArgs, manifestsRule, published } from "./published-manifest";
import { azureDiskCsiManifests } from "./upstream-manifests";

/** Arguments of an AzureDiskVolume. */
export interface AzureDiskVolumeArgs extends ClusterAccessArgs {
    /** Manifests of the CSI driver. Defaults to those of Azure Disk CSI 1.34.5 for Linux nodes; an empty list where the cluster has the driver, as AKS does. */
    manifests?: ManifestArgs[];
    /** What the driver logs in to Azure with: text of an azure.json. It is a secret in the state. Defaults to /etc/kubernetes/azure.json of the nodes. */
    cloudConfig?: pulumi.Input<string>;
    /** Kind of the disk. Defaults to StandardSSD_LRS. */
    sku?: AzureDiskSku;
    /** Size of the disk in GiB, which can only grow. Defaults to 10. */
    sizeGib?: pulumi.Input<number>;
    /** What is made on the disk. Defaults to ext4. */
    fileSystem?: VolumeFileSystem;
    /** Namespace of claim and pod, which is there. Defaults to default. */
    namespace?: string;
    /** Where the pod has the volume. Defaults to /mnt/azure. */
    mountPath?: pulumi.Input<string>;
    /** Image of the pod, with `sleep`. Defaults to registry.k8s.io/e2e-test-images/busybox:1.29-4. */
    podImage?: pulumi.Input<string>;
}

const rules = {
    ...accessRules,
    manifests: manifestsRule.optional(),
    cloudConfig: z
        .string({ error: "expected the text of an azure.json" })
        .regex(/^\s*\{/, { error: "expected the text of an azure.json, not its path" })
        .optional(),
    sku: diskSkuRule.optional(),
    sizeGib: whole(1, 65536, "GiB").optional(),
    fileSystem: fileSystemRule.optional(),
    namespace: namespaceName.optional(),
    mountPath: absolutePath.optional(),
    podImage: imageName.optional(),
};

/** A disk of Azure as a volume, mounted in a pod: the CSI driver, a storage class, a claim. */
export class AzureDiskVolume extends pulumi.ComponentResource {
    /** Name of the claim, for pods of one's own. */
    public readonly claimName: pulumi.Output<string>;
    /** What leads from the disk to the pod, step by step. Known in preview as soon as the arguments are. */
    public readonly mountChain: pulumi.Output<string>;
    /** Command that shows the volume in the pod. */
    public readonly mountCheck: pulumi.Output<string>;
    /** Every image that is taken, after rewriting. Known in preview, but for manifests that are not downloaded yet. */
    public readonly images: pulumi.Output<string[]>;
    /** True once the driver and the pod run, and with it the disk is mounted. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: AzureDiskVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
        const { cloudConfig } = args;
        const secrets =
            cloudConfig === undefined ? {} : { cloudConfig: pulumi.secret(cloudConfig) };
        const given = { ...withSecretKubeconfig(args), ...secrets };
        super("kubedev:index:AzureDiskVolume", name, given, opts);
        const what = `AzureDiskVolume ${name}`;
        // What is wrong with a secret is seen below, where its value is not shown.
        assertArgs(what, { ...args, ...secrets }, rules, ...nameProblems(name));
        const known = checkedEach(what, given, rules);

        const sku = args.sku ?? AzureDiskSku.StandardSsdLrs;
        const fileSystem = args.fileSystem ?? VolumeFileSystem.Ext4;
        const place = placeOf(name, args.namespace, sku, fileSystem);
        const mountPath = known.mountPath.apply((given) => given ?? "/mnt/azure");
        const objects = azureDiskObjects({
            ...{ ...place, sku, fileSystem, mountPath },
            size: known.sizeGib.apply((gib) => `${String(gib ?? 10)}Gi`),
            podImage: known.podImage.apply((image) => image ?? defaultPodImage),
        });
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [
                ...(args.manifests ?? azureDiskCsiManifests).map((manifest) =>
                    published(what, name, manifest, this, onePod),
                ),
                {
                    objects:
                        cloudConfig === undefined
                            ? []
                            : [cloudSecret(known.cloudConfig as pulumi.Output<string>)],
                },
                { objects },
            ],
        );
        this.claimName = pulumi.output(place.name);
        // As volumes are called that are made for a claim.
        const volumeName = `pvc-<uid of claim ${place.namespace}/${place.name}>`;
        this.mountChain = mountPath.apply((mountPath) =>
            mountChain({ ...place, ...azureSteps, volumeName, fileSystem, mountPath }),
        );
        this.mountCheck = mountPath.apply((mountPath) =>
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

const driver = "disk.csi.azure.com";

/** What is of Azure in the chain. @internal */
export const azureSteps = {
    driver,
    attach: `VolumeAttachment of ${driver}: its controller attaches the disk to the node's machine at a free LUN`,
    find: "rescan of the SCSI hosts on the node: /dev/disk/azure/scsi1/lun<n>, with NVMe /dev/disk/azure/data/by-lun/<n>",
    staged: "<sha256 of the volume's handle>/globalmount",
};

interface AzureDiskParts extends ClaimPlace {
    sku: string;
    fileSystem: string;
    size: pulumi.Input<string>;
    mountPath: pulumi.Input<string>;
    podImage: pulumi.Input<string>;
}

/** Where the driver looks for what it logs in with. */
function cloudSecret(cloudConfig: pulumi.Input<string>): KubernetesObject {
    return {
        ...{ apiVersion: "v1", kind: "Secret" },
        metadata: { name: "azure-cloud-provider", namespace: "kube-system" },
        stringData: { "cloud-config": cloudConfig },
    };
}

/** The storage class, a claim of it, a pod with its volume. @internal */
export function azureDiskObjects(parts: AzureDiskParts): KubernetesObject[] {
    const { name, namespace, volumeName, size, podImage, mountPath } = parts;
    return [
        {
            ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
            ...{ metadata: { name: volumeName }, provisioner: driver },
            parameters: { skuName: parts.sku, fsType: parts.fileSystem },
            ...{ reclaimPolicy: "Delete", allowVolumeExpansion: true },
            // Where the pod runs decides in which zone the disk is.
            volumeBindingMode: "WaitForFirstConsumer",
        },
        ...mountedClaim({
            ...{ name, namespace, size, podImage, mountPath, storageClassName: volumeName },
        }),
    ];
}
