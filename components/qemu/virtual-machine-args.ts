import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { SshKeyFiles } from "../host/ssh-key-pair";
import { whole, yesOrNo } from "../internal/rules";
import { BaseImageFiles } from "./base-image";
import { CpuTopologyArgs, cpuTopologyRule } from "./cpu-topology";
import { Firmware } from "./firmware";
import { HostShareArgs, hostSharesRule } from "./host-share";
import { maxIndex } from "./numbered-ports";
import { IoScheduler } from "./io-scheduler";
import { attachedDisksRule, MachineDiskMountArgs } from "./machine-disks";
import { MachineNetworkMembers } from "./machine-network";
import { userDataRule } from "./user-data-rule";

/** A port of the guest that is reachable on the machine's loopback address. */
export interface ForwardedPortArgs {
    /** TCP port in the guest. */
    guestPort: pulumi.Input<number>;
    /** TCP port on the machine's loopback address. Defaults to the guest's; ports below 1024 need root. */
    hostPort?: pulumi.Input<number>;
}

/** What several machines may have alike. */
export interface SharedMachineArgs {
    /** What it starts from: `files` of a BaseImage. Another image replaces the disk; MAC and address are kept. */
    baseImage: pulumi.Input<BaseImageFiles>;
    /** Memory in MiB. Defaults to 1024. A change restarts it. */
    memoryMib?: pulumi.Input<number>;
    /** Number of virtual CPUs. Defaults to 2. A change restarts it. */
    cpus?: pulumi.Input<number>;
    /** How the CPUs are arranged, in place of `cpus`. Defaults to cores of one socket. A change restarts it. */
    cpuTopology?: pulumi.Input<CpuTopologyArgs>;
    /** What starts the image's boot loader; "uefi" needs OVMF (Debian package ovmf). Defaults to "bios". A change restarts it. */
    firmware?: pulumi.Input<Firmware>;
    /** Size of its disk in GiB. Defaults to 8. A larger size restarts it and grows disk and file system; a smaller one is refused. */
    diskGib?: pulumi.Input<number>;
    /** Port on that address that leads to the guest's sshd. Defaults to 2222. A change restarts it. */
    sshPort?: pulumi.Input<number>;
    /** Further ports of the guest that are reachable on that address. Defaults to none. A change restarts it. */
    ports?: pulumi.Input<pulumi.Input<ForwardedPortArgs>[]>;
    /** Networks that it shares with other machines: `network` of each MachineNetwork or HostNetwork. Defaults to none. A change restarts it. */
    networks?: pulumi.Input<pulumi.Input<MachineNetworkMembers>[]>;
    /** Directories of this machine that the guest sees, as a source tree. Need virtiofsd. Defaults to none. A change restarts it. */
    shares?: pulumi.Input<pulumi.Input<HostShareArgs>[]>;
    /** Starts a new disk from a snapshot of a machine of its kind, which the first one makes. Needs an image whose kernel is booted directly, no disks, no shares, no HostNetwork. Defaults to false. A change counts at the next new disk. */
    warmStart?: pulumi.Input<boolean>;
    /** False shuts it down gracefully and keeps everything. Defaults to true. */
    running?: pulumi.Input<boolean>;
    /** Key that logs in as root: `files` of a SshKeyPair. Defaults to a pair of its own. */
    loginKey?: pulumi.Input<SshKeyFiles>;
    /** Further kernel parameters, where a kernel is booted directly. Defaults to none. A change restarts it. */
    kernelParameters?: pulumi.Input<pulumi.Input<string>[]>;
    /** I/O scheduler of its disks. Needs a guest with systemd 252 or later. Defaults to the guest's own choice. A change restarts it. */
    ioScheduler?: pulumi.Input<IoScheduler>;
    /** User data, in any form that cloud-init takes. Needs an image with cloud-init. A change provisions it anew, on a new disk. */
    userData?: pulumi.Input<string>;
    /** How long it may take from start to ssh, and from there until cloud-init is done, in seconds. Defaults to 180. */
    readyTimeoutSec?: number;
    /** How long it may take to shut down before it is switched off, in seconds. Defaults to 30. */
    stopTimeoutSec?: number;
}

/** Arguments of a VirtualMachine. */
export interface VirtualMachineArgs extends SharedMachineArgs {
    /** Further disks, which outlive it. One more, one less or a larger one restarts it. Defaults to none. */
    disks?: MachineDiskMountArgs[];
    /** Host name of the guest. Defaults to the component's name. A change restarts it; on an image with cloud-init it is provisioned anew, on a new disk. */
    hostname?: pulumi.Input<string>;
    /** MAC address. Defaults to one derived from the name: 52:54 and the name's CRC-32. A change restarts it; on an image with cloud-init it is provisioned anew, on a new disk. */
    mac?: pulumi.Input<string>;
    /** Address in 127.0.0.0/8 where its ports are. Defaults to one derived from user, project, stack and name. A change restarts it. */
    address?: pulumi.Input<string>;
    /** Number of the machine, 1 to 99: its console is at 127.0.0.1, port 7100 and the number, by telnet, and QEMU's monitor at port 7000 and the number, for every user of this computer. Defaults to none: a console and no such monitor, for you alone. A change restarts it. */
    index?: number;
}

const port = whole(1, 65535, "a TCP port");
/** What is asked of a VirtualMachine. @internal */
export const machineRules = {
    baseImage: z
        .object(
            { digest: z.string(), directory: z.string() },
            { error: "expected `files` of a BaseImage" },
        )
        .loose(),
    memoryMib: whole(128, 4194304, "MiB").optional(),
    cpus: whole(1, 255, "CPUs").optional(),
    cpuTopology: cpuTopologyRule.optional(),
    firmware: z.enum(Firmware, { error: 'expected "bios" or "uefi"' }).optional(),
    diskGib: whole(1, 65536, "GiB").optional(),
    disks: attachedDisksRule.optional(),
    hostname: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, {
            error: "expected letters, digits and inner hyphens, at most 63",
        })
        .optional(),
    mac: z
        .string()
        .regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, {
            error: "expected a unicast address in lower case, as 52:54:00:12:34:56",
        })
        .optional(),
    address: z
        .string()
        .regex(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/, {
            error: "expected an address in 127.0.0.0/8: nothing of a machine is reachable from outside this host",
        })
        .optional(),
    index: whole(1, maxIndex, "a machine's number").optional(),
    sshPort: port.optional(),
    ports: z.array(z.object({ guestPort: port, hostPort: port.optional() })).optional(),
    networks: z
        .array(
            z.looseObject(
                { name: z.string(), cidr: z.string(), machines: z.array(z.unknown()) },
                { error: "expected `network` of a MachineNetwork or a HostNetwork" },
            ),
        )
        .optional(),
    shares: hostSharesRule.optional(),
    warmStart: yesOrNo.optional(),
    running: yesOrNo.optional(),
    kernelParameters: z
        .array(z.string().regex(/^[^"\s]+$/, { error: "expected no white space and no quotes" }))
        .optional(),
    ioScheduler: z
        .enum(IoScheduler, { error: 'expected "none", "mq-deadline", "kyber" or "bfq"' })
        .optional(),
    userData: userDataRule,
    readyTimeoutSec: whole(5, 86400, "seconds").optional(),
    stopTimeoutSec: whole(1, 3600, "seconds").optional(),
};
