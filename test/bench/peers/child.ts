/** Processes that the measurements start, and end by their ids. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";

/** Starts a program whose words go into a log. */
export function spawnLogged(
    argv: readonly [string, ...string[]],
    log: string,
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
    const [file, ...rest] = argv;
    const words = fs.openSync(log, "a");
    const child = spawn(file, rest, { ...options, stdio: ["ignore", words, words] });
    fs.closeSync(words);
    return child;
}

/** Runs a program to its end; a failure shows its last words. */
export async function runLogged(...args: Parameters<typeof spawnLogged>): Promise<void> {
    const [argv, log] = args;
    const [code] = (await once(spawnLogged(...args), "exit")) as [number | null];
    if (code !== 0) {
        const words = fs.readFileSync(log, "utf8").split("\n").slice(-25).join("\n");
        throw new Error(`${argv.join(" ")} ended with ${String(code)}:\n${words}`);
    }
}

/** Ends a process that may have ended already. */
export async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
}

/** The only child of a process. */
export function childOf(pid: number): number {
    const id = String(pid);
    const [child] = fs.readFileSync(`/proc/${id}/task/${id}/children`, "utf8").split(" ");
    if (child === undefined || child === "") {
        throw new Error(`process ${id} has no child`);
    }
    return Number(child);
}
