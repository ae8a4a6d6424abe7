import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { linuxMountPath, whole, yesOrNo } from "../internal/rules";
import { AgentOs } from "./agent-account";
import { type AzureDiskRef } from "./azure-disk";

/** A disk that an agent has. */
export interface AgentDiskArgs {
    /** `disk` of an AzureDisk. */
    disk: pulumi.Input<AzureDiskRef>;
    /** Where it is mounted: a directory (/data, C:\data) or, on Windows, a drive (F:). It is formatted only if there is nothing on it. */
    mountPath: pulumi.Input<string>;
    /** A second directory, on Linux, that shows the same files. Defaults to none. */
    bindPath?: pulumi.Input<string>;
    /** Logical unit number, 0 to 63. Defaults to its place in the list. */
    lun?: pulumi.Input<number>;
    /** False: it stays attached, and is unmounted: so it is taken away, in two steps, without any loss. Defaults to true. */
    mounted?: pulumi.Input<boolean>;
}

/** Rule of the disks of an agent. @internal */
export function disksRule(os: AgentOs) {
    return z
        .array(
            z.object({
                disk: z
                    .object(
                        { sizeGib: whole(1, 32767, "GiB") },
                        { error: "expected `disk` of an AzureDisk" },
                    )
                    .loose(),
                mountPath: mountPathRule(os),
                bindPath: bindPathRule(os),
                lun: whole(0, 63, "a logical unit number").optional(),
                mounted: yesOrNo.optional(),
            }),
            { error: "expected a list of disks" },
        )
        .refine((disks) => new Set(disks.map(lunOf)).size === disks.length, {
            error: "expected different luns",
        });
}

function mountPathRule(os: AgentOs): z.ZodType<string> {
    const error = "expected a drive, as F:, or a directory, as C:\\data";
    return os === AgentOs.Windows
        ? z.string({ error }).regex(/^([D-Z]:|[C-Z]:(\\[^\\/:*?"<>|]+)+)$/i, { error })
        : linuxMountPath;
}

function bindPathRule(os: AgentOs): z.ZodType {
    return os === AgentOs.Windows
        ? z.undefined({ error: "expected none: Windows has no bind mounts" }).optional()
        : mountPathRule(os).optional();
}

function lunOf(disk: { lun?: number | undefined }, index: number): number {
    return disk.lun ?? index;
}

/** A disk of an agent, all known. @internal */
export interface AgentDisk {
    lun: number;
    mountPath: string;
    bindPath: string | undefined;
    mounted: boolean;
    disk: { id: string; sizeGib: number; sku: string };
}

/** The disks with their numbers. @internal */
export function agentDisks(
    disks: readonly pulumi.Unwrap<AgentDiskArgs>[] | undefined,
): AgentDisk[] {
    return (disks ?? []).map((each, index) => ({
        lun: lunOf(each, index),
        mountPath: each.mountPath,
        bindPath: each.bindPath,
        mounted: each.mounted ?? true,
        disk: each.disk,
    }));
}

/** Sizes whose disks are NVMe, as far as their name tells: v6 and later. */
const nvmeSize = /_v([6-9]|[1-9]\d)$/;

/** What scripts/azure/windows-find-disk.ps1 would refuse only in the machine. @internal */
export function windowsDiskProblems(size: string, disks: readonly AgentDisk[]) {
    return disks.flatMap(({ lun }, index) =>
        nvmeSize.test(size) && lun > 8
            ? [
                  {
                      propertyPath: `disks.${String(index)}.lun`,
                      reason: `got ${String(lun)}; expected 0 to 8 on ${size}, whose disks are NVMe: Windows does not tell further ones apart for sure; sizes of v5 take 0 to 63`,
                  },
              ]
            : [],
    );
}
