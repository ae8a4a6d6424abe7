import * as pulumi from "@pulumi/pulumi";
import { whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { type AgentNetworkRef, tagsRule } from "./agent-network";
import { azureNative } from "./azure-native";
import { AzureDiskSku, diskSkuRule } from "./disk-sku";
import { longestName, resourceName } from "./resource-name";

/** Arguments of an AzureDisk. */
export interface AzureDiskArgs {
    /** `network` of an AgentNetwork: the disk is in its resource group and region. */
    network: pulumi.Input<AgentNetworkRef>;
    /** Size in GiB. Defaults to 64. It can only grow, which happens in place; Azure refuses less. */
    sizeGib?: pulumi.Input<number>;
    /** Kind of the disk. Defaults to StandardSSD_LRS. */
    sku?: AzureDiskSku;
    /** Further tags. Defaults to those of the network. */
    tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** What an agent needs to know of a disk: plain data. */
export interface AzureDiskRef {
    /** Resource id. */
    id: pulumi.Input<string>;
    /** Size in GiB. */
    sizeGib: pulumi.Input<number>;
    /** Kind of the disk. */
    sku: pulumi.Input<AzureDiskSku>;
}

/**
 * A managed disk in Azure, which outlives the agents that it is attached to. It is attached by an agent's `disks`; for one
 * that pods mount see AzureDiskVolume.
 */
export class AzureDisk extends pulumi.ComponentResource {
    /** What an agent takes in its `disks`. */
    public readonly disk: pulumi.Output<AzureDiskRef>;

    constructor(name: string, args: AzureDiskArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:AzureDisk", name, args, opts);
        const what = `AzureDisk ${name}`;
        const rules = {
            sizeGib: whole(1, 32767, "GiB").optional(),
            sku: diskSkuRule.optional(),
            tags: tagsRule.optional(),
        };
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const network = pulumi.output(args.network);
        const sizeGib = known.sizeGib.apply((given) => given ?? 64);
        const sku = args.sku ?? AzureDiskSku.StandardSsdLrs;
        const { Disk } = azureNative("compute/disk");
        const disk = new Disk(
            `${name}-disk`,
            {
                resourceGroupName: network.resourceGroupName,
                diskName: resourceName([name], longestName.disk),
                location: network.location,
                creationData: { createOption: "Empty" },
                diskSizeGB: sizeGib,
                sku: { name: sku },
                tags: pulumi
                    .all([network.tags, known.tags])
                    .apply(([common, given]) => ({ ...common, ...given })),
            },
            { parent: this },
        );
        this.disk = pulumi.output({ id: disk.id, sizeGib, sku });
        this.registerOutputs({ disk: this.disk });
    }
}
