import { escaped, option } from "./qemu-option";
import { MachineSpec } from "./qemu-spec";

/** System disk and data disks, in the order of their LUNs. */
export function diskArguments({ systemDisk, dataDisks, uefi }: MachineSpec): string[] {
    return [
        // virtio-scsi rather than NVMe: QEMU refuses snapshots of a machine with an NVMe disk.
        ...["-device", "virtio-scsi-pci,id=scsi0"],
        ...[systemDisk, ...dataDisks].flatMap(({ path, serial }, lun) => [
            "-blockdev",
            option(
                `node-name=disk${lun}`,
                "driver=qcow2",
                "file.driver=file",
                `file.filename=${escaped(path)}`,
                // What the guest frees or zeroes is given back to the host's file system.
                "discard=unmap",
                "file.discard=unmap",
                "detect-zeroes=unmap",
            ),
            "-device",
            // The initrd takes target 0, LUN 0 as the system disk. rotation_rate=1 means SSD.
            option(
                "scsi-hd",
                `drive=disk${lun}`,
                "bus=scsi0.0",
                "channel=0",
                "scsi-id=0",
                `lun=${lun}`,
                `serial=${serial}`,
                "rotation_rate=1",
                // UEFI would look for boot loaders on the network, too.
                ...(uefi !== undefined && lun === 0 ? ["bootindex=0"] : []),
            ),
        ]),
    ];
}

/** The seed of cloud-init, behind the disks. */
export function seedArguments({ seedPath, dataDisks }: MachineSpec): string[] {
    if (seedPath === undefined) {
        return [];
    }
    return [
        "-blockdev",
        option(
            "node-name=seed",
            "driver=raw",
            "read-only=on",
            "file.driver=file",
            `file.filename=${escaped(seedPath)}`,
        ),
        "-device",
        // A disk rather than a CD: those belong to a group that users of cloud images are in.
        option(
            "scsi-hd",
            "drive=seed",
            "bus=scsi0.0",
            "channel=0",
            "scsi-id=0",
            `lun=${dataDisks.length + 1}`,
            "serial=seed",
        ),
    ];
}
