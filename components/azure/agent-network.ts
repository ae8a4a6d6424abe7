import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { after } from "../host/host-resource";
import { stackScope } from "../host/scope";
import { guarded } from "../internal/errors";
import { yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach, inputError } from "../internal/validate";
import { azureNative } from "./azure-native";
import { longestName, resourceName } from "./resource-name";
import { allowedCidrsRule, securityRules } from "./security-rules";
import { subnetProblems } from "./subnet-plan";

/** Arguments of an AgentNetwork. */
export interface AgentNetworkArgs {
    /** Azure's name of the region, as "westeurope". A change replaces everything. */
    location: pulumi.Input<string>;
    /** Ranges of addresses from which the agents can be logged in to, as "203.0.113.7/32". A change touches the security group alone. */
    allowedCidrs: pulumi.Input<pulumi.Input<string>[]>;
    /** True: RDP, TCP port 3389, is open to the same ranges. Defaults to false: then it goes through ssh. A change touches the security group alone. */
    rdp?: pulumi.Input<boolean>;
    /** True: allowedCidrs may be wider than one network (IPv4 /8, IPv6 /19), up to the whole Internet. Defaults to false. */
    openToInternet?: boolean;
    /** Range of the virtual network's addresses. Defaults to 10.60.0.0/16. */
    addressSpace?: pulumi.Input<string>;
    /** Ranges of its subnets, by name. Defaults to one, agents: 10.60.0.0/24. */
    subnets?: Record<string, pulumi.Input<string>>;
    /** Name of the resource group, which is made. Defaults to project, stack and the component's name. A change replaces everything. */
    resourceGroupName?: pulumi.Input<string>;
    /** Tags of the group and of all that is in it. Defaults to project and stack, as kubedev-project and kubedev-stack. */
    tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** What agents and disks need to know of their network: plain data. */
export interface AgentNetworkRef {
    /** Name of the resource group. */
    resourceGroupName: pulumi.Input<string>;
    /** Region. */
    location: pulumi.Input<string>;
    /** Resource ids of the subnets, by name. */
    subnetIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Tags of what belongs to it. */
    tags: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

const text = (what: string) => z.string({ error: `expected ${what}` });
/** A resource group's name (Azure, "Naming rules and restrictions for Azure resources"). */
const groupNameRule = text("the name of a resource group").regex(/^[\w().-]{0,89}[\w()-]$/, {
    error: "expected 1 to 90 letters, digits, _, -, ( ), and . but not at the end",
});
/** Tags: 50 of them, names without <>%&\?/ (Azure, "Use tags to organize your Azure resources"). @internal */
export const tagsRule = z
    .record(
        z.string().regex(/^[^<>%&\\?/]{1,512}$/),
        z.string({ error: "expected a text" }).max(256, { error: "expected at most 256 letters" }),
        {
            error: (issue) =>
                issue.code === "invalid_key"
                    ? "expected names of tags without < > % & \\ ? /"
                    : "expected texts by name",
        },
    )
    .refine((tags) => Object.keys(tags).length <= 48, { error: "expected at most 48 tags" });

const defaultSpace = "10.60.0.0/16";
const defaultSubnets: Record<string, pulumi.Input<string>> = { agents: "10.60.0.0/24" };

/**
 * A network in Azure for agents: a resource group with a virtual network, subnets, and one security group that lets in ssh,
 * and RDP where that is asked for, from given ranges of addresses alone.
 */
export class AgentNetwork extends pulumi.ComponentResource {
    /** What LinuxAgent, WindowsAgent and AzureDisk take as their network. */
    public readonly network: pulumi.Output<AgentNetworkRef>;
    /** Name of the resource group. */
    public readonly resourceGroupName: pulumi.Output<string>;
    /** Page of the group in Azure's portal: all that costs money is listed there. */
    public readonly portalUrl: pulumi.Output<string>;

