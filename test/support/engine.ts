/**
 * Drives the real Pulumi CLI on a scratch project: own backend, own state and cache homes, own
 * passphrase. With KUBEDEV_COMMAND_PLUGIN=/path/to/pulumi-resource-command a run uses that
 * binary for the `command` package instead of the installed one.
 */
import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { parse, stringify } from "yaml";
import { compilerSettings, engineEnv, projectFile, repoRoot, runCli, withVars } from "./engine-cli";
import { parseEvents, parsePreview, PreviewResult, RunResult, UpResult } from "./engine-results";
import { scratchDir } from "./scratch";

export * from "./engine-results";
export { library, repoRoot } from "./engine-cli";

/** Longest that one CLI run may take unless a test says otherwise. */
const defaultTimeoutMs = 120_000;

export interface ScratchOptions {
    /** Text of index.ts. */
    program: string;
    /** Project name; default "scratch". */
    project?: string;
    /** Stack name; default "test". */
    stack?: string;
    /** Added to the environment of every run; undefined removes a variable. */
    env?: Record<string, string | undefined>;
    /** Stack configuration; a key without a colon belongs to the project. */
    config?: Record<string, string>;
}

export interface RunOptions {
    /** Further arguments of the CLI. */
    args?: string[];
    env?: Record<string, string | undefined>;
    timeoutMs?: number;
    /** The run has to fail: its result is returned, and a success is an error. */
    expectFailure?: boolean;
    /** Gets what the CLI prints while it runs. */
    heard?: (text: string) => void;
}

/** A CLI run ended otherwise than the test expected; the message holds the diagnostics. */
export class EngineError extends Error {
    readonly result!: RunResult & { errors?: string[] };

    constructor(message: string, result: RunResult & { errors?: string[] }) {
        super(message);
        this.name = "EngineError";
        // Not enumerable: test reports would print the whole event stream.
        Object.defineProperty(this, "result", { value: result, enumerable: false });
    }
}

export class ScratchStack {
    readonly stateHome: string;
    readonly cacheHome: string;
    readonly env: NodeJS.ProcessEnv;

    private constructor(
        /** The program's directory (temporary). */
        readonly dir: string,
        readonly project: string,
        readonly stack: string,
        env: Record<string, string | undefined>,
    ) {
        this.env = withVars(
            {
                ...engineEnv(),
                PULUMI_BACKEND_URL: `file://${path.join(dir, ".backend")}`,
                XDG_STATE_HOME: path.join(dir, ".state"),
                XDG_CACHE_HOME: path.join(dir, ".cache"),
            },
            env,
        );
        this.stateHome = this.env.XDG_STATE_HOME ?? "";
        this.cacheHome = this.env.XDG_CACHE_HOME ?? "";
    }

    /** Makes the project directory and an empty stack. */
    static async create(o: ScratchOptions): Promise<ScratchStack> {
        const dir = scratchDir("kubedev-engine-");
        const s = new ScratchStack(dir, o.project ?? "scratch", o.stack ?? "test", o.env ?? {});
        for (const d of [path.join(dir, ".backend"), s.stateHome, s.cacheHome]) {
            fs.mkdirSync(d, { recursive: true });
        }
        linkPackages(dir);
        s.write("Pulumi.yaml", stringify(projectFile(s.project, dir)));
        s.write("package.json", JSON.stringify({ name: s.project, private: true }));
        fs.copyFileSync(compilerSettings, path.join(dir, "tsconfig.json"));
        s.program(o.program);
        await s.must(["stack", "init", s.stack, "--no-select"], { noStack: true });
        for (const [key, value] of Object.entries(o.config ?? {})) {
            s.setConfig(key, value);
        }
        return s;
    }

    /** A stack that something else made, of a program that is there; `env` says where its state and its backend are. */
    static adopt(
        dir: string,
        o: { project: string; stack: string; env: Record<string, string | undefined> },
    ): ScratchStack {
        return new ScratchStack(dir, o.project, o.stack, o.env);
    }

    /** Replaces index.ts. */
    program(source: string): void {
        this.write("index.ts", source);
    }

