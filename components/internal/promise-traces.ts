/**
 * Keeps previews quick: of each of its promises, thousands in a small stack, the SDK writes down where it was made, which
 * nobody reads but who asks for it by PULUMI_DEBUG_PROMISE_LEAKS; and of each resource every place on the way to it, of which
 * the user's own are of use. ts-node looks every such line up in source maps. All other traces stay as they are. Measured in
 * a preview of twenty machines: two fifths of what this process does.
 */
import * as path from "node:path";
import { isReplaceable, sdkPart } from "./sdk-part";

type StackTrace = (error: Error, sites: NodeJS.CallSite[]) => unknown;
const traces: { prepareStackTrace?: StackTrace | undefined } = Error;
const mapped: StackTrace | undefined = traces.prepareStackTrace;
const wanted = process.env["PULUMI_DEBUG_PROMISE_LEAKS"] !== undefined;
const components = path.resolve(__dirname, "..");

if (mapped !== undefined && !wanted) {
    traces.prepareStackTrace = (error, sites) =>
        sites[0]?.getFunctionName() === "callsites"
            ? placesOf(error, sites, mapped)
            : mapped(error, sites);
}
if (!wanted) {
    leavePromisesAlone();
}

type Watch = <T>(promise: Promise<T>, ...more: unknown[]) => Promise<T>;

interface StateModule {
    getStore: () => { leakCandidates: Set<Promise<unknown>> };
}

/** Has the SDK find promises that nothing comes of, as ever, but not write down where each was made. */
function leavePromisesAlone(): void {
    const name = "debuggablePromise";
    const sdk = sdkPart("runtime/debuggable") as Record<typeof name, Watch> | undefined;
    const state = sdkPart("runtime/state") as StateModule | undefined;
    if (sdk === undefined || state === undefined || !isReplaceable(sdk, name)) {
        return;
    }
    const inFull = sdk[name];
    const watched: Watch = (promise) => {
        const { leakCandidates } = state.getStore();
        leakCandidates.add(promise);
        return promise.then(
            (value) => {
                leakCandidates.delete(promise);
                return value;
            },
            (error: unknown) => {
                leakCandidates.delete(promise);
                throw error instanceof Error ? Object.assign(error, { promise }) : error;
            },
        );
    };
    // The first has it look at the program's end for those that are left.
    sdk[name] = (promise, ...more) => {
        sdk[name] = watched;
        return withoutTraces(() => inFull(promise, ...more));
    };
}

/** The lines of all sites, since the SDK counts them; nothing of those that are ours or the SDK's. */
function placesOf(error: Error, sites: NodeJS.CallSite[], map: StackTrace): unknown {
    const users = sites.filter(isUsers);
    const lines = String(map(error, users)).split("\n").slice(1);
    if (lines.length !== users.length) {
        return map(error, sites);
    }
    return [
        String(error),
        ...sites.map((site) => (isUsers(site) ? (lines.shift() ?? "") : "    at kubedev")),
    ].join("\n");
}

function isUsers(site: NodeJS.CallSite): boolean {
    const file = site.getFileName() ?? "node:";
    return !/^node:|[\\/]node_modules[\\/]/.test(file) && !file.startsWith(components + path.sep);
}

/** What is made meanwhile has no traces at all: for what never fails there itself. */
export function withoutTraces<Made>(declare: () => Made): Made {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = wanted ? limit : 0;
    try {
        return declare();
    } finally {
        Error.stackTraceLimit = limit;
    }
}
