/** Scratch stacks with virtual machines: one program text, one cache for all runs, so that the image is built once. */
import { spawnSync } from "node:child_process";
import * as os from "node:os";
import * as path from "node:path";
import { library, ScratchStack } from "./engine";

/** Source text of a program with one machine called `name`; arguments are TypeScript source. */
export function machineProgram(
    args: Record<string, string> = {},
    { name = "node", image = "{}", more = "" } = {},
): string {
    const fields = Object.entries({ baseImage: "image.files", ...args });
    return `
import * as kubedev from "${library}";
const image = new kubedev.BaseImage("debian", ${image});
const vm = new kubedev.VirtualMachine("${name}", {
${fields.map(([field, value]) => `    ${field}: ${value},\n`).join("")}});
export const ssh = vm.sshCommand;
export const mac = vm.mac;
export const address = vm.address;
export const log = vm.logPath;
${more}
`;
}

/** A scratch stack that shares the user's image cache. */
export function machineStack(program: string, stack?: string): Promise<ScratchStack> {
    const cache = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");
    return ScratchStack.create({ program, stack, env: { XDG_CACHE_HOME: cache } });
}

/** Runs a command in the guest with the stack's own ssh command; answers what it printed. */
export async function inGuest(stack: ScratchStack, command: string): Promise<string> {
    const outputs = await stack.outputs();
    const ssh = String(outputs["ssh"]);
    const run = spawnSync("sh", ["-c", `exec ${ssh} "$0"`, command], {
        encoding: "utf8",
        timeout: 60_000,
    });
    if (run.status !== 0) {
        throw new Error(
            `"${command}" in the guest ended with ${String(run.status)}: ${run.stderr}`,
        );
    }
    return run.stdout.trim();
}

/** Fields of the record of a thing of this stack. */
export function recordPath(stack: ScratchStack, key: string): string {
    return path.join(stack.stateHome, "kubedev", stack.project, stack.stack, key, "record");
}
