/** A machine as far as its network goes: a namespace at the other end of a wire, with an address that no other machine has. */
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** Why there is none here; undefined when there is. */
export const networkNamespaceMissing =
    process.getuid?.() === 0 && spawnSync("unshare", ["--net", "true"]).status === 0
        ? undefined
        : "a network namespace needs root";

export class NetworkNamespace {
    private constructor(
        private readonly holder: ChildProcess,
        /** Of the end there. */
        readonly address: string,
    ) {}

    /** The wire goes with the namespace, and that with the process that holds it. */
    static async start(): Promise<NetworkNamespace> {
        const setup = "ip link set lo up && echo ready && exec sleep infinity";
        const holder = spawn("unshare", ["--net", "sh", "-c", setup], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        await once(holder.stdout, "data");
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

    /** Words before a command line that is to run there. */
    get within(): string[] {
        return ["nsenter", "--target", String(this.holder.pid), "--net"];
    }

    run(...argv: string[]): string {
        const [program = "", ...args] = [...this.within, ...argv];
        return execFileSync(program, args, { encoding: "utf8" });
    }

    async stop(): Promise<void> {
        this.holder.kill("SIGKILL");
        await once(this.holder, "exit");
    }
}
