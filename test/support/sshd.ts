/** A real sshd on loopback with keys and configuration of its own; ~/.ssh is never touched. */
import { ChildProcess, execFileSync, spawn } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as os from "os";
import * as path from "path";
import { scratchDir } from "./scratch";

export interface SshdOptions {
    /** Patterns of the environment variables that the server takes from clients; default none. */
    acceptEnv?: string[];
    /** Loopback address to listen on; default 127.0.0.1. */
    address?: string;
    /** Port to listen on; default a free one. */
    port?: number;
    /** Words before its command line, as `nsenter` and its arguments; default none. */
    within?: string[];
    /** Text appended to sshd_config. */
    config?: string;
}

export interface Sshd {
    address: string;
    port: number;
    user: string;
    /** Client key, mode 0600, no passphrase. */
    privateKeyPath: string;
    privateKey: string;
    publicKey: string;
    /** Host key as one authorized_keys line ("ssh-ed25519 AAAA..."). */
    hostKey: string;
    /** Pins the host key for OpenSSH's client. */
    knownHostsPath: string;
    /** What the server logged (level DEBUG1) so far. */
    log(): string;
    /** Ends the server and its sessions and removes its files. */
    stop(): Promise<void>;
}

export const sshdPath = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((p) => fs.existsSync(p));

/** Why no server can be started here; undefined when one can. */
export const sshdMissing =
    sshdPath === undefined ? "no sshd (Debian package openssh-server)" : undefined;

export async function startSshd(o: SshdOptions = {}): Promise<Sshd> {
    if (sshdPath === undefined) {
        throw new Error(`cannot start an ssh server: ${sshdMissing}`);
    }
    const dir = scratchDir("kubedev-sshd-");
    const file = (name: string) => path.join(dir, name);
    const read = (name: string) => fs.readFileSync(file(name), "utf8").trim();
    for (const key of ["host", "client"]) {
        const args = ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", file(key)];
        execFileSync("ssh-keygen", args);
    }
    if (process.getuid?.() === 0) {
        // Where sshd, started by root, confines its unprivileged half; absent without the service.
        fs.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    }
    const address = o.address ?? "127.0.0.1";
    const port = o.port ?? (await freePort(address));
    const hostKey = read("host.pub").split(" ").slice(0, 2).join(" ");
    fs.copyFileSync(file("client.pub"), file("authorized_keys"));
    fs.writeFileSync(file("known_hosts"), `[${address}]:${port} ${hostKey}\n`);
    fs.writeFileSync(file("sshd_config"), serverConfig(dir, address, port, o));
    const commandLine = [sshdPath, "-D", "-f", file("sshd_config"), "-E", file("log")];
    const [program = sshdPath, ...argv] = [...(o.within ?? []), ...commandLine];
    const child = spawn(program, argv, { stdio: "ignore" });
    const server: Sshd = {
        address,
        port,
        user: os.userInfo().username,
        privateKeyPath: file("client"),
        privateKey: read("client") + "\n",
        publicKey: read("client.pub"),
        hostKey,
        knownHostsPath: file("known_hosts"),
        log: () => (fs.existsSync(file("log")) ? read("log") : ""),
        stop: async () => {
            await stopTree(child);
            fs.rmSync(dir, { recursive: true, force: true });
        },
    };
    try {
        await reachable(address, port, child);
    } catch (e) {
        const log = server.log();
        await server.stop();
        throw new Error(`${String(e)}\n${log}`, { cause: e });
    }
    return server;
}

function serverConfig(dir: string, address: string, port: number, o: SshdOptions): string {
    const lines = [
        `ListenAddress ${address}`,
        `Port ${port}`,
        `HostKey ${path.join(dir, "host")}`,
        `AuthorizedKeysFile ${path.join(dir, "authorized_keys")}`,
        "PidFile none",
        // The key file lies in a world-writable parent (/tmp).
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "PrintMotd no",
        "UseDNS no",
        "MaxStartups 100",
        "LogLevel DEBUG1",
        "Subsystem sftp internal-sftp",
        ...(o.acceptEnv ?? []).map((pattern) => `AcceptEnv ${pattern}`),
        o.config ?? "",
    ];
    return lines.join("\n") + "\n";
}

/** A port that nothing listens on at this moment. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
    return new Promise((resolve, reject) => {
        const probe = net.createServer();
        probe.on("error", reject);
        probe.listen(0, address, () => {
            const bound = probe.address();
            probe.close(() => resolve(typeof bound === "object" && bound ? bound.port : 0));
        });
    });
}

async function reachable(address: string, port: number, child: ChildProcess): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline) {
        if (child.exitCode !== null) {
            throw new Error(`sshd ended with ${child.exitCode} before it listened`);
        }
        const open = await new Promise<boolean>((resolve) => {
            const socket = net.connect(port, address);
            socket.on("connect", () => resolve(true));
            socket.on("error", () => resolve(false));
            socket.on("close", () => socket.destroy());
            socket.on("connect", () => socket.destroy());
        });
        if (open) {
            return;
        }
        await new Promise((r) => setTimeout(r, 20));
    }
    throw new Error(`sshd did not listen on ${address}:${port} within 10 s`);
}

/** Ends the listener and, since sessions outlive it, the processes below it. */
async function stopTree(child: ChildProcess): Promise<void> {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
        return;
    }
    const sessions = descendants(child.pid);
    const ended = new Promise((r) => child.once("exit", r));
    child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(hard);
    for (const pid of sessions) {
        try {
            process.kill(pid, "SIGKILL");
        } catch {
            // It ended with the listener.
        }
    }
}

function descendants(root: number): number[] {
    const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid="], { encoding: "utf8" })
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/).map(Number));
    const below = (parent: number): number[] =>
        rows.flatMap(([pid, ppid]) =>
            pid !== undefined && ppid === parent ? [pid, ...below(pid)] : [],
        );
    return below(root);
}
