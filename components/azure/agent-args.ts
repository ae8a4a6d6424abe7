import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type SshKeyFiles } from "../host/ssh-key-pair";
import { guarded } from "../internal/errors";
import { whole, yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach, inputError } from "../internal/validate";
import { adminUserRule, AgentOs, computerNameRule } from "./agent-account";
import {
    type AgentImage,
    imageGeneration,
    sizeGenerations,
    smallestOsDiskGib,
} from "./agent-image";
import {
    type AgentDisk,
    type AgentDiskArgs,
    agentDisks,
    disksRule,
    windowsDiskProblems,
} from "./agent-disks";
import { type AgentNetworkRef, tagsRule } from "./agent-network";
import { AzureDiskSku, diskSkuRule } from "./disk-sku";
import { longestName, resourceName } from "./resource-name";

/** An image of Azure's marketplace (az vm image list --all --publisher Debian). */
export interface AgentImageArgs {
    /** Who publishes it, as "Debian". */
    publisher: string;
    /** What it is, as "debian-12". */
    offer: string;
    /** Which one of it, as "12-gen2". */
    sku: string;
    /** Version. Defaults to latest: a new agent gets the newest, and one that is there keeps its own. */
    version?: string;
}

/** Arguments that agents of both systems have. */
export interface AgentArgs {
    /** `network` of an AgentNetwork. */
    network: pulumi.Input<AgentNetworkRef>;
    /** Name of its subnet. Defaults to agents. */
    subnet?: pulumi.Input<string>;
    /** Size of the virtual machine. Defaults to Standard_D4s_v5: 4 CPUs, 16 GiB. A change restarts it and keeps everything. */
    size?: pulumi.Input<string>;
    /** Size of the system's disk in GiB. It can only grow; that restarts the agent. */
    osDiskGib?: pulumi.Input<number>;
    /** Kind of the system's disk. Defaults to StandardSSD_LRS. */
    osDiskSku?: AzureDiskSku;
    /** Name of the computer in the network. Defaults to the component's name, shortened where needed. A change replaces the agent; address and disks are kept. */
    computerName?: pulumi.Input<string>;
    /** Name of the administrator. Defaults to kubedev. A change replaces the agent; address and disks are kept. */
    adminUser?: pulumi.Input<string>;
    /** Key that logs in by ssh: `files` of a SshKeyPair. Defaults to a pair of its own. Another one is put in place. */
    loginKey?: pulumi.Input<SshKeyFiles>;
    /** False: no public address; the agent is reached from within its network. Defaults to true: a static one, kept while the agent is replaced. */
    publicAddress?: boolean;
    /** Disks that it has. Defaults to none. A change attaches and detaches in place. */
    disks?: pulumi.Input<pulumi.Input<AgentDiskArgs>[]>;
    /** False: it runs, and costs, until it is stopped by hand. Defaults to true: it is shut down and released every day at shutdownTime. */
    autoShutdown?: boolean;
    /** When it is shut down, as "19:00". Defaults to 19:00. */
    shutdownTime?: pulumi.Input<string>;
    /** Time zone of that, by Windows' name, as "W. Europe Standard Time" (tzutil /l). Defaults to UTC. */
    shutdownTimeZone?: pulumi.Input<string>;
    /** Any text, as the day's date: each other one removes temporary files once that are older than a day, but for those in use. Defaults to none. */
    cleanTemp?: pulumi.Input<string>;
    /** Further tags. Defaults to those of the network. */
    tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** What Azure bills for, as long as it is there. */
export interface PaidFor {
    /** Size of the machine, billed while it is not released. */
    size: pulumi.Input<string>;
    /** Disks in GiB and their kind, billed always. */
    disks: pulumi.Input<pulumi.Input<string>[]>;
    /** Number of static public addresses, billed always. */
    publicAddresses: pulumi.Input<number>;
    /** When the machine was made (RFC 3339). */
    since: pulumi.Input<string>;
    /** When it is shut down each day, or that it is not. */
    shutdown: pulumi.Input<string>;
    /** Page with the prices. */
    pricesUrl: pulumi.Input<string>;
}

const text = (what: string) => z.string({ error: `expected ${what}` });

/** An image of the marketplace. @internal */
export const agentImageRule = z.object(
    {
        publisher: text("a publisher").min(1),
        offer: text("an offer").min(1),
        sku: text("a SKU").min(1),
        version: text("a version").optional(),
    },
    { error: "expected an image: publisher, offer, sku" },
);

/** Rules of the arguments that both systems have. @internal */
export function agentRules(os: AgentOs) {
    return {
        subnet: text("the name of a subnet").optional(),
        size: text('a size, as "Standard_D4s_v5"')
            .regex(/^(Standard|Basic)_[A-Za-z0-9_-]+$/, {
                error: 'expected a size, as "Standard_D4s_v5" (az vm list-sizes --location ...)',
            })
            .optional(),
        osDiskGib: whole(30, 4095, "GiB").optional(),
        osDiskSku: diskSkuRule.optional(),
        computerName: computerNameRule(os).optional(),
        adminUser: adminUserRule(os).optional(),
        publicAddress: yesOrNo.optional(),
        disks: disksRule(os).optional(),
        autoShutdown: yesOrNo.optional(),
        shutdownTime: text('a time, as "19:00"')
            .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time, as "19:00"' })
            .optional(),
        shutdownTimeZone: text("a time zone by Windows' name, as UTC").min(1).optional(),
        cleanTemp: text("a text of one line, as a date")
            .regex(/^[\x20-\x7e]{1,100}$/, { error: "expected a text of one line, as a date" })
            .optional(),
        tags: tagsRule.optional(),
    };
}

/** What would be refused only when the machine is made: a size that cannot boot the image, a disk that cannot hold it. @internal */
export function machineProblems(machine: { size: string; image: AgentImage; osDiskGib: number }) {
    const { size, image, osDiskGib } = machine;
    const generation = imageGeneration(image);
    const least = smallestOsDiskGib(image);
    const problems: { propertyPath: string; reason: string }[] = [];
    if (generation !== undefined && !sizeGenerations(size).includes(generation)) {
        problems.push({
            propertyPath: "size",
            reason: `got ${size}, which has no machines of generation ${String(generation)}; expected one that boots ${image.sku}, as Standard_D4s_v5`,
        });
    }
    if (osDiskGib < least) {
        problems.push({
            propertyPath: "osDiskGib",
            reason: `got ${String(osDiskGib)}; expected at least ${String(least)}, the size of the image ${image.sku}`,
        });
    }
    return problems;
}

/** Name of a computer that no other one was given: the component's, as far as that is one. @internal */
export function defaultComputerName(name: string, os: AgentOs): string {
    const longest = os === AgentOs.Windows ? 15 : longestName.virtualMachine;
    // Digits alone would be taken for an address.
    return resourceName(/^\d+$/.test(name) ? ["agent", name] : [name], longest);
}

/** Values that both systems have alike, checked and with their defaults. @internal */
export interface AgentValues {
    size: pulumi.Output<string>;
    osDiskGib: pulumi.Output<number>;
    computerName: pulumi.Output<string>;
    adminUser: pulumi.Output<string>;
    subnet: pulumi.Output<string>;
    disks: pulumi.Output<AgentDisk[]>;
    tags: pulumi.Output<Record<string, string>>;
    image: pulumi.Output<AgentImage>;
    shutdownTime: pulumi.Output<string>;
    shutdownTimeZone: pulumi.Output<string>;
}

/** Checks the arguments that both systems have alike, as far as they are known now and the rest when it is. @internal */
export function agentValues(
    what: string,
    name: string,
    os: AgentOs,
    args: AgentArgs & { image?: pulumi.Input<AgentImageArgs> | undefined },
    defaults: { image: AgentImage; osDiskGib: number },
): AgentValues {
    const rules = { ...agentRules(os), image: agentImageRule.optional() };
    assertArgs(what, args, rules);
    const known = checkedEach(what, args, rules);
    const image = known.image.apply((given): AgentImage =>
        given === undefined ? defaults.image : { ...given, version: given.version ?? "latest" },
    );
    const fitting = pulumi
        .all([known.size, image, known.osDiskGib])
        .apply(([size, theImage, osDiskGib]) =>
            guarded(() => {
                const machine = {
                    size: size ?? "Standard_D4s_v5",
                    image: theImage,
                    osDiskGib: osDiskGib ?? defaults.osDiskGib,
                };
                const problems = machineProblems(machine);
                if (problems.length > 0) {
                    throw inputError(what, problems);
                }
                return machine;
            }),
        );
    return {
        ...{ size: fitting.size, osDiskGib: fitting.osDiskGib, image: fitting.image },
        computerName: known.computerName.apply((given) => given ?? defaultComputerName(name, os)),
        adminUser: known.adminUser.apply((given) => given ?? "kubedev"),
        subnet: known.subnet.apply((given) => given ?? "agents"),
        disks: pulumi.all([known.disks, fitting.size]).apply(([given, size]) =>
            guarded(() => {
                const disks = agentDisks(given);
                const problems = os === AgentOs.Windows ? windowsDiskProblems(size, disks) : [];
                if (problems.length > 0) {
                    throw inputError(what, problems);
                }
                return disks;
            }),
        ),
        shutdownTime: known.shutdownTime.apply((given) => given ?? "19:00"),
        shutdownTimeZone: known.shutdownTimeZone.apply((given) => given ?? "UTC"),
        tags: pulumi
            .all([pulumi.output(args.network).tags, known.tags])
            .apply(([common, given]) => ({ ...common, ...given })),
    };
}
