/** `virt-install --import` with a seed of cloud-init: a new machine of libvirt at each start, on a new overlay of the image. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { processesWith } from "../../support/host-state";
import { firmware, makeSeed } from "./cloud-guest";
import { LibvirtDaemon } from "./libvirt-daemon";
import { cpus, memoryMib, type Peer, type RunningPeer } from "./peer";

const connection = "qemu:///system";

export class VirtInstall implements Peer {
    readonly port = 2222;
    private readonly name = `kubedev-peer-${String(process.pid)}`;

    private constructor(
        private readonly daemon: LibvirtDaemon,
        private readonly dir: string,
        private readonly image: string,
        private readonly accelerator: "kvm" | "tcg",
        readonly address: string,
    ) {}

    static async make(
        dir: string,
        guest: { image: string; publicKey: string; accelerator: "kvm" | "tcg"; address: string },
    ): Promise<VirtInstall> {
        const daemon = await LibvirtDaemon.start(dir, { networks: false });
        makeSeed(dir, guest.publicKey);
        return new VirtInstall(daemon, dir, guest.image, guest.accelerator, guest.address);
    }

    async start(): Promise<RunningPeer> {
        const disk = path.join(this.dir, "virt-install.qcow2");
        fs.rmSync(disk, { force: true });
        execFileSync("qemu-img", [
            ...["create", "-q", "-f", "qcow2", "-b", this.image, "-F", "qcow2", disk, "8G"],
        ]);
        await this.daemon.run(["virt-install", ...this.argv(disk)]);
        return {
            pid: () => processesWith("cmdline", `guest=${this.name},`)[0] ?? 0,
            end: async () => {
                await this.virsh("destroy", this.name);
                await this.virsh("undefine", "--nvram", this.name);
            },
        };
    }

    async dispose(): Promise<void> {
        await this.daemon.dispose();
    }

    private virsh(...argv: string[]): Promise<void> {
        return this.daemon.run(["virsh", "-q", "-c", connection, ...argv]);
    }

    private argv(disk: string): string[] {
        const forward = `hostfwd=tcp:${this.address}:${String(this.port)}-:22`;
        return Object.entries({
            connect: connection,
            "virt-type": this.accelerator === "kvm" ? "kvm" : "qemu",
            name: this.name,
            memory: String(memoryMib),
            vcpus: String(cpus),
            osinfo: "debian11",
            controller: "type=scsi,model=virtio-scsi",
            boot: `loader=${firmware.code},loader.readonly=yes,loader.type=pflash,loader_secure=no,nvram.template=${firmware.variables}`,
            graphics: "none",
            // libvirt of Debian 12 has no forwarded ports.
            network: "none",
            "qemu-commandline": `-netdev user,id=net0,${forward} -device virtio-net-pci,netdev=net0,addr=0x10`,
        })
            .map(([name, value]) => `--${name}=${value}`)
            .concat(
                `--disk=path=${disk},bus=scsi`,
                `--disk=path=${path.join(this.dir, "seed.iso")},format=raw,bus=scsi,readonly=on`,
                ...["--import", "--noautoconsole"],
            );
    }
}
