/** scripts/azure/linux-disks.sh in a mount namespace, with loop devices for the data disks of an agent. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { MountNamespace, namespaceMissing, sh } from "./mount-namespace";
import { type Ran } from "./script-process";

/** Why there is none here; undefined when there is. */
export const loopMissing =
    namespaceMissing ??
    (spawnSync("losetup", ["--find"]).status === 0 ? undefined : "there are no loop devices");

export class LoopDisks {
    /** All that were attached, in order. */
    readonly devices: string[] = [];

    private constructor(readonly space: MountNamespace) {}

    static async start(): Promise<LoopDisks> {
        const space = await MountNamespace.start();
        fs.mkdirSync(space.at("luns"));
        fs.mkdirSync(space.at("scsi1"));
        fs.writeFileSync(space.at("etc/fstab"), "# mine\n/dev/none /none ext4 noauto 0 0\n");
        return new LoopDisks(space);
    }

    /** A disk at a LUN, as udev shows it. */
    attach(lun: number, { mib = 32, as = `luns/${String(lun)}` } = {}): string {
        const file = this.space.at(`disk-${String(lun)}-${String(this.devices.length)}`);
        fs.writeFileSync(file, "");
        fs.truncateSync(file, mib * 2 ** 20);
        const device = sh('losetup --find --show "$0"', file);
        this.devices.push(device);
        fs.rmSync(this.space.at(as), { force: true });
        fs.symlinkSync(device, this.space.at(as));
        return device;
    }

    /** As Azure makes a disk larger. */
    grow(device: string, mib: number): void {
        fs.truncateSync(sh('losetup --noheadings --output BACK-FILE "$0"', device), mib * 2 ** 20);
        execFileSync("losetup", ["--set-capacity", device]);
    }

    disks(lines: string, more: Record<string, string> = {}): Promise<Ran> {
        return this.space.run("azure/linux-disks", {
            KUBEDEV_DISKS: lines,
            KUBEDEV_LUN_DIRS: `${this.space.at("luns")}\n${this.space.at("scsi1")}`,
            KUBEDEV_WAIT_SEC: "1",
            ...more,
        });
    }

    fstab(): string {
        return fs.readFileSync(this.space.at("etc/fstab"), "utf8");
    }

    mountedFrom(place: string): string {
        return this.space.output(
            "sh",
            "-c",
            `findmnt -no SOURCE --mountpoint ${place} | tail -n 1`,
        );
    }

    async dispose(): Promise<void> {
        await this.space.dispose();
        for (const device of this.devices) {
            execFileSync("losetup", ["--detach", device]);
        }
    }
}

export const uuid = (device: string) => sh('blkid -p -s UUID -o value "$0"', device);

/** What a refusal says. */
export function refused(ran: Ran): string {
    expect(ran.code).toBe(1);
    return ran.stderr;
}
