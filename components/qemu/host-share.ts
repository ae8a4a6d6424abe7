import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { HostChecks, preflight } from "../host/preflight";
import { guarded } from "../internal/errors";
import { sha256 } from "../internal/hash";
import { shellExports, shellLine } from "../internal/quote";
import { fields, linuxMountPath, yesOrNo } from "../internal/rules";
import { script } from "../internal/scripts";
import { inputError } from "../internal/validate";
import { AttachedDisk, isWithin } from "./machine-disks";

/** A directory of this machine that a guest sees. */
export interface HostShareArgs {
    /** Absolute path of the directory. It must be there when the machine starts; it is neither made nor removed. */
    sourcePath: pulumi.Input<string>;
    /** Directory of the guest where it is mounted, as "/src/kubernetes". */
    mountPath: pulumi.Input<string>;
    /** False lets the guest write to it. Defaults to true: what runs in the guest cannot change it, whoever it runs as. */
    readOnly?: pulumi.Input<boolean>;
}

/** A share, all known. */
export interface HostShare {
    sourcePath: string;
    mountPath: string;
    readOnly: boolean;
    /** What the guest mounts it by. */
    tag: string;
}

/** Rule of the shares of a machine. @internal */
export const hostSharesRule = z
    .array(
        fields("a share", {
            sourcePath: z
                .string({ error: "expected an absolute path of a directory" })
                .regex(/^(?!.*\/\.{0,2}(\/|$))\/[^\0\r\n]+$/, {
                    error: 'expected an absolute path of a directory, without ".", "..", and empty parts, other than /',
                }),
            mountPath: linuxMountPath,
            readOnly: yesOrNo.optional(),
        }),
        { error: "expected a list of shares, each with sourcePath and mountPath" },
    )
    .superRefine((shares, context) => {
        for (const [at, { mountPath }] of shares.entries()) {
            const other = shares.find(
                (one, place) =>
                    at !== place &&
                    (isWithin(mountPath, one.mountPath) || isWithin(one.mountPath, mountPath)),
            );
            if (other !== undefined) {
                context.addIssue({
                    code: "custom",
                    path: [at, "mountPath"],
                    message: `expected a place apart from ${other.mountPath}, which another share has`,
                });
            }
        }
    });

/** The shares of a machine with these disks, once it is known that it can have them and that this machine can serve them. */
export function hostShares(
    what: string,
    given: unknown,
    plain: pulumi.Output<{ shares?: pulumi.Unwrap<HostShareArgs>[] }>,
    disks: pulumi.Input<AttachedDisk[]>,
): pulumi.Input<HostShare[]> {
    if (given === undefined) {
        return [];
    }
    const wanted = pulumi.all([plain, disks]).apply(([{ shares = [] }, attached]) =>
        guarded(() => {
            const problems = shareProblems(shares, attached);
            if (problems.length > 0) {
                throw inputError(what, problems);
            }
            return shares.map(({ sourcePath, mountPath, readOnly = true }) => ({
                ...{ sourcePath, mountPath, readOnly },
                tag: shareTag(mountPath),
            }));
        }),
    );
    return wanted.apply((shares) =>
        shares.length === 0
            ? pulumi.output(shares)
            : preflight({}, shareChecks()).apply(() => shares),
    );
}

/** What is wrong with the places of shares beside those of disks. */
export function shareProblems(
    shares: readonly { mountPath: string }[],
    disks: readonly Pick<AttachedDisk, "mountPath">[],
): { propertyPath: string; reason: string }[] {
    return shares.flatMap(({ mountPath }, at) => {
        const taken = disks.find(
            (disk) =>
                disk.mountPath !== undefined &&
                (isWithin(mountPath, disk.mountPath) || isWithin(disk.mountPath, mountPath)),
        );
        return taken === undefined
            ? []
            : [
                  {
                      propertyPath: `shares.${String(at)}.mountPath`,
                      reason: `got ${mountPath}; expected a place apart from ${String(taken.mountPath)}, which a disk has`,
                  },
              ];
    });
}

/** Its own for each place in a guest, of at most 36 bytes; the place's name is there to be recognized. */
export function shareTag(mountPath: string): string {
    const name = mountPath.slice(1).replace(/[^A-Za-z0-9_-]/g, "_");
    return `${name.slice(-27)}-${sha256(mountPath).slice(0, 8)}`;
}

/** What this machine must have to serve directories to guests. @internal */
export function shareChecks(): HostChecks {
    return {
        tools: [
            { program: "perl", package: "perl-base" },
            // --map-auto
            { program: "unshare", package: "util-linux", minVersion: "2.38" },
        ],
        commands: [
            {
                what: "virtiofsd, by which machines see directories of this computer",
                command: script("qemu/virtiofsd-find.sh"),
                expected: "it to be there",
                fix: "install it: apt-get install virtiofsd (Debian 12: qemu-system-common)",
            },
            {
                what: "namespaces to run virtiofsd in",
                command: script("qemu/share-namespaces.sh"),
                expected: "that unshare makes them",
                fix: "as another user than root: apt-get install uidmap; usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un), if /etc/subuid has no range of that user; where AppArmor forbids it (Ubuntu 24.04): sysctl kernel.apparmor_restrict_unprivileged_userns=0",
            },
        ],
    };
}

/** Name of the socket in the machine's directory by which QEMU reaches what serves a share. */
export const shareSocket = (tag: string): string => `share-${tag}.sock`;

/** What of a share restarts its machine. */
export const shareSpec = ({ sourcePath, mountPath, readOnly }: HostShare) => ({
    ...{ sourcePath, mountPath, readOnly },
});

const mode = ({ readOnly }: HostShare) => (readOnly ? "ro" : "rw");

/** Shell text that makes the machine's directory ready to share them; empty for a machine without. */
export function sharesPreparation(shares: readonly HostShare[]): string {
    return shares.length === 0
        ? ""
        : shellExports({
              MACHINE_SHARES: shares.map(({ sourcePath }) => `${sourcePath}\n`).join(""),
              MACHINE_FIND_VIRTIOFSD: script("qemu/virtiofsd-find.sh"),
              MACHINE_SHARE: script("qemu/host-share.pl"),
              MACHINE_SHARE_SERVE: script("qemu/host-share-serve.pl"),
              MACHINE_STOP: script("qemu/stop-machine.sh"),
          }) + script("qemu/machine-shares.sh");
}

/** Lines of the shell that becomes QEMU. */
export function shareCommands(shares: readonly HostShare[]): string[] {
    return shares.map(
        (share) =>
            `${shellLine(["perl", "host-share.pl", share.tag, mode(share), share.sourcePath])} || exit 1`,
    );
}

/** What guest-shares.sh takes; nothing where no shares were asked for. */
export function guestShares(
    given: unknown,
    values: pulumi.Output<{ shares: HostShare[] }>,
): Record<string, pulumi.Output<string>> {
    return given === undefined
        ? {}
        : {
              GUEST_SHARES: values.apply(({ shares }) =>
                  shares
                      .map((share) => `${share.tag} ${share.mountPath} ${mode(share)}\n`)
                      .join(""),
              ),
          };
}
