import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host } from "../host/host";
import { preflight } from "../host/preflight";
import { serviceResource, Supervisor } from "../host/service-resource";
import { addressAt } from "../internal/address-range";
import { guarded } from "../internal/errors";
import { machineIdentity } from "../internal/machine-identity";
import { shellExports, shellLine } from "../internal/quote";
import { fields } from "../internal/rules";
import { script } from "../internal/scripts";
import { assertArgs, checked, inputError } from "../internal/validate";
import { keyOf, stackDir } from "../host/scope";
import {
    cidrProblem,
    defaultNetworkCidr,
    memberProblems,
    networkMembers,
    rangeOf,
} from "./network-addresses";
import { KnownNetwork, switchName } from "./network-cards";

/** A machine that a network is for. */
export interface NetworkMachineArgs {
    /** Name of the machine: that of its VirtualMachine. It resolves in every guest of the network. */
    name: pulumi.Input<string>;
    /** Its address in the network. Defaults to one derived from its name. A change restarts the machine. */
    address?: pulumi.Input<string>;
}

/** Arguments of a MachineNetwork. */
export interface MachineNetworkArgs {
    /** The machines that may join it. One more or less changes names in the other guests in place. */
    machines: pulumi.Input<pulumi.Input<NetworkMachineArgs>[]>;
    /** IPv4 range of its addresses. Defaults to one of 4096 within 198.18.0.0/15, derived from user, project, stack and name. A change restarts its machines. */
    cidr?: pulumi.Input<string>;
}

/** A machine of a network. */
export interface NetworkMachine {
    /** Name of the machine. */
    name: pulumi.Input<string>;
    /** Its address. */
    address: pulumi.Input<string>;
    /** MAC address of its card. */
    mac: pulumi.Input<string>;
    /** Name of the tap device that its card is plugged into, in a network on a bridge. */
    tap?: pulumi.Input<string>;
}

/** What a VirtualMachine takes in its networks: plain data. */
export interface MachineNetworkMembers {
    /** Name of the network. */
    name: pulumi.Input<string>;
    /** IPv4 range of its addresses. */
    cidr: pulumi.Input<string>;
    /** Its machines. */
    machines: pulumi.Input<pulumi.Input<NetworkMachine>[]>;
    /** Domain of their names. Defaults to the name of the network. */
    domain?: pulumi.Input<string>;
}

const machineName = z
    .string({ error: "expected the name of a VirtualMachine" })
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, {
        error: "expected letters, digits and inner hyphens, at most 63: it becomes a host name",
    });

/** Rule of the machines of a network. @internal */
export const networkMachinesRule = z.array(
    fields("a machine", {
        name: machineName,
        address: z.string({ error: "expected an IPv4 address" }).optional(),
    }),
    { error: "expected a list of machines, each with its name" },
);

/** Rule of a network's range. @internal */
export const rangeRule = z
    .string({ error: "expected an IPv4 range" })
    .superRefine((text, context) => {
        const problem = cidrProblem(text);
        if (problem !== undefined) {
            context.addIssue({ code: "custom", message: problem });
        }
    });

const rules = { machines: networkMachinesRule, cidr: rangeRule.optional() };

/**
 * A network that machines of a stack share, without root: each has a card on it, with an address that stays, and knows
 * the others by name. A small process passes their frames on, by sockets that no other user can open.
 */
export class MachineNetwork extends pulumi.ComponentResource {
    /** What a VirtualMachine takes in its networks. Known in preview. */
    public readonly network: pulumi.Output<MachineNetworkMembers>;
    /** IPv4 range of its addresses. */
    public readonly cidr: pulumi.Output<string>;
    /** Addresses by name of the machine. */
    public readonly addresses: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: MachineNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:MachineNetwork", name, args, opts);
        assertArgs(`MachineNetwork ${name}`, args, rules, ...nameProblems(name));
        const identity = machineIdentity(name);
        const wanted = checked(`MachineNetwork ${name}`, args, rules).apply((known) =>
            guarded(() => knownNetwork(name, known.cidr ?? defaultNetworkCidr(identity), known)),
        );
        const host = wanted.apply(({ cidr }) => networkHost(name, cidr));

