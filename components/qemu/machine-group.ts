import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host } from "../host/host";
import { SshKeyPair } from "../host/ssh-key-pair";
import { assertArgs } from "../internal/validate";
import { MachineDiskMountArgs } from "./machine-disks";
import { VirtualMachine } from "./virtual-machine";
import { ForwardedPortArgs, SharedMachineArgs } from "./virtual-machine-args";

/** One machine of a MachineGroup: its name, and what is another there than in the others. */
export interface GroupMachineArgs {
    /** Name within the group: the machine is called `<group>-<name>`. Under another name it is another machine. */
    name: string;
    /** Memory in MiB. Defaults to that of the group. A change restarts it. */
    memoryMib?: pulumi.Input<number>;
    /** Number of virtual CPUs. Defaults to that of the group. A change restarts it. */
    cpus?: pulumi.Input<number>;
    /** Size of its disk in GiB. Defaults to that of the group. A larger size restarts it and grows disk and file system. */
    diskGib?: pulumi.Input<number>;
    /** Further disks, which outlive it. Defaults to none. */
    disks?: MachineDiskMountArgs[];
    /** Address in 127.0.0.0/8 where its ports are. Defaults to one derived from user, project, stack and name. A change restarts it. */
    address?: pulumi.Input<string>;
    /** Number of the machine, 1 to 99, by which its console and its monitor have ports of 127.0.0.1, as `index` of a VirtualMachine. Defaults to none. A change restarts it. */
    index?: number;
    /** Ports of the guest that are reachable on that address. Defaults to those of the group. A change restarts it. */
    ports?: pulumi.Input<pulumi.Input<ForwardedPortArgs>[]>;
    /** False shuts it down gracefully and keeps everything. Defaults to that of the group. */
    running?: pulumi.Input<boolean>;
    /** User data, in any form that cloud-init takes. Defaults to that of the group. A change provisions it anew, on a new disk. */
    userData?: pulumi.Input<string>;
}

/** Arguments of a MachineGroup. */
export interface MachineGroupArgs extends SharedMachineArgs {
    /** How many machines there are, called `<group>-1` and so on. A smaller number removes the last ones. Required without machines. */
    count?: number;
    /** The machines by name. One more or one less touches no other, and nor does another order. Required without count. */
    machines?: GroupMachineArgs[];
}

const machineName = z
    .string({ error: "expected a name: lower-case letters, digits and inner hyphens" })
    .regex(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/, {
        error: "expected a name: lower-case letters, digits and inner hyphens",
    });

/** The machines that are meant, each with what is its own; or what is wrong with them. */
function machinesOf(args: MachineGroupArgs): {
    machines: GroupMachineArgs[];
    problems: { propertyPath: string; reason: string }[];
} {
    const { count, machines } = args;
    const refused = (propertyPath: string, reason: string) => ({
        machines: [],
        problems: [{ propertyPath, reason }],
    });
    if ((count === undefined) === (machines === undefined)) {
        return refused(
            "machines",
            `got ${count === undefined ? "neither" : "both"} count ${count === undefined ? "nor" : "and"} machines; expected one of them`,
        );
    }
    if (count !== undefined) {
        return Number.isInteger(count) && count >= 1 && count <= 1000
            ? {
                  machines: Array.from({ length: count }, (_, at) => ({ name: String(at + 1) })),
                  problems: [],
              }
            : refused(
                  "count",
                  `got ${JSON.stringify(count)}; expected a whole number of machines, 1 to 1000`,
              );
    }
    if (!Array.isArray(machines) || machines.length === 0) {
        return refused("machines", "got none; expected machines, each with a name");
    }
    const problems = machines.flatMap(({ name }, at) => {
        const propertyPath = `machines.${String(at)}.name`;
        const given = machineName.safeParse(name);
        if (!given.success) {
            const expected = given.error.issues[0]?.message ?? "expected a name";
            return [{ propertyPath, reason: `got ${JSON.stringify(name)}; ${expected}` }];
        }
        return machines.findIndex((other) => other.name === name) === at
            ? []
            : [
                  {
                      propertyPath,
                      reason: `got ${JSON.stringify(name)}, which another machine has; expected different names`,
                  },
              ];
    });
    return { machines, problems };
}

/**
 * Several QEMU machines that are alike, with one key to log in: each is a VirtualMachine, which is changed, started anew and
 * removed by itself.
 */
export class MachineGroup extends pulumi.ComponentResource {
    /** By name within the group: the guest as a host. */
    public readonly hosts: pulumi.Output<Record<string, Host>>;
    /** By name within the group: how to log in, ready to paste. */
    public readonly sshCommands: pulumi.Output<Record<string, string>>;
    /** By name within the group: its loopback address. */
    public readonly addresses: pulumi.Output<Record<string, string>>;
    /** By name within the group: changes whenever the machine was started anew. */
    public readonly instanceIds: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: MachineGroupArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:MachineGroup", name, args, opts);
        const { machines, problems } = machinesOf(args);
        assertArgs(`MachineGroup ${name}`, args, {}, ...problems);
        const shared: SharedMachineArgs & Partial<MachineGroupArgs> = { ...args };
        delete shared.count;
        delete shared.machines;
        const own = { parent: this };
        const loginKey =
            args.loginKey ?? new SshKeyPair(`${name}-login`, { comment: name }, own).files;
        const made = machines.map(({ name: machine, ...differs }) => {
            const given = Object.entries<unknown>(differs).filter(
                ([, value]) => value !== undefined,
            );
            const its = { ...shared, loginKey, ...Object.fromEntries(given) };
            return [machine, new VirtualMachine(`${name}-${machine}`, its, own)] as const;
        });
        const byName = <T>(of: (machine: VirtualMachine) => pulumi.Output<T>) =>
            pulumi.output(
                Object.fromEntries(made.map(([machine, vm]) => [machine, of(vm)])),
            ) as pulumi.Output<Record<string, T>>;
        this.hosts = byName((machine) => machine.host);
        this.sshCommands = byName((machine) => machine.sshCommand);
        this.addresses = byName((machine) => machine.address);
        this.instanceIds = byName((machine) => machine.instanceId);
        this.registerOutputs({
            hosts: this.hosts,
            sshCommands: this.sshCommands,
            addresses: this.addresses,
            instanceIds: this.instanceIds,
        });
    }
}
