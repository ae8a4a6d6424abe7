/** Runs scripts that change /etc, /run and mounts as root, in a mount namespace where these are copies: the machine keeps its own. */
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { type Ran, scratchDirectory } from "./script-process";

/** Why there is none here; undefined when there is. */
export const namespaceMissing =
    process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0
        ? undefined
        : "a mount namespace needs root";

export class MountNamespace {
    private constructor(
        /** Seen in the namespace, too. */
        readonly dir: string,
        private readonly holder: ChildProcess,
        private readonly started: ChildProcess[] = [],
    ) {}

    /** A namespace whose /etc is a copy, and whose /run and /home are empty. */
    static async start(): Promise<MountNamespace> {
        const dir = scratchDirectory();
        execFileSync("cp", ["--archive", "/etc", dir]);
        const setup =
            'mount --bind "$0/etc" /etc && mount -t tmpfs run /run && mount -t tmpfs home /home && echo ready && exec sleep infinity';
        const holder = spawn("unshare", ["--mount", "sh", "-c", setup, dir], {
            stdio: ["ignore", "pipe", "inherit"],
        });
        await Promise.race([
            once(holder.stdout as NodeJS.ReadableStream, "data"),
            once(holder, "exit").then(() => Promise.reject(new Error("no mount namespace"))),
        ]);
        return new MountNamespace(dir, holder);
    }

    /** Path of a file of the scratch directory. */
    at(name: string): string {
        return path.join(this.dir, name);
    }

    /** Starts a program in the namespace, which ends with it. */
    spawn(argv: readonly string[], env: Record<string, string> = {}): ChildProcess {
        const child = spawn("nsenter", this.enter(argv), {
            env: { PATH: process.env["PATH"], ...env },
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.started.push(child);
        return child;
    }

    /** What a program in the namespace prints. */
    output(...argv: string[]): string {
        return execFileSync("nsenter", this.enter(argv), { encoding: "utf8" }).trim();
    }

    /**
     * Runs scripts/<name>.sh as Azure's handler does: a file without the script's first line that is bash's command, with
     * the values in an environment that has nothing else. Any other shell gets the file as its script.
     */
    async run(name: string, values: Record<string, string>, shell = "bash"): Promise<Ran> {
        const file = this.at("script.sh");
        fs.writeFileSync(file, script(`${name}.sh`));
        fs.chmodSync(file, 0o700);
        const command = shell === "bash" ? ["-c", `'${file}'`] : [file];
        const given = Object.entries(values).filter(([, value]) => value !== "");
        const child = spawn("nsenter", this.enter([shell, ...command]), {
            env: { PATH: process.env["PATH"], ...Object.fromEntries(given) },
            stdio: ["ignore", "pipe", "pipe"],
        });
        const out = { stdout: "", stderr: "" };
        child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
        child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
        const [code] = (await once(child, "close")) as [number | null];
        return { code: code ?? -1, ...out };
    }

    async dispose(): Promise<void> {
        for (const child of [...this.started, this.holder]) {
            await endOf(child);
        }
        fs.rmSync(this.dir, { recursive: true, force: true });
    }

    private enter(argv: readonly string[]): string[] {
        return ["--mount", `--target=${String(this.holder.pid)}`, "--", ...argv];
    }
}

/** Kills a process that still runs. */
export async function endOf(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
    }
}

/** All tests of a group, or none of them, with the reason. */
export function describeUnless(reason: string | undefined, title: string, tests: () => void): void {
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title}: ${reason}`, tests);
    }
}

/** Output of a shell command; words are "$0", "$1" and so on. */
export const sh = (command: string, ...words: string[]) =>
    execFileSync("sh", ["-ec", command, ...words], { encoding: "utf8" }).trim();
