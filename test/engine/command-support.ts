/** What the suites about the `command` plugin share. They run on the installed plugin, or on the
 * one that KUBEDEV_COMMAND_PLUGIN names. */
import * as fs from "fs";
import * as path from "path";
import { ScratchStack } from "../support/engine";
import { pluginUnderTest } from "../support/plugin-under-test";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(300_000);
const hangsMs = 120_000;

export const { installed, plugin, isDropIn, differs } = pluginUnderTest("command", "1.2.1", {
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
});

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