    constructor(name: string, args: AgentNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:AgentNetwork", name, args, opts);
        const what = `AgentNetwork ${name}`;
        const rules = {
            location: text('a region, as "westeurope"').regex(/^[a-z0-9]+$/, {
                error: 'expected a region by Azure\'s short name, as "westeurope" (az account list-locations)',
            }),
            allowedCidrs: allowedCidrsRule(args.openToInternet ?? false),
            rdp: yesOrNo.optional(),
            openToInternet: yesOrNo.optional(),
            addressSpace: text("a range of addresses").optional(),
            subnets: z
                .record(z.string(), z.string(), { error: "expected ranges by name" })
                .refine((subnets) => Object.keys(subnets).length > 0, {
                    error: "expected at least one subnet",
                })
                .optional(),
            resourceGroupName: groupNameRule.optional(),
            tags: tagsRule.optional(),
        };
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const own = { parent: this };
        const scope = stackScope().split("/");
        const named = (...parts: string[]) => resourceName([name, ...parts], longestName.network);
        const tags = known.tags.apply(
            (given): Record<string, string> =>
                given ?? { "kubedev-project": scope[0] ?? "", "kubedev-stack": scope[1] ?? "" },
        );
        const location = known.location;

        const { ResourceGroup } = azureNative("resources/resourceGroup");
        const groupName = known.resourceGroupName.apply(
            (given) => given ?? resourceName([...scope, name], longestName.resourceGroup),
        );
        const group = new ResourceGroup(
            `${name}-group`,
            { resourceGroupName: groupName, location, tags },
            own,
        );
        const resourceGroupName = after(group, groupName);
        const inGroup = { resourceGroupName, location, tags };

        const { NetworkSecurityGroup } = azureNative("network/networkSecurityGroup");
        const access = new NetworkSecurityGroup(
            `${name}-access`,
            {
                ...inGroup,
                networkSecurityGroupName: named("access"),
                securityRules: pulumi
                    .all([known.allowedCidrs, known.rdp])
                    .apply(([allowedCidrs, rdp]) =>
                        securityRules({ allowedCidrs, rdp: rdp ?? false }),
                    ),
            },
            own,
        );

        const plan = pulumi.all([known.addressSpace, known.subnets]).apply(([space, given]) =>
            guarded(() => {
                const addressSpace = space ?? defaultSpace;
                const ranges = given ?? (defaultSubnets as Record<string, string>);
                const problems = subnetProblems(addressSpace, ranges);
                if (problems.length > 0) {
                    throw inputError(what, problems);
                }
                return { addressSpace, ranges };
            }),
        );
        const { VirtualNetwork } = azureNative("network/virtualNetwork");
        const virtualNetworkName = named("network");
        const virtualNetwork = new VirtualNetwork(
            `${name}-network`,
            {
                ...inGroup,
                virtualNetworkName,
                addressSpace: { addressPrefixes: [plan.addressSpace] },
            },
            // Azure lists its subnets there too; they are resources of their own.
            { ...own, ignoreChanges: ["subnets"] },
        );
        const { Subnet } = azureNative("network/subnet");
        const subnetIds = Object.fromEntries(
            Object.keys(args.subnets ?? defaultSubnets).map((subnetName) => {
                const subnet = new Subnet(
                    `${name}-subnet-${subnetName}`,
                    {
                        resourceGroupName,
                        virtualNetworkName: after(virtualNetwork, virtualNetworkName),
                        subnetName,
                        addressPrefix: plan.ranges.apply((ranges) => ranges[subnetName] ?? ""),
                        networkSecurityGroup: { id: access.id },
                    },
                    own,
                );
                return [subnetName, subnet.id];
            }),
        );

        this.resourceGroupName = resourceGroupName;
        this.network = pulumi.output({
            resourceGroupName,
            location,
            subnetIds,
            tags,
        });
        this.portalUrl = group.id.apply((id) => `https://portal.azure.com/#resource${id}/overview`);
        this.registerOutputs({
            network: this.network,
            resourceGroupName: this.resourceGroupName,
            portalUrl: this.portalUrl,
        });
    }
}
