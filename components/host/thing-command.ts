import { local } from "@pulumi/command";
import { isReplaceable, sdkPart } from "../internal/sdk-part";

/**
 * The command of a thing. By `leaveInputsOut`, its only output is what its script printed: nobody reads the others, most of
 * which are its inputs once more, and each costs a preview as much as that one.
 */
export class ThingCommand extends local.Command {}

type Transfer = (onto: unknown, label: string, props: Record<string, unknown>) => unknown;

/** Where the SDK makes the outputs of a resource. */
function leaveInputsOut(): void {
    const name = "transferProperties";
    const sdk = sdkPart("runtime/rpc") as Record<typeof name, Transfer> | undefined;
    if (sdk === undefined || !isReplaceable(sdk, name)) {
        return;
    }
    const transfer = sdk[name];
    sdk[name] = (onto, label, props) =>
        transfer(onto, label, onto instanceof ThingCommand ? { stdout: props["stdout"] } : props);
}

leaveInputsOut();
