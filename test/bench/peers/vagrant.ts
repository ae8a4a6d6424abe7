/** Vagrant with its provider libvirt, on a box that is the same image: `vagrant up` and `vagrant reload`, which wait for ssh. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { firmware, makeSeed } from "./cloud-guest";
import { LibvirtDaemon } from "./libvirt-daemon";
import { cpus, limitMs } from "./peer";

export interface VagrantSettings {
    memoryMib: number;
    /** Written to a file of the guest by a provisioner. */
    greeting: string;
}

export class Vagrant {
    private constructor(
        private readonly daemon: LibvirtDaemon,
        private readonly dir: string,
        private readonly accelerator: "kvm" | "tcg",
    ) {}

    /** Makes the box, and the seed with which it lets Vagrant in. */
    static async make(
        dir: string,
        guest: {
            image: string;
            privateKeyPath: string;
            publicKey: string;
            accelerator: "kvm" | "tcg";
        },
    ): Promise<Vagrant> {
        const at = (name: string) => path.join(dir, name);
        fs.writeFileSync(
            at("metadata.json"),
            JSON.stringify({ provider: "libvirt", format: "qcow2", virtual_size: 4 }),
        );
        makeSeed(dir, guest.publicKey);
        fs.copyFileSync(guest.privateKeyPath, at("key"));
        fs.chmodSync(at("key"), 0o600);
        const run = (file: string, ...argv: string[]) =>
            execFileSync(file, argv, { cwd: dir, stdio: "ignore" });
        fs.copyFileSync(guest.image, at("box.img"));
        run("qemu-img", "resize", "-q", "box.img", "4G");
        fs.writeFileSync(at("Vagrantfile"), "");
        run("tar", "-cf", "peer.box", "metadata.json", "Vagrantfile", "box.img");
        const daemon = await LibvirtDaemon.start(dir, { networks: true });
        const vagrant = new Vagrant(daemon, dir, guest.accelerator);
        await vagrant.run("box", "add", "--name", "peer", "peer.box");
        return vagrant;
    }

    async up(settings: VagrantSettings): Promise<void> {
        this.settle(settings);
        await this.run("up", "--provider=libvirt");
    }

    async reload(settings: VagrantSettings): Promise<void> {
        this.settle(settings);
        await this.run("reload", "--provision");
    }

    async destroy(): Promise<void> {
        await this.run("destroy", "--force");
    }

    async dispose(): Promise<void> {
        await this.daemon.dispose();
    }

    private settle(settings: VagrantSettings): void {
        fs.writeFileSync(
            path.join(this.dir, "Vagrantfile"),
            vagrantfile({ ...settings, accelerator: this.accelerator, dir: this.dir }),
        );
    }

    private run(...argv: string[]): Promise<void> {
        return this.daemon.run(["vagrant", ...argv], {
            ...process.env,
            VAGRANT_HOME: path.join(this.dir, "vagrant-home"),
            VAGRANT_CHECKPOINT_DISABLE: "1",
        });
    }
}

/** The machine, in Vagrant's words. */
export function vagrantfile({
    memoryMib: memory,
    greeting,
    accelerator,
    dir,
}: VagrantSettings & { accelerator: "kvm" | "tcg"; dir: string }): string {
    const text = (value: string) => `'${value.replace(/['\\]/g, "\\$&")}'`;
    return `Vagrant.configure("2") do |config|
    config.vm.box = "peer"
    config.vm.box_check_update = false
    config.vm.boot_timeout = ${String(limitMs / 1e3)}
    config.vm.synced_folder ".", "/vagrant", disabled: true
    config.ssh.username = "root"
    config.ssh.private_key_path = ${text(path.join(dir, "key"))}
    config.ssh.insert_key = false
    # As root already: the image has no sudo.
    config.ssh.sudo_command = "%c"
    config.vm.provision "shell", inline: ${text(`echo ${greeting} >/etc/greeting`)}
    config.vm.provider :libvirt do |libvirt|
        libvirt.driver = ${text(accelerator === "kvm" ? "kvm" : "qemu")}
        ${accelerator === "kvm" ? "" : 'libvirt.cpu_mode = "custom"\n        libvirt.cpu_model = "qemu64"'}
        libvirt.memory = ${String(memory)}
        libvirt.cpus = ${String(cpus)}
        libvirt.disk_bus = "scsi"
        libvirt.disk_controller_model = "virtio-scsi"
        libvirt.loader = ${text(firmware.code)}
        libvirt.nvram = ${text(path.join(dir, "nvram.fd"))}
        libvirt.graphics_type = "none"
        libvirt.storage :file, path: "seed.iso", allow_existing: true, type: "raw", bus: "scsi", device: "sdb"
    end
end
`;
}
