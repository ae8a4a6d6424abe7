/** A machine as far as its network goes: a namespace at the other end of a wire, with an address that no other machine has. */
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";

/** Why there is none here; undefined when there is. */
export const networkNamespaceMissing =
    process.getuid?.() === 0 && spawnSync("unshare", ["--net", "true"]).status === 0
        ? undefined
        : "a network namespace needs root";

/** What would do things in the network of this machine, for who asks by a socket below these. */
const managers = ["/run/systemd", "/run/dbus"];

export class NetworkNamespace {
    private constructor(
        private readonly holder: ChildProcess,
        /** Of the end there; empty without a wire to here. */
        readonly address: string,
        private readonly alsoMounts = false,
    ) {}

    /** The wire goes with the namespace, and that with the process that holds it. */
    static async start(): Promise<NetworkNamespace> {
        const holder = await hold([], "ip link set lo up");
        // Test files run side by side, and machines of others have networks in 198.18.0.0/15.
        const net = `10.213.${String(process.pid % 256)}`;
        const [here, there] = [`here${String(process.pid)}`, `there${String(process.pid)}`];
        const namespace = new NetworkNamespace(holder, `${net}.2`);
        const ip = (...args: string[]) => execFileSync("ip", args);
        ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", String(holder.pid));
        ip("address", "add", `${net}.1/24`, "dev", here);
        ip("link", "set", here, "up");
        namespace.run("ip", "address", "add", `${namespace.address}/24`, "dev", there);
        namespace.run("ip", "link", "set", there, "up");
        return namespace;
    }

    /** One without a wire to here, where no systemd answers: what is done in it stays in it. */
    static async alone(): Promise<NetworkNamespace> {
        const hidden = managers.filter((dir) => fs.existsSync(dir));
        const setup = hidden.map((dir) => `mount -t tmpfs hidden ${dir} && `).join("");
        const holder = await hold(["--mount"], `${setup}ip link set lo up`);
        return new NetworkNamespace(holder, "", true);
    }

    /** Lays a wire to another one; answers nothing, both ends are up. */
    wire(here: string, other: NetworkNamespace, there: string): void {
        const pid = String(other.holder.pid);
        this.run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", pid);
        this.run("ip", "link", "set", here, "up");
        other.run("ip", "link", "set", there, "up");
    }

    /** Words before a command line that is to run there. */
    get within(): [string, ...string[]] {
        const mounts = this.alsoMounts ? ["--mount"] : [];
        return ["nsenter", "--target", String(this.holder.pid), "--net", ...mounts];
    }

    run(...argv: string[]): string {
        const [program, ...args] = [...this.within, ...argv];
        return execFileSync(program, args, { encoding: "utf8" });
    }

    /** Runs shell text there; answers what it printed. */
    shell(command: string): string {
        return this.run("sh", "-c", `PATH=$PATH:/usr/sbin:/sbin; ${command}`).trim();
    }

    /** Has a stack's CLI run there, and so all that it starts; a script of its own goes to the directory. */
    runsCliOf(env: NodeJS.ProcessEnv, directory: string): void {
        const real = execFileSync("sh", ["-c", "command -v pulumi"], { env, encoding: "utf8" });
        const inside = `sh -c 'cd "$0" && exec "$@"' "$PWD" ${real.trim()} "$@"`;
        const text = `#!/bin/sh\nexec ${this.within.join(" ")} ${inside}\n`;
        fs.writeFileSync(path.join(directory, "pulumi"), text, { mode: 0o755 });
        env["PATH"] = `${directory}:${env["PATH"] ?? ""}`;
    }

    /** Starts a program there, which ends with it. */
    spawn(...argv: string[]): ChildProcess {
        const [program, ...args] = [...this.within, ...argv];
        return spawn(program, args, { stdio: "ignore" });
    }

    /** Ends what runs there, too: what a failed test left. */
    async stop(): Promise<void> {
        const place = networkOf(this.holder.pid ?? 0);
        for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
            if (place !== undefined && networkOf(Number(pid)) === place) {
                process.kill(Number(pid), "SIGKILL");
            }
        }
        await once(this.holder, "exit");
    }
}

/** Starts the process that a namespace lasts as long as. */
async function hold(more: string[], setup: string): Promise<ChildProcess> {
    const holder = spawn(
        "unshare",
        ["--net", ...more, "sh", "-c", `${setup} && echo ready && exec sleep infinity`],
        { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    return holder;
}

/** Which network a process is in; undefined for one that is gone. */
function networkOf(pid: number): string | undefined {
    try {
        return fs.readlinkSync(`/proc/${String(pid)}/ns/net`);
    } catch {
        return undefined;
    }
}
