/** libvirt's daemon in namespaces of its own, where all that it starts ends with it: see libvirtd.sh. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { childOf, end, runLogged } from "./child";

export class LibvirtDaemon {
    private constructor(
        private readonly holder: ChildProcess,
        private readonly dir: string,
        private readonly namespaces: readonly string[],
    ) {}

    /** With networks, or without: machines with user networking are reached from everywhere here then. */
    static async start(dir: string, { networks }: { networks: boolean }): Promise<LibvirtDaemon> {
        const namespaces = ["--mount", "--pid", ...(networks ? ["--net"] : [])];
        const holder = spawn(
            // It ends with us, whatever ends us.
            "setpriv",
            [
                ...["--pdeathsig", "KILL", "unshare"],
                ...[...namespaces, "--fork", "--kill-child", "--mount-proc"],
                ...["bash", path.join(__dirname, "libvirtd.sh")],
            ],
            {
                env: {
                    ...process.env,
                    LIBVIRTD_LOG: path.join(dir, "libvirtd.log"),
                    LIBVIRTD_IMAGES: dir,
                },
                stdio: ["ignore", "pipe", "inherit"],
            },
        );
        await Promise.race([
            once(holder.stdout, "data"),
            once(holder, "exit").then(() => {
                throw new Error("libvirtd does not start here; its words are above");
            }),
        ]);
        return new LibvirtDaemon(holder, dir, namespaces);
    }

    /** Runs a program beside the daemon, to its end. */
    run(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
        const target = String(childOf(this.holder.pid ?? 0));
        return runLogged(
            ["nsenter", "--target", target, ...this.namespaces, `--wdns=${this.dir}`, ...argv],
            path.join(this.dir, "libvirt-clients.log"),
            { cwd: this.dir, env },
        );
    }

    async dispose(): Promise<void> {
        await end(this.holder);
    }
}
