import * as pulumi from "@pulumi/pulumi";
import { keyOf } from "../host/scope";
import { guarded } from "../internal/errors";
import { loopbackAddress } from "../internal/loopback-address";
import { machineIdentity, machineUuid } from "../internal/machine-identity";
import { applied } from "../internal/outputs";
import { checkedCpus } from "./cpu-topology";
import { checkedSizeGib } from "./disk-size";
import { Firmware } from "./firmware";
import { indexPorts } from "./numbered-ports";
import { macFromName } from "./mac-address";
import { HostShare, shareSpec } from "./host-share";
import { AttachedDisk } from "./machine-disks";
import { MachineValues } from "./machine-service";
import { cardsOf } from "./network-cards";
import { joined } from "./network-join";
import { type VirtualMachineArgs } from "./virtual-machine-args";

/** What a machine's values are made of, checked. */
export interface GivenValues {
    plain: pulumi.Output<pulumi.Unwrap<VirtualMachineArgs>>;
    firmware: pulumi.Output<Firmware>;
    /** What is recorded of the present disk. */
    facts: pulumi.Output<Record<string, string> | undefined>;
    imageDigest: pulumi.Output<string>;
    disks: pulumi.Input<AttachedDisk[]>;
    shares: pulumi.Input<HostShare[]>;
    readyTimeoutSec: number;
}

/** All that is decided about a machine: what is given, and what stands in for the rest. */
export function machineValues(name: string, given: GivenValues): pulumi.Output<MachineValues> {
    const identity = machineIdentity(name);
    const what = `VirtualMachine ${name}`;
    return applied(
        [
            ...([given.plain, given.facts, given.imageDigest, given.disks] as const),
            ...([given.firmware, given.shares] as const),
        ],
        async ([known, facts, digest, disks, firmware, shares]) => ({
            name,
            uuid: machineUuid(identity),
            memoryMib: known.memoryMib ?? 1024,
            ...(await guarded(() => checkedCpus(what, known))),
            firmware,
            diskGib: await guarded(() =>
                checkedSizeGib(
                    what,
                    "diskGib",
                    known.diskGib ?? 8,
                    facts?.["baseImage"] === digest ? facts["sizeMib"] : undefined,
                ),
            ),
            disks,
            hostname: known.hostname ?? name,
            mac: known.mac ?? macFromName(name),
            address: known.address ?? loopbackAddress(identity),
            sshPort: known.sshPort ?? 2222,
            ports: (known.ports ?? []).map(({ guestPort, hostPort }) => ({
                guestPort,
                hostPort: hostPort ?? guestPort,
            })),
            indexPorts: known.index === undefined ? undefined : indexPorts(known.index),
            cards: await guarded(() => cardsOf(name, joined(name, known.networks ?? []))),
            shares,
            key: keyOf(`${name}-machine`),
            kernelParameters: known.kernelParameters ?? [],
            ioScheduler: known.ioScheduler,
            warmStart: known.warmStart ?? false,
            running: known.running ?? true,
            readyTimeoutSec: given.readyTimeoutSec,
        }),
    );
}

/** What of them restarts the machine, in the user's words. What was not asked for is not in it, as in earlier versions. */
export function machineSpec(
    values: pulumi.Output<MachineValues>,
    args: VirtualMachineArgs,
): pulumi.Output<Record<string, unknown>> {
    const asked = <T>(arg: unknown, value: T) => (arg === undefined ? undefined : value);
    return values.apply((is): Record<string, unknown> => ({
        memoryMib: is.memoryMib,
        cpus: is.cpus,
        cpuTopology: asked(args.cpuTopology, is.cpuTopology),
        firmware: asked(args.firmware, is.firmware === Firmware.Bios ? undefined : is.firmware),
        diskGib: is.diskGib,
        disks:
            is.disks.length === 0
                ? undefined
                : is.disks.map(({ serial, sizeGib }) => ({ serial, sizeGib })),
        hostname: is.hostname,
        mac: is.mac,
        address: is.address,
        sshPort: is.sshPort,
        ports: is.ports,
        index: args.index,
        networks: is.cards.length === 0 ? undefined : is.cards,
        shares: is.shares.length === 0 ? undefined : is.shares.map(shareSpec),
        kernelParameters: is.kernelParameters,
        ioScheduler: asked(args.ioScheduler, is.ioScheduler),
        running: is.running,
    }));
}
