/** Looks at what the host primitives keep on a host, and at the processes that they started. */
import * as fs from "fs";
import * as path from "path";
import { ScratchStack } from "./engine";

/** Directory of the thing with this key, below a state home. */
export function dirOf(stack: ScratchStack, key: string, stateHome = stack.stateHome): string {
    return path.join(stateHome, "kubedev", stack.project, stack.stack, key);
}

/** The record that a thing keeps, by field. */
export function recordOf(dir: string): Record<string, string> {
    const text = fs.readFileSync(path.join(dir, "record"), "utf8");
    const lines = text.split("\n").filter((line) => line.includes("="));
    return Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
}

/** Process id of the service that keeps this directory. */
export function pidOf(dir: string): number {
    return Number(recordOf(dir).pid);
}

/** Whether a process runs: it is there and no zombie. */
export function isRunning(pid: number): boolean {
    try {
        const stat = fs.readFileSync(`/proc/${String(pid)}/stat`, "utf8");
        return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "");
    } catch {
        return false;
    }
}

/** Ends a process at once and waits until it is gone. */
export async function killHard(pid: number): Promise<void> {
    if (!(pid > 1)) {
        throw new Error(`not a process id: ${String(pid)}`);
    }
    process.kill(pid, "SIGKILL");
    await until(() => !isRunning(pid), `end of process ${String(pid)}`);
}

/** Processes whose environment marks them as started by the service that keeps this directory. */
export function markedBy(dir: string): number[] {
    return processesWith("environ", `KUBEDEV_SERVICE=${dir}\0`);
}

/** Processes whose command line, arguments separated by NUL, holds this text. */
export function withArguments(text: string): number[] {
    return processesWith("cmdline", text);
}

export function processesWith(file: string, text: string): number[] {
    return fs
        .readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
        .filter((name) => {
            try {
                return fs.readFileSync(`/proc/${name}/${file}`, "utf8").includes(text);
            } catch {
                return false;
            }
        })
        .map(Number);
}

/** Waits for something that takes no longer than the given time. */
export async function until(
    holds: () => boolean | Promise<boolean>,
    what: string,
    timeoutMs = 20_000,
): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
        if (Date.now() > deadline) {
            throw new Error(`waited ${String(timeoutMs)} ms in vain for: ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

/** Every file below a directory, relative to it. */
export function filesBelow(dir: string): string[] {
    return fs.existsSync(dir)
        ? fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).sort()
        : [];
}
