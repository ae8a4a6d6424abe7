/**
 * An environment per pull request, by Pulumi's Automation API: a bot or a CI job makes it when one is opened, and removes it
 * with all that it holds when it is closed. No program folder and no project file: the program is the function below.
 *
 *     npm start -- up 1234        prints how to log in
 *     npm start -- remove 1234    again and again does no harm
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import * as kubedev from "kubedev";

/** What a pull request gets: a machine that says whose it is. */
function declare(pullRequest: number) {
    return () => {
        const image = new kubedev.BaseImage("debian", {});
        const node = new kubedev.VirtualMachine("node", { baseImage: image.files, memoryMib: 512 });
        new kubedev.HostFile("pull-request", {
            host: node.host,
            path: "/etc/motd",
            content: `the environment of pull request ${String(pullRequest)}\n`,
            overwrite: true,
        });
        return Promise.resolve({ ssh: node.sshCommand, address: node.address });
    };
}

/**
 * A stack each: names, addresses and directories derive from it, so that many stand side by side. Pulumi keeps settings in a
 * folder, which is needed no longer than a run.
 */
async function withStack(pullRequest: number, use: (stack: Stack) => Promise<void>): Promise<void> {
    const workDir = fs.mkdtempSync(path.join(os.tmpdir(), "pull-request-"));
    try {
        const stack = await LocalWorkspace.createOrSelectStack(
            {
                projectName: "pull-requests",
                stackName: `pr-${String(pullRequest)}`,
                program: declare(pullRequest),
            },
            { workDir },
        );
        await use(stack);
    } finally {
        fs.rmSync(workDir, { recursive: true, force: true });
    }
}

const said = { onOutput: (text: string) => process.stderr.write(text) };

/** Makes the environment, or brings it up to date: after a reboot of this computer, too. */
export function up(pullRequest: number): Promise<void> {
    return withStack(pullRequest, async (stack) => {
        const { outputs, summary } = await stack.up(said);
        const ssh = outputs["ssh"]?.value as string;
        console.log(JSON.stringify({ result: summary.result, ssh }));
    });
}

/** Removes it, and the stack. */
export function remove(pullRequest: number): Promise<void> {
    return withStack(pullRequest, async (stack) => {
        await stack.destroy(said);
        await stack.workspace.removeStack(stack.name);
        console.log(JSON.stringify({ removed: stack.name }));
    });
}

const verbs: Record<string, ((pullRequest: number) => Promise<void>) | undefined> = { up, remove };
const [verb = "", pullRequest = ""] = process.argv.slice(2);
const chosen = verbs[verb];
if (chosen === undefined || !/^\d+$/.test(pullRequest)) {
    throw new pulumi.RunError("usage: npm start -- up | remove NUMBER-OF-A-PULL-REQUEST");
}
chosen(Number(pullRequest)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
