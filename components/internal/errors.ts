import * as pulumi from "@pulumi/pulumi";
import { debuggerOff } from "./closure-debugger";

/** An error for the user: of it the engine shows the message alone. Whatever a component throws is made here. */
export function runError(message: string): Error {
    const error = new pulumi.RunError(message);
    // Where the SDK shows a stack all the same, it is of no use: whatever is wrong is wrong with the user's input or host.
    error.stack = message;
    return error;
}

/**
 * Leaves the user's own frames in a stack. The SDK's tell the user nothing, and their source-mapped paths
 * (node_modules/@pulumi/output.ts) send util.inspect of Node 20 with colours into a loop that ends only at the maximal
 * string length, after minutes and gigabytes. The SDK calls it for every error that nobody caught, even if it prints the
 * message alone.
 */
export function withoutSdkFrames(error: Error): Error {
    error.stack = error.stack
        ?.split("\n")
        .filter((line) => !line.includes("node_modules/@"))
        .join("\n");
    return error;
}

/**
 * What `make` answers. Callbacks of `apply` that can fail use it, since what they throw is not safe there where V8's
 * debugger is on, as in a program that has dynamic providers too: see closure-debugger.ts.
 */
export async function guarded<T>(make: () => T | Promise<T>): Promise<T> {
    try {
        return await make();
    } catch (error) {
        await debuggerOff();
        throw error instanceof Error ? withoutSdkFrames(error) : error;
    }
}