    /** Writes a file of the project; answers its full path. */
    write(name: string, text: string): string {
        const file = path.join(this.dir, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
        return file;
    }

    /** Sets one plain configuration value of the stack; undefined removes it. */
    setConfig(key: string, value: string | undefined): void {
        const file = path.join(this.dir, `Pulumi.${this.stack}.yaml`);
        const doc = (fs.existsSync(file) ? parse(fs.readFileSync(file, "utf8")) : undefined) as
            { config?: Record<string, string> } | undefined | null;
        const full = key.includes(":") ? key : `${this.project}:${key}`;
        const config = withVars(doc?.config ?? {}, { [full]: value });
        fs.writeFileSync(file, stringify({ ...doc, config }));
    }

    /** Sets a configuration value encrypted by the stack's passphrase. */
    async setSecret(key: string, value: string): Promise<void> {
        await this.must(["config", "set", "--secret", key], { stdin: value });
    }

    async preview(o: RunOptions = {}): Promise<PreviewResult> {
        const args = ["preview", "--json", ...(o.args ?? [])];
        return judge(args, parsePreview(await this.run(args, o)), o);
    }

    async up(o: RunOptions = {}): Promise<UpResult> {
        return this.change("up", o);
    }

    async refresh(o: RunOptions = {}): Promise<UpResult> {
        return this.change("refresh", o);
    }

    async destroy(o: RunOptions = {}): Promise<UpResult> {
        return this.change("destroy", o);
    }

    /** `pulumi cancel`: removes the lock that a killed run left. */
    async cancel(): Promise<void> {
        await this.must(["cancel", "--yes", this.stack], { noStack: true });
    }

    /** Stack outputs, secrets in clear. */
    async outputs(): Promise<Record<string, unknown>> {
        const r = await this.must(["stack", "output", "--json", "--show-secrets"]);
        return JSON.parse(r.stdout) as Record<string, unknown>;
    }

    /** The checkpoint as `pulumi stack export` prints it (secrets stay encrypted). */
    async exportState(): Promise<StackState> {
        return JSON.parse((await this.must(["stack", "export"])).stdout) as StackState;
    }

    /** Every byte that the backend keeps of this stack: what a search for a secret has to read. */
    rawState(): string {
        const root = path.join(this.dir, ".backend");
        return fs
            .readdirSync(root, { recursive: true, encoding: "utf8" })
            .map((name) => path.join(root, name))
            .filter((file) => fs.statSync(file).isFile())
            .map((file) => fs.readFileSync(file, "utf8"))
            .join("\n");
    }

    /** Loses the state, as `pulumi stack rm --force` does, and begins an empty one of the same name. */
    async forget(): Promise<void> {
        await this.must(["stack", "rm", "--force", "--yes", "--preserve-config"]);
        await this.must(["stack", "init", this.stack, "--no-select"], { noStack: true });
    }

    /** Starts the CLI on this stack and leaves it to the caller (kill and cancel tests). */
    spawn(args: string[], env: Record<string, string | undefined> = {}): ChildProcess {
        return spawn("pulumi", ["--non-interactive", ...args, "-s", this.stack], {
            cwd: this.dir,
            env: withVars(this.env, env),
            stdio: ["ignore", "pipe", "pipe"],
        });
    }

    /** Runs the CLI on this stack to its end, whatever its exit code. */
    async run(args: string[], o: RunOptions & RawRun = {}): Promise<RunResult> {
        const ms = o.timeoutMs ?? defaultTimeoutMs;
        const { late, ...r } = await runCli([...args, ...(o.noStack ? [] : ["-s", this.stack])], {
            cwd: this.dir,
            env: withVars(this.env, o.env ?? {}),
            stdin: o.stdin,
            timeoutMs: ms,
            heard: o.heard,
        });
        if (late) {
            throw new EngineError(`pulumi ${args.join(" ")} took over ${ms} ms\n${tail(r)}`, r);
        }
        return r;
    }

    /** Destroys what is left, best effort, and removes the directory. */
    async dispose(): Promise<void> {
        try {
            const state = await this.exportState();
            if ((state.deployment.resources ?? []).length > 0) {
                if ((await this.change("destroy", {}).catch(() => undefined)) === undefined) {
                    await this.cancel().catch(() => undefined);
                    await this.change("destroy", { args: ["--continue-on-error"] });
                }
            }
        } catch (e) {
            process.stderr.write(`scratch stack in ${this.dir} was not destroyed: ${String(e)}\n`);
        } finally {
            fs.rmSync(this.dir, { recursive: true, force: true });
        }
    }

    private async change(verb: string, o: RunOptions): Promise<UpResult> {
        const args = [verb, "--yes", "--skip-preview", "--json", ...(o.args ?? [])];
        return judge(args, parseEvents(await this.run(args, o)), o);
    }

    private async must(args: string[], o: RawRun = {}): Promise<RunResult> {
        const r = await this.run(args, o);
        if (r.code !== 0) {
            throw new EngineError(`pulumi ${args.join(" ")} ended with ${r.code}\n${tail(r)}`, r);
        }
        return r;
    }
}

/**
 * What a program imports, and no more: before every operation the language host reads the whole folder for plugins that its
 * packages want, which takes seconds for all that this repository has.
 */
function linkPackages(dir: string): void {
    const folder = path.join(dir, "node_modules");
    fs.mkdirSync(path.join(folder, "@pulumi"), { recursive: true });
    for (const name of ["@pulumi/pulumi", "@pulumi/command", "@pulumi/kubernetes", "typescript"]) {
        fs.symlinkSync(path.join(repoRoot, "node_modules", name), path.join(folder, name));
    }
}

export interface StackState {
    deployment: {
        resources?: {
            urn: string;
            type: string;
            id?: string;
            custom: boolean;
            inputs?: Record<string, unknown>;
            outputs?: Record<string, unknown>;
            dependencies?: string[];
            pendingReplacement?: boolean;
        }[];
        pending_operations?: { type: string; resource: { urn: string } }[];
    };
}

interface RawRun {
    /** Do not add `-s <stack>`. */
    noStack?: boolean;
    stdin?: string;
}

function judge<T extends RunResult & { errors: string[] }>(args: string[], r: T, o: RunOptions): T {
    const failed = r.code !== 0;
    if (failed === (o.expectFailure ?? false)) {
        return r;
    }
    const what = failed ? `ended with ${r.code}` : "succeeded, expected a failure";
    throw new EngineError(`pulumi ${args.join(" ")} ${what}\n${tail(r)}`, r);
}

/** What a reader needs to see of a run: error diagnostics and stderr, else the end of stdout. */
function tail(r: RunResult & { errors?: string[] }): string {
    const parts = new Set([...(r.errors ?? []), r.stderr].filter((t) => t.trim() !== ""));
    const text = [...parts].join("\n");
    return (text === "" ? r.stdout : text).slice(-6000);
}
