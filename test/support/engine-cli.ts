/** The process side of the engine helper: the environment, the project file, one CLI run. */
import { ChildProcess, spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { RunResult } from "./engine-results";

/** Root of the repository. */
export const repoRoot = path.resolve(__dirname, "../..");

/**
 * What a program imports to get the library from its TypeScript sources:
 * `import * as kubedev from "${library}"`. (The bare root would load a stale `bin/`.)
 */
export const library = path.join(repoRoot, "index");

/**
 * Settings for every source that ts-node loads, the repository's included. One file for all stacks: the place of it is part
 * of the key of what ts-node keeps, and the library takes longer to translate than a preview of it does to run.
 */
export const compilerSettings = path.join(__dirname, "scratch-tsconfig.json");

/** Plugins that a variable of the environment can name the binary of. */
const replaceable = {
    command: "KUBEDEV_COMMAND_PLUGIN",
    kubernetes: "KUBEDEV_KUBERNETES_PLUGIN",
    "azure-native": "KUBEDEV_AZURE_NATIVE_PLUGIN",
};

export function projectFile(name: string, dir: string): unknown {
    const providers = Object.entries(replaceable).flatMap(([plugin, variable]) => {
        const binary = process.env[variable];
        return binary ? [{ name: plugin, path: pluginFolder(dir, plugin, binary) }] : [];
    });
    const project = { name, runtime: "nodejs" };
    return providers.length === 0 ? project : { ...project, plugins: { providers } };
}

/** The engine wants a folder with the program by its full name. */
function pluginFolder(dir: string, plugin: string, binary: string): string {
    const folder = path.join(dir, `.plugin-${plugin}`);
    fs.mkdirSync(folder);
    fs.symlinkSync(
        fs.realpathSync(path.resolve(binary)),
        path.join(folder, `pulumi-resource-${plugin}`),
    );
    return folder;
}

/** The caller's environment without its own Pulumi settings, with this repository's toolchain. */
export function engineEnv(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([k]) => !k.startsWith("PULUMI_"));
    return {
        ...Object.fromEntries(own),
        PATH: `${path.join(repoRoot, ".toolchain/bin")}:${process.env.PATH ?? ""}`,
        PULUMI_HOME: process.env.PULUMI_HOME ?? path.join(repoRoot, ".toolchain/pulumi"),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
        PULUMI_NODEJS_TRANSPILE_ONLY: "true",
        PULUMI_NODEJS_TSCONFIG_PATH: compilerSettings,
        TS_NODE_CACHE_DIRECTORY: path.join(repoRoot, ".toolchain/ts-node"),
        // Events instead of a digest, which lacks unchanged resources and most outputs.
        PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
        PULUMI_CONFIG_PASSPHRASE: "scratch",
        // Jest turns colours on for its children; messages are compared as plain text.
        FORCE_COLOR: undefined,
        NO_COLOR: "1",
    };
}

export function withVars(
    env: NodeJS.ProcessEnv,
    more: Record<string, string | undefined>,
): NodeJS.ProcessEnv {
    const all = Object.entries({ ...env, ...more }).filter(([, v]) => v !== undefined);
    return Object.fromEntries(all);
}

async function collect(child: ChildProcess, started: number): Promise<RunResult> {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (d: Buffer) => out.push(d));
    child.stderr?.on("data", (d: Buffer) => err.push(d));
    const code = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (c) => resolve(c ?? -1));
    });
    const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8");
    return { code, stdout: text(out), stderr: text(err), durationMs: Date.now() - started };
}

export interface CliRun {
    cwd: string;
    env: NodeJS.ProcessEnv;
    stdin?: string;
    /** After this SIGINT is sent, ten seconds later SIGKILL. */
    timeoutMs: number;
    /** Gets what it prints while it runs. */
    heard?: (text: string) => void;
}

/** Runs the CLI to its end; `late` says that the time-out ended it. */
export async function runCli(args: string[], o: CliRun): Promise<RunResult & { late: boolean }> {
    const started = Date.now();
    const child = spawn("pulumi", ["--non-interactive", ...args], { cwd: o.cwd, env: o.env });
    // A CLI that dies before it reads its input is reported by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(o.stdin ?? "");
    child.stdout.on("data", (data: Buffer) => o.heard?.(data.toString()));
    let late = false;
    let hard: NodeJS.Timeout | undefined;
    const soft = setTimeout(() => {
        late = true;
        child.kill("SIGINT");
        hard = setTimeout(() => child.kill("SIGKILL"), 10_000);
    }, o.timeoutMs);
    try {
        return { ...(await collect(child, started)), late };
    } finally {
        clearTimeout(soft);
        clearTimeout(hard);
    }
}
