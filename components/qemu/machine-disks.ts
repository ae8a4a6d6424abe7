import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { mapped } from "../internal/outputs";
import { shellExports } from "../internal/quote";
import { fields, linuxMountPath, whole } from "../internal/rules";
import { script } from "../internal/scripts";
import { type MachineDiskRef } from "./machine-disk";

/** A disk that a machine has. */
export interface MachineDiskMountArgs {
    /** `disk` of a MachineDisk, of which no other machine that runs has it. */
    disk: pulumi.Input<MachineDiskRef>;
    /** Directory of the guest where it is mounted, as "/data". It is formatted (ext4) only if there is nothing on it. Defaults to none: the guest has a bare device. */
    mountPath?: pulumi.Input<string>;
}

/** A disk of a machine, all known. */
export interface AttachedDisk {
    serial: string;
    directory: string;
    sizeGib: number;
    instanceId: string;
    mountPath: string | undefined;
}

/** Rule of the disks of a machine. @internal */
export const attachedDisksRule = z
    .array(
        fields("a disk", {
            disk: z.looseObject(
                { serial: z.string(), directory: z.string(), sizeGib: whole(1, 65536, "GiB") },
                { error: "expected `disk` of a MachineDisk" },
            ),
            mountPath: linuxMountPath.optional(),
        }),
        { error: "expected a list of disks" },
    )
    .refine((disks) => new Set(disks.map(({ disk }) => disk.serial)).size === disks.length, {
        error: "expected different disks",
    })
    .refine((disks) => areApart(disks.flatMap(({ mountPath }) => mountPath ?? [])), {
        error: "expected places apart from each other, none within another one",
    });

function areApart(paths: readonly string[]): boolean {
    return paths.every((one, at) =>
        paths.every((other, place) => at === place || !isWithin(other, one)),
    );
}

/** Whether a path is another one, or below it. */
export function isWithin(path: string, other: string): boolean {
    return `${path}/`.startsWith(`${other}/`);
}

/** The disks of a machine, as a list that is there in a preview. */
export function attachedDisks(
    disks: readonly MachineDiskMountArgs[] | undefined,
): pulumi.Input<AttachedDisk[]> {
    return mapped([...(disks ?? [])], (known) =>
        known.map(({ disk, mountPath }) => ({ ...disk, mountPath })),
    );
}

/** Name of the link to a disk in the machine's directory. */
export const diskLink = ({ serial }: Pick<AttachedDisk, "serial">): string => `disk-${serial}`;

/** Shell text that makes them ready for QEMU; empty for a machine without. */
export function disksPreparation(disks: readonly AttachedDisk[]): string {
    return disks.length === 0
        ? ""
        : shellExports({
              MACHINE_DISKS: disks
                  .map(
                      (disk) =>
                          `${diskLink(disk)} ${String(disk.sizeGib * 1024)} ${disk.directory}\n`,
                  )
                  .join(""),
          }) + script("qemu/machine-disks.sh");
}

/** What guest-disks.sh takes: a disk a line. */
export function guestDisks(disks: readonly AttachedDisk[]): string {
    return disks
        .flatMap(({ serial, mountPath }) =>
            mountPath === undefined ? [] : [`${serial} ${mountPath}\n`],
        )
        .join("");
}
