/** `debvm-run` of Debian's package debvm: a Debian of debvm-create, without any provisioning. */
import { once } from "node:events";
import * as path from "node:path";
import { freePort } from "../../support/sshd";
import { childOf, runLogged, spawnLogged } from "./child";
import { coldStart, cpus, memoryMib, type Peer, type RunningPeer } from "./peer";

export class Debvm implements Peer {
    /** The only one that it listens on. */
    readonly address = "127.0.0.1";

    private constructor(
        private readonly dir: string,
        private readonly accelerator: "kvm" | "tcg",
        readonly port: number,
    ) {}

    /** Makes the image, and starts it once: the first start is that of an image, which takes longer. */
    static async make(
        dir: string,
        { accelerator, publicKey }: { accelerator: "kvm" | "tcg"; publicKey: string },
    ): Promise<Debvm> {
        await runLogged(
            // mmdebstrap that fails ends its whole process group.
            ["setsid", "--wait", "bash", path.join(__dirname, "debvm-image.sh")],
            path.join(dir, "debvm-create.log"),
            {
                cwd: dir,
                env: { ...process.env, IMAGE_SUITE: "bookworm", PEER_PUBLIC_KEY: publicKey },
            },
        );
        const debvm = new Debvm(dir, accelerator, await freePort());
        await coldStart(debvm);
        return debvm;
    }

    start(): Promise<RunningPeer> {
        // What is said twice counts as it was said last.
        const options = [
            ...["-machine", `accel=${this.accelerator}`, "-m", String(memoryMib)],
            ...["-smp", String(cpus), "-cpu", this.accelerator === "kvm" ? "host" : "max"],
        ];
        const wrapper = spawnLogged(
            ["debvm-run", "-i", "debvm.ext4", "-s", String(this.port), "--", ...options],
            path.join(this.dir, "debvm-run.log"),
            { cwd: this.dir },
        );
        const pid = () => childOf(wrapper.pid ?? 0);
        return Promise.resolve({
            pid,
            // It removes its own files once QEMU, or whatever it runs before, has ended.
            end: async () => {
                const ended = once(wrapper, "exit");
                process.kill(pid(), "SIGKILL");
                await ended;
            },
        });
    }
}
