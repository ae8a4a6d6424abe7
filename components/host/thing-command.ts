import { local } from "@pulumi/command";

/**
 * The command of a thing. Of its outputs it has what its script printed alone: nobody reads the others, which are its inputs
 * once more, and each costs a preview as much as that one.
 */
export class ThingCommand extends local.Command {}

type Transfer = (onto: unknown, label: string, props: Record<string, unknown>) => unknown;

/** Where the SDK makes the outputs of a resource. No part of its API: without it there are more of them. */
function leaveInputsOut(): void {
    const name = "transferProperties";
    let sdk: Record<typeof name, Transfer>;
    try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- it may be elsewhere in another version
        sdk = require("@pulumi/pulumi/runtime/rpc") as typeof sdk;
    } catch {
        return;
    }
    const transfer = sdk[name];
    if (Object.getOwnPropertyDescriptor(sdk, name)?.writable === true) {
        sdk[name] = (onto, label, props) =>
            transfer(
                onto,
                label,
                onto instanceof ThingCommand ? { stdout: props["stdout"] } : props,
            );
    }
}

leaveInputsOut();
