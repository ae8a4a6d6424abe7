import * as pulumi from "@pulumi/pulumi";
import { keyOf } from "../host/scope";
import { guarded } from "../internal/errors";
import { loopbackAddress } from "../internal/loopback-address";
import { machineIdentity, machineUuid } from "../internal/machine-identity";
import { checkedCpus } from "./cpu-topology";
import { checkedSizeGib } from "./disk-size";
import { Firmware } from "./firmware";
import { macFromName } from "./mac-address";
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
    disks: pulumi.Output<AttachedDisk[]>;
    readyTimeoutSec: number;
}

/** All that is decided about a machine: what is given, and what stands in for the rest. */
export function machineValues(name: string, given: GivenValues): pulumi.Output<MachineValues> {
    const identity = machineIdentity(name);
    const what = `VirtualMachine ${name}`;
    return pulumi
        .all([given.plain, given.facts, given.imageDigest, given.disks, given.firmware])
        .apply(async ([known, facts, digest, disks, firmware]) => ({
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
            cards: await guarded(() => cardsOf(name, joined(name, known.networks ?? []))),
            key: keyOf(`${name}-machine`),
            kernelParameters: known.kernelParameters ?? [],
            ioScheduler: known.ioScheduler,
            warmStart: known.warmStart ?? false,
            running: known.running ?? true,
            readyTimeoutSec: given.readyTimeoutSec,
        }));
}

/** What of them restarts the machine, in the user's words. What was not asked for is not in it, as in earlier versions. */
export function machineSpec(
    values: pulumi.Output<MachineValues>,
    args: VirtualMachineArgs,
): pulumi.Inputs {
    const asked = <T>(arg: unknown, value: pulumi.Output<T>) =>
        arg === undefined ? undefined : value;
    return {
        memoryMib: values.memoryMib,
        cpus: values.cpus,
        cpuTopology: asked(args.cpuTopology, values.cpuTopology),
        firmware: asked(
            args.firmware,
            values.firmware.apply((is) => (is === Firmware.Bios ? undefined : is)),
        ),
        diskGib: values.diskGib,
        disks: values.disks.apply((disks) =>
            disks.length === 0
                ? undefined
                : disks.map(({ serial, sizeGib }) => ({ serial, sizeGib })),
        ),
        hostname: values.hostname,
        mac: values.mac,
        address: values.address,
        sshPort: values.sshPort,
        ports: values.ports,
        networks: values.cards.apply((cards) => (cards.length === 0 ? undefined : cards)),
        kernelParameters: values.kernelParameters,
        ioScheduler: asked(args.ioScheduler, values.ioScheduler),
        running: values.running,
    };
}
