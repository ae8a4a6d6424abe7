/** A machine that something else than our scripts starts, and what a cold start of it costs. */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
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

/** As our own machines are waited for, so that no peer is found sooner, or disturbed more, than another. */
async function untilSshAnswers({ address, port }: Peer): Promise<void> {
    const script = path.join(__dirname, "../../../scripts/qemu/wait-ssh-banner.sh");
    await promisify(execFile)("bash", [script], {
        env: {
            ...process.env,
            ...{ KUBEDEV_ADDRESS: address, KUBEDEV_PORT: String(port) },
            KUBEDEV_WAIT_SEC: String(limitMs / 1e3),
        },
    });
}
