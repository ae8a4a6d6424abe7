/** Runs the scripts of scripts/host on a scratch home. */
import * as fs from "fs";
import * as path from "path";
import { markedBy } from "./host-state";
import { Ran, RunningScript, scratchDirectory, startScript } from "./script-process";

/** A host of its own: a scratch home, a directory for the things, one shell. */
export class ScriptHost {
    readonly home = scratchDirectory();
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
        const running = startScript(
            `host/${name}`,
            {
                HOME: this.home,
                KUBEDEV_SCOPE: "project/stack",
                KUBEDEV_KEY: key,
                KUBEDEV_INCARNATION: "7",
                KUBEDEV_SPEC: "spec",
                ...values,
            },
            { shell: this.shell },
        );
        if (stdin !== null) {
            running.child.stdin.end(stdin);
        }
        return running;
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
