/** Scratch stacks with virtual machines: one program text, one cache for all runs, so that the image is built once. */
import { spawnSync } from "node:child_process";
import * as os from "node:os";
import * as path from "node:path";
import { library, ScratchStack } from "./engine";

/** Source text of a program with one machine called `name`; arguments are TypeScript source. */
export function machineProgram(
    args: Record<string, string> = {},
    { name = "node", image = "{}", before = "", more = "" } = {},
): string {
    const fields = Object.entries({ baseImage: "image.files", ...args });
    return `
import * as kubedev from "${library}";
const image = new kubedev.BaseImage("debian", ${image});
${before}const vm = new kubedev.VirtualMachine("${name}", {
${fields.map(([field, value]) => `    ${field}: ${value},\n`).join("")}});
export const ssh = vm.sshCommand;
export const mac = vm.mac;
export const address = vm.address;
export const log = vm.logPath;
${more}
`;
}

/** Environment with the user's own image cache: images are built once for all runs. */
export function imageCache(): Record<string, string> {
    return { XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache") };
}

/**
 * A scratch stack that shares the user's image cache. Its project is this process's own: a machine's address is derived
 * from user, project, stack and name, and test files run side by side.
 */
export function machineStack(program: string): Promise<ScratchStack> {
    return ScratchStack.create({
        program,
        project: `machines-${String(process.pid)}`,
        env: imageCache(),
    });
}

/** Runs a command in the guest by an ssh command, by default the stack's output `ssh`; answers what it printed. */
export async function inGuest(stack: ScratchStack, command: string, ssh?: string): Promise<string> {
    const login = ssh ?? String((await stack.outputs())["ssh"]);
    const run = spawnSync("sh", ["-c", `exec ${login} "$0"`, command], {
        encoding: "utf8",
        timeout: 180_000,
    });
    if (run.status !== 0) {
        throw new Error(
            `"${command}" in the guest ended with ${String(run.status)}: ${run.stderr}`,
        );
    }
    return run.stdout.trim();
}

/** Path of the record of a thing of this stack. */
export function recordPath(stack: ScratchStack, key: string): string {
    return path.join(stack.stateHome, "kubedev", stack.project, stack.stack, key, "record");
}
