/** A machine that something else than our scripts starts, and what a cold start of it costs. */
import { EventEmitter, once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readBytes, readPssKib } from "./process-usage";

export const limitMs = 600_000;
export const memoryMib = 1024;
export const cpus = 2;

export interface Peer {
    /** Loopback address and port at which its sshd answers. */
    readonly address: string;
    readonly port: number;
    /** Begins to start it; it is on its way when this returns. */
    start(): Promise<RunningPeer>;
}

export interface RunningPeer {
    /** Process id of its QEMU, once it answers. */
    readonly pid: () => number;
    /** Ends it at once. */
    readonly end: () => Promise<void>;
}

export interface Measured extends Usage {
    seconds: number;
}

export interface Usage {
    /** Memory of QEMU, with its share of what it shares with others. */
    pssMib: number;
    /** What QEMU has written to files since it began. */
    writtenMib: number;
}

/** From the start until the first word of sshd; what QEMU has taken until then. */
export async function coldStart(peer: Peer): Promise<Measured> {
    const begun = performance.now();
    const running = await peer.start();
    try {
        await untilSshAnswers(peer);
        const seconds = (performance.now() - begun) / 1e3;
        return { seconds, ...usageOf(running.pid()) };
    } finally {
        await running.end();
    }
}

export function usageOf(pid: number): Usage {
    const of = (file: string) => fs.readFileSync(`/proc/${String(pid)}/${file}`, "utf8");
    return {
        pssMib: readPssKib(of("smaps_rollup")) / 1024,
        writtenMib: readBytes(of("io"), "write_bytes") / 2 ** 20,
    };
}

/**
 * QEMU takes the connection before the guest can, and repeats its own attempt ever more rarely: only a banner counts, and a
 * new connection every tenth of a second finds it soon, while the earlier ones wait for a slow guest.
 */
async function untilSshAnswers({ address, port }: Peer): Promise<void> {
    const open = new Set<net.Socket>();
    const heard = new EventEmitter();
    const banner = once(heard, "banner");
    try {
        for (const end = performance.now() + limitMs; performance.now() < end;) {
            const socket = net.connect(port, address);
            open.add(socket);
            socket.setTimeout(5000);
            socket.once("timeout", () => socket.destroy());
            socket.once("data", (data: Buffer) => {
                if (data.toString().startsWith("SSH-")) heard.emit("banner");
            });
            // A refused one is followed by the next.
            socket.once("error", () => undefined);
            socket.once("close", () => open.delete(socket));
            if ((await Promise.race([banner, sleep(100)])) !== undefined) return;
        }
        throw new Error(`no sshd on ${address}:${String(port)} within ${String(limitMs)} ms`);
    } finally {
        for (const socket of open) socket.destroy();
    }
}
