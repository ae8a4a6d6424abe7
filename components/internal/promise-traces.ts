/**
 * Keeps previews quick: of each of its promises, hundreds in a small stack, the SDK writes down where it was made, and
 * ts-node looks every line of that up in source maps; nobody reads it but who asks for it by PULUMI_DEBUG_PROMISE_LEAKS.
 * All other traces stay as they are. Measured in a preview of twenty machines: two fifths of what this process does.
 */
type StackTrace = (error: Error, sites: NodeJS.CallSite[]) => unknown;
const traces: { prepareStackTrace?: StackTrace | undefined } = Error;
const mapped: StackTrace | undefined = traces.prepareStackTrace;

if (mapped !== undefined && process.env["PULUMI_DEBUG_PROMISE_LEAKS"] === undefined) {
    traces.prepareStackTrace = (error, sites) =>
        sites[0]?.getFunctionName() === "debuggablePromise" ? String(error) : mapped(error, sites);
}

export {};
