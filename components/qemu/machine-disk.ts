import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { after, hostResource } from "../host/host-resource";
import { guarded } from "../internal/errors";
import { whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { checkedSizeGib } from "./disk-size";
import { machineHost } from "./machine-host";

/** Arguments of a MachineDisk. */
export interface MachineDiskArgs {
    /** Size in GiB. Defaults to 16. A larger one restarts the machine that has it, and its file system grows; a smaller one is refused. */
    sizeGib?: pulumi.Input<number>;
}

/** What a VirtualMachine takes in its disks: plain data. */
export interface MachineDiskRef {
    /** Serial number that the guest sees: /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_<serial>. */
    serial: pulumi.Input<string>;
    /** Directory that it is in, absolute. */
    directory: pulumi.Input<string>;
    /** Size in GiB. */
    sizeGib: pulumi.Input<number>;
    /** Changes whenever it was made anew. */
    instanceId: pulumi.Input<string>;
}

/**
 * A disk that outlives the virtual machines that it is attached to: source trees and caches stay when a machine is
 * replaced. It takes only as much room as was written to it.
 */
export class MachineDisk extends pulumi.ComponentResource {
    /** What a VirtualMachine takes in its disks. */
    public readonly disk: pulumi.Output<MachineDiskRef>;
    /** Path of its file, in qcow2. Known in preview. */
    public readonly path: pulumi.Output<string>;

    constructor(name: string, args: MachineDiskArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:MachineDisk", name, args, opts);
        const what = `MachineDisk ${name}`;
        const rules = { sizeGib: whole(1, 65536, "GiB").optional() };
        assertArgs(what, args, rules, ...nameProblems(name));
        const wanted = checkedEach(what, args, rules).sizeGib.apply((given) => given ?? 16);
        const file = hostResource(
            `${name}-data-disk`,
            {
                host: machineHost(),
                create: "qemu/data-disk-create.sh",
                update: "qemu/disk-update.sh",
                delete: "host/forget.sh",
                // Its size is no reason to make it anew: the machine that has it grows it while it is off.
                spec: { format: "qcow2" },
                environment: {
                    KUBEDEV_DISK_SIZE_MIB: wanted.apply((gib) => String(gib * 1024)),
                },
            },
            { parent: this },
        );
        const sizeGib = pulumi
            .all([wanted, file.facts])
            .apply(([gib, facts]) =>
                guarded(() => checkedSizeGib(what, "sizeGib", gib, facts?.["sizeMib"])),
            );
        this.disk = after(file.resource, {
            serial: name,
            directory: file.dir,
            sizeGib,
            instanceId: file.resource.id,
        });
        this.path = after(file.resource, path.join(file.dir, "disk.qcow2"));
        this.registerOutputs({ disk: this.disk, path: this.path });
    }
}

/** The name is the serial number. */
function nameProblems(name: string): { propertyPath: string; reason: string }[] {
    return /^[A-Za-z0-9_-]{1,36}$/.test(name) && !["system", "seed"].includes(name)
        ? []
        : [
              {
                  propertyPath: "name",
                  reason: `got ${JSON.stringify(name)}; expected 1 to 36 letters, digits, "_" and "-", and neither "system" nor "seed": it is the disk's serial number in the guest`,
              },
          ];
}