        serviceResource(
            switchName(name),
            {
                host,
                // Nothing of the network: what changes there is no reason to cut it off for a moment.
                spec: {},
                preStart: switchPreparation(),
                run: `exec ${shellLine(["perl", "switch.pl", keyOf(name)])}`,
                health: "test -S switch.sock",
                healthTimeoutSec: 30,
                stopTimeoutSec: 5,
                logMaxMib: 1,
                logKeep: 1,
                supervisor: Supervisor.Auto,
            },
            { parent: this },
        );

        // Nothing of the switch's own: machines do not restart with it, and frames find it by its path.
        const network = pulumi.all([wanted, host]).apply(([known]) => known);
        this.network = network;
        this.cidr = network.cidr;
        this.addresses = network.apply(({ machines }) =>
            Object.fromEntries(machines.map((member) => [member.name, member.address])),
        );
        this.registerOutputs({
            network: this.network,
            cidr: this.cidr,
            addresses: this.addresses,
        });
    }
}

function knownNetwork(
    name: string,
    cidr: string,
    { machines }: pulumi.Unwrap<MachineNetworkArgs>,
): KnownNetwork {
    const problems = memberProblems(cidr, machines);
    if (problems.length > 0) {
        throw inputError(`MachineNetwork ${name}`, problems);
    }
    return { name, cidr, machines: networkMembers(name, cidr, machines) };
}

/** The name is part of host names and of paths of sockets, which are short. @internal */
export function nameProblems(name: string): { propertyPath: string; reason: string }[] {
    return /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/i.test(name)
        ? []
        : [
              {
                  propertyPath: "name",
                  reason: `got ${JSON.stringify(name)}; expected letters, digits and inner hyphens, at most 32`,
              },
          ];
}

function switchPreparation(): string {
    return (
        shellExports({ NETWORK_SWITCH: script("qemu/network-switch.pl") }) +
        `printf '%s' "$NETWORK_SWITCH" >switch.pl\n`
    );
}

/** This machine, once it can run such a network and does not reach anything else by its addresses. */
function networkHost(name: string, cidr: string): pulumi.Output<Host> {
    const { prefix } = rangeOf(cidr);
    return preflight(
        {},
        {
            tools: [
                // Cards on datagram sockets.
                {
                    program: "qemu-system-x86_64",
                    package: "qemu-system-x86",
                    minVersion: "7.2",
                },
                { program: "perl", package: "perl-base" },
            ],
            commands: [
                {
                    what: `network ${cidr}`,
                    command:
                        shellExports({
                            NETWORK_BASE: routeHex(cidr.replace(/\/.*/, "")),
                            NETWORK_MASK: routeHex(
                                addressAt(rangeOf("0.0.0.0/0"), 2 ** 32 - 2 ** (32 - prefix)) ?? "",
                            ),
                            NETWORK_BRIDGE_RECORD: path.join(
                                stackDir(),
                                keyOf(`${name}-bridge`),
                                "record",
                            ),
                            NETWORK_RECORD: path.join(
                                stackDir(),
                                keyOf(switchName(name)),
                                "record",
                            ),
                        }) + script("qemu/network-routes.sh"),
                    expected: "a range that this computer has no route to",
                    fix: "give the MachineNetwork another cidr",
                },
            ],
        },
    );
}

/** As /proc/net/route has it: the bytes of the address in the order of x86, in hexadecimal digits. */
function routeHex(address: string): string {
    return address
        .split(".")
        .reverse()
        .map((part) => Number(part).toString(16).padStart(2, "0").toUpperCase())
        .join("");
}
