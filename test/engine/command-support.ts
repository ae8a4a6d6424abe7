/** What the suites about the `command` plugin share. They run on the installed plugin, or on the
 * one that KUBEDEV_COMMAND_PLUGIN names. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { repoRoot, ScratchStack } from "../support/engine";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(300_000);
const hangsMs = 120_000;

/** The binary that the toolchain installed. */
export const installed = path.join(
    process.env.PULUMI_HOME ?? path.join(repoRoot, ".toolchain/pulumi"),
    "plugins/resource-command-v1.2.1/pulumi-resource-command",
);

/** The binary under test. */
export const plugin = process.env.KUBEDEV_COMMAND_PLUGIN ?? installed;

/** The drop-in says so; the real plugin knows no such flag. */
export const isDropIn = titleOf(plugin).startsWith("kubedev drop-in for command ");

export function titleOf(binary: string): string {
    try {
        const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
        return execFileSync(binary, ["--version"], { encoding: "utf8", stdio, timeout: 20_000 });
    } catch {
        return "the real plugin";
    }
}

/** Where the drop-in behaves otherwise than command 1.2.1 on purpose, and how that one behaves. */
export const knownDifferences = {
    "cancel reaches the process group": "kills the direct child only, and without a SIGTERM first",
    "timeout reaches the process group": "kills the direct child only, then waits for the others",
    "long lines": "stops reading at a line over 64 KiB and blocks the command for ever",
    "held output": "waits for ever for a background process that holds the output",
    "invalid UTF-8": "fails after the command has run, so that the resource is lost",
    "silent server": "waits for ever for a server that accepts a connection but never speaks",
    "remote timeout": "does not end a running remote command",
    "end of the run":
        "is in the group that the engine sends a SIGINT to at the end, scripts included",
    "other types": "has remote.CopyFile",
} as const;

/** A test of the drop-in alone; on the real plugin it is skipped, and says what that one does. */
export function differs(what: keyof typeof knownDifferences, name: string, run: () => unknown) {
    const real = `[${what}: the real plugin ${knownDifferences[what]}]`;
    (isDropIn ? test : test.skip)(isDropIn ? name : `${name} ${real}`, async () => {
        await run();
    });
}

/** A program whose scripts note what ran: `note("create a")` is a command that appends this line. */
export const program = (body: string) => `
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
const local = command.local;
const remote = command.remote;
const note = (line: string) => \`echo "\${line}" >>'\${__dirname}/log'\`;
${body}
`;

/** Runs a test on a stack of its own, which is gone afterwards whatever the outcome. */
export async function onStack<T>(body: string, run: (s: ScratchStack) => Promise<T>): Promise<T> {
    const stack = await ScratchStack.create({ program: program(body) });
    try {
        return await run(stack);
    } finally {
        await stack.dispose();
    }
}

/** The notes since the last call, in order of time. */
export function takeNotes(stack: ScratchStack): string[] {
    const file = path.join(stack.dir, "log");
    const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    fs.rmSync(file, { force: true });
    return text.split("\n").filter((line) => line !== "");
}

/** The processes whose command line holds this text; zombies have none. */
export function running(text: string): number[] {
    return fs
        .readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
        .filter((pid) => {
            try {
                return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
            } catch {
                return false;
            }
        })
        .map(Number);
}

/** Waits until the condition holds. */
export async function until(what: string, ok: () => boolean, timeoutMs = hangsMs): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!ok()) {
        if (Date.now() > deadline) {
            throw new Error(`not within ${timeoutMs} ms: ${what}`);
        }
        await new Promise((r) => setTimeout(r, 20));
    }
}

export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
