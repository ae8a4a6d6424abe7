/** Runs the scripts of scripts/host as a host does: as text, with values in the environment, on a scratch home. */
import { ChildProcess, spawn } from "child_process";
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { script } from "../../components/internal/scripts";
import { markedBy } from "./host-state";

export interface Ran {
    /** -1 when a signal ended it. */
    code: number;
    stdout: string;
    stderr: string;
}

export interface RunningScript {
    child: ChildProcess;
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

/** A host of its own: a scratch home, a directory for the things, one shell. */
export class ScriptHost {
    // With a blank: nothing may depend on paths without one.
    readonly home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "kubedev host-"));
    readonly stack = path.join(this.home, ".local/state/kubedev/project/stack");

    constructor(private readonly shell: string) {}

    /** Directory of a thing. */
    dir(key: string): string {
        return path.join(this.stack, key);
    }

    /** A path below the host's scratch directory. */
    at(name: string): string {
        return path.join(this.home, name);
    }

    /** Starts scripts/host/<name>.sh for the thing with this key. */
    start(
        name: string,
        key: string,
        values: Record<string, string> = {},
        stdin: string | Buffer | null = "",
    ): RunningScript {
        const child = spawn(this.shell, ["-c", script(`host/${name}.sh`)], {
            cwd: "/",
            env: {
                PATH: process.env.PATH,
                HOME: this.home,
                KUBEDEV_SCOPE: "project/stack",
                KUBEDEV_KEY: key,
                KUBEDEV_INCARNATION: "7",
                KUBEDEV_SPEC: "spec",
                ...values,
            },
        });
        const out = { stdout: "", stderr: "" };
        child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
        child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
        child.stdin.on("error", () => undefined);
        if (stdin !== null) {
            child.stdin.end(stdin);
        }
        const ended = new Promise<Ran>((resolve) =>
            child.on("close", (code) => {
                resolve({ code: code ?? -1, ...out });
            }),
        );
        return { child, ended };
    }

    run(
        name: string,
        key: string,
        values: Record<string, string> = {},
        stdin: string | Buffer = "",
    ): Promise<Ran> {
        return this.start(name, key, values, stdin).ended;
    }

    /** Ends what services of this host still run, and removes the scratch home. */
    dispose(): void {
        const things = fs.existsSync(this.stack) ? fs.readdirSync(this.stack) : [];
        for (const pid of things.flatMap((key) => markedBy(this.dir(key)))) {
            process.kill(pid, "SIGKILL");
        }
        fs.rmSync(this.home, { recursive: true, force: true });
    }
}
