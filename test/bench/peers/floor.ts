/** Bare QEMU: the text that a service of ours becomes QEMU by, run by nobody but us, in its directory. */
import { spawn } from "node:child_process";
import { end } from "./child";
import type { Peer, RunningPeer } from "./peer";

export class Floor implements Peer {
    readonly port = 2222;

    constructor(
        /** Of a machine that does not run. */
        private readonly dir: string,
        readonly address: string,
    ) {}

    start(): Promise<RunningPeer> {
        const qemu = spawn("sh", ["./run"], { cwd: this.dir, stdio: "ignore" });
        return Promise.resolve({ pid: () => qemu.pid ?? 0, end: () => end(qemu) });
    }
}
