import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { parseRange } from "../internal/address-range";
import { whole, yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { accessRules, type ClusterAccessArgs, withSecretKubeconfig } from "./cluster-access";
import { declareObjects } from "./cluster-objects";
import { type KubernetesObject } from "./kubernetes-object";
import { type ManifestArgs, manifestsRule, published } from "./published-manifest";
import { calicoManifests } from "./upstream-manifests";

/** How packets between pods of different nodes travel, as in Calico's Installation. */
export enum CalicoEncapsulation {
    /** As they are: the network between the nodes has to know the way. */
    None = "None",
    /** In IP. */
    IPIP = "IPIP",
    /** In IP between nodes of different networks, as they are within one. */
    IPIPCrossSubnet = "IPIPCrossSubnet",
    /** In VXLAN. */
    VXLAN = "VXLAN",
    /** In VXLAN between nodes of different networks, as they are within one. */
    VXLANCrossSubnet = "VXLANCrossSubnet",
}

/** Arguments of a CalicoNetwork. */
export interface CalicoNetworkArgs extends ClusterAccessArgs {
    /** Manifests of Calico's operator, with its definitions: operator-crds.yaml, where the release has it, and tigera-operator.yaml. Defaults to those of Calico 3.32.1. */
    manifests?: ManifestArgs[];
    /** Range of pod addresses: that of the cluster, or a part of it. */
    podSubnet: pulumi.Input<string>;
    /** How packets travel between nodes. Defaults to VXLANCrossSubnet. */
    encapsulation?: pulumi.Input<CalicoEncapsulation>;
    /** Length of the prefix of the block that a node takes addresses from. Defaults to 26; for IPv6 to 122. */
    blockSize?: pulumi.Input<number>;
    /** Whether packets that leave the cluster get the address of their node. Defaults to true. */
    natOutgoing?: pulumi.Input<boolean>;
    /** Registry that the operator takes Calico's other images from, which no manifest names. Defaults to its own, docker.io or quay.io. */
    imageRegistry?: pulumi.Input<string>;
    /** Path in that registry. Defaults to that of each image, as calico. */
    imagePath?: pulumi.Input<string>;
}

const encapsulationNames = Object.values(CalicoEncapsulation).map((each) => `"${each}"`);
const rules = {
    ...accessRules,
    manifests: manifestsRule.min(1, { error: "expected at least that of the operator" }).optional(),
    podSubnet: z
        .string({ error: "expected a range of addresses" })
        .refine((text) => parseRange(text) !== undefined, {
            error: "expected a range of addresses that begins at its first one, as 10.244.0.0/16",
        }),
    encapsulation: z
        .enum(CalicoEncapsulation, { error: `expected one of ${encapsulationNames.join(", ")}` })
        .optional(),
    blockSize: whole(20, 128, "bits").optional(),
    natOutgoing: yesOrNo.optional(),
    imageRegistry: z
        .string({ error: "expected a registry" })
        .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*[A-Za-z0-9]$/, {
            error: "expected a registry without a scheme: mirror.example:5000",
        })
        .optional(),
    imagePath: z
        .string({ error: "expected a path" })
        .regex(/^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/, { error: "expected a path, as calico" })
        .optional(),
};

/** Calico as the network of pods, for a cluster without one: its operator, and what the operator is to install. */
export class CalicoNetwork extends pulumi.ComponentResource {
    /** Images that the manifests name, after rewriting. The operator pulls more: see imageRegistry. */
    public readonly images: pulumi.Output<string[]>;
    /** True once the operator runs and has been told what to install; nodes become Ready after that. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: CalicoNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = withSecretKubeconfig(args);
        super("kubedev:index:CalicoNetwork", name, given, opts);
        const what = `CalicoNetwork ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, given, rules);

        const installed = installation({
            pool: pulumi
                .all([known.podSubnet, known.encapsulation, known.blockSize, known.natOutgoing])
                .apply(([cidr, encapsulation, blockSize, nat]) =>
                    ipPool(cidr, encapsulation, blockSize, nat),
                ),
            registry: known.imageRegistry.apply((registry) =>
                // Calico's own rule: it ends with a slash.
                registry === undefined ? undefined : `${registry}/`,
            ),
            imagePath: known.imagePath,
        });
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [
                ...(args.manifests ?? calicoManifests).map((manifest) =>
                    published(what, name, manifest, this),
                ),
                { objects: [installed] },
            ],
        );
        this.images = declared.images;
        this.ready = declared.ready;
        this.registerOutputs({ images: this.images, ready: this.ready });
    }
}

/** The pool that pods get their addresses from. */
export function ipPool(
    cidr: string,
    encapsulation: CalicoEncapsulation | undefined,
    blockSize: number | undefined,
    natOutgoing: boolean | undefined,
): Record<string, string | number> {
    const isIpv6 = parseRange(cidr)?.family === 6;
    return {
        name: isIpv6 ? "default-ipv6-ippool" : "default-ipv4-ippool",
        cidr,
        encapsulation: encapsulation ?? CalicoEncapsulation.VXLANCrossSubnet,
        blockSize: blockSize ?? (isIpv6 ? 122 : 26),
        natOutgoing: (natOutgoing ?? true) ? "Enabled" : "Disabled",
        nodeSelector: "all()",
    };
}

interface InstallationParts {
    pool: pulumi.Input<Record<string, string | number>>;
    registry: pulumi.Input<string | undefined>;
    imagePath: pulumi.Input<string | undefined>;
}

/** What the operator is told. It takes no other datastore than the cluster's own API, and no other name. @internal */
export function installation({ pool, registry, imagePath }: InstallationParts): KubernetesObject {
    return {
        ...{ apiVersion: "operator.tigera.io/v1", kind: "Installation" },
        metadata: { name: "default" },
        spec: {
            variant: "Calico",
            ...{ registry, imagePath },
            cni: { type: "Calico", ipam: { type: "Calico" } },
            calicoNetwork: { ipPools: [pool] },
        },
    };
}
