/**
 * Keeps previews quick: of each resource the SDK tells the engine three times how far it is, the last time with all that the
 * engine has just answered, and each message is a call. The engine shows them with `--debug` alone. Who wants them there sets
 * KUBEDEV_SDK_MESSAGES. All other messages stay. Measured in a preview of twenty machines: a fifth of what this process and
 * the engine do.
 */
import * as pulumi from "@pulumi/pulumi";
import { isReplaceable, sdkPart } from "./sdk-part";

type Debug = typeof pulumi.log.debug;
const progress =
    /^(Registering resource: |RegisterResource(Outputs)? RPC (prepared|finished): |Invoking function: |Invoke RPC finished: |, obj=)/;

const log = pulumi.log as { debug: Debug };
const { debug } = log;

if (isReplaceable(log, "debug") && process.env["KUBEDEV_SDK_MESSAGES"] === undefined) {
    log.debug = (message, ...more) =>
        progress.test(message) ? Promise.resolve() : debug(message, ...more);
    leaveAnswersUnwritten();
}

/** The SDK puts what the engine answers into the last of them, sent or not: a text of all inputs of the resource. */
function leaveAnswersUnwritten(): void {
    const messages = sdkPart("proto/resource_pb") as
        { RegisterResourceResponse: { prototype: object } } | undefined;
    if (messages !== undefined) {
        messages.RegisterResourceResponse.prototype.toString = () => "an answer";
    }
}
