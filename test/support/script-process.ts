/** Runs a script as a host does: as text, with all its values in the environment. */
import { ChildProcessWithoutNullStreams, execFileSync, spawn } from "child_process";
import { script } from "../../components/internal/scripts";
import { scratchDir } from "./scratch";

export interface Ran {
    /** -1 when a signal ended it. */
    code: number;
    stdout: string;
    stderr: string;
}

export interface RunningScript {
    child: ChildProcessWithoutNullStreams;
    ended: Promise<Ran>;
}

/** POSIX shells of this machine: the one that is sh on Debian, and the one that is sh elsewhere. */
export const shells = ["dash", "bash"].filter((shell) => {
    try {
        execFileSync(shell, ["-c", "true"]);
        return true;
    } catch {
        return false;
    }
});

/** A directory for one test. It has a blank in its path: nothing may depend on paths without one. */
export function scratchDirectory(): string {
    return scratchDir("kubedev scripts-");
}

/** Starts scripts/<name>.sh; it sees no other variable than PATH and the values. */
export function startScript(
    name: string,
    values: Record<string, string>,
    { shell = "sh", cwd = "/" }: { shell?: string; cwd?: string } = {},
): RunningScript {
    const child = spawn(shell, ["-c", script(`${name}.sh`)], {
        cwd,
        env: { PATH: process.env.PATH, ...values },
    });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
    child.stdin.on("error", () => undefined);
    const ended = new Promise<Ran>((resolve) =>
        child.on("close", (code) => {
            resolve({ code: code ?? -1, ...out });
        }),
    );
    return { child, ended };
}

/** Runs scripts/<name>.sh to its end, with nothing on its standard input. */
export function runScript(
    name: string,
    values: Record<string, string>,
    options: { shell?: string; cwd?: string } = {},
): Promise<Ran> {
    const { child, ended } = startScript(name, values, options);
    child.stdin.end();
    return ended;
}

/** The JSON that a script printed. */
export function json(ran: Ran): unknown {
    if (ran.code !== 0) {
        throw new Error(`the script ended with ${String(ran.code)}: ${ran.stderr}`);
    }
    return JSON.parse(ran.stdout) as unknown;
}
