/** What programs declare, by a process that runs them against mocks. */
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { repoRoot } from "./engine-cli";

export interface Snippet {
    /** A TypeScript program. */
    text: string;
    /** As in a preview: what is not made yet has no outputs. Else as in a run that makes all. */
    preview: boolean;
}

export interface DeclaredOptions {
    /** What it is below, from the top. */
    below: { type: string; name: string }[];
    /** Removed before it is made anew. */
    deletedFirst: boolean;
    /** As given: names, URNs, or objects with what was otherwise. */
    aliases: unknown[];
}

export interface DeclaredResource extends DeclaredOptions {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
}

export interface SnippetResult {
    declared: DeclaredResource[];
    error?: string;
}

/** What programs take from their reader's environment. */
const readers = {
    ...{ XDG_STATE_HOME: "/state", XDG_CACHE_HOME: "/cache", USER: "me", KUBECONFIG_PATH: "" },
    CEPH_KEY: `${"A".repeat(38)}==`,
};

/** Ten seconds of work for all programs of the documents; a busy machine takes many times that. */
const limitMs = 300_000;

export function runSnippets(snippets: Snippet[]): SnippetResult[] {
    const { status, output, stderr } = spawnSync(
        process.execPath,
        ["--import", "tsx", path.join(__dirname, "snippet-program.ts")],
        {
            cwd: repoRoot,
            env: { ...process.env, ...readers },
            input: JSON.stringify(snippets),
            encoding: "utf8",
            stdio: ["pipe", "pipe", "pipe", "pipe"],
            maxBuffer: 256 * 1024 * 1024,
            timeout: limitMs,
        },
    );
    if (status !== 0) {
        throw new Error(
            `snippet-program.ts ended with ${status ?? `a signal, or took over ${limitMs} ms`}\n${stderr.slice(-4000)}`,
        );
    }
    return JSON.parse(output[3] ?? "") as SnippetResult[];
}
