/**
 * Keeps previews quick, and failures short. The SDK turns V8's debugger on in each program, to learn which script is of which
 * file: it names the place of a function that it cannot carry to where a dynamic provider runs. All the while each promise,
 * thousands in a small stack, takes a slower way: six times the time, measured of promises alone. And V8 of Node 20 follows
 * every path through the promises that wait for one that failed: behind a machine these are so many that the program hangs
 * and takes all memory. Here it is off until a function is to be carried.
 */
import { isReplaceable, sdkPart } from "./sdk-part";

interface Session {
    post: (method: string, done: (error: Error | null) => void) => void;
}

/** What the SDK asks for whenever it carries a function. No part of its API: without it all is as it was, only slower. */
export interface ClosureHooks {
    getSessionAsync: () => Promise<Session>;
}

/** Programs in which the SDK turns it on at once. Elsewhere, as in the Automation API or a test, it does so when it needs it. */
const startedBySdk =
    /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run(-plugin|-policy-pack)?[\\/]index\.js$/;
/** Bun has no such debugger, and there the SDK asks for none. */
const hooks =
    process.versions["bun"] === undefined
        ? (sdkPart("runtime/closure/v8Hooks") as ClosureHooks | undefined)
        : undefined;
const turnOff =
    hooks && offUntilNeeded(hooks, { isOn: startedBySdk.test(require.main?.filename ?? "") });
void debuggerOff();

/**
 * Answers what turns it off. Whoever takes the session from now on has it turned on first, and V8 tells of all scripts once
 * more.
 */
export function offUntilNeeded(
    sdk: ClosureHooks,
    { isOn }: { isOn: boolean },
): (() => Promise<void>) | undefined {
    if (!isReplaceable(sdk, "getSessionAsync")) {
        return undefined;
    }
    const start = sdk.getSessionAsync;
    let started = isOn ? start() : undefined;
    let enabled: Promise<void> | undefined;
    sdk.getSessionAsync = async () => {
        const session = await (started ??= start());
        await (enabled ??= posted(session, "Debugger.enable"));
        return session;
    };
    return async () => {
        const session = await started;
        enabled = undefined;
        if (session !== undefined) {
            await posted(session, "Debugger.disable");
        }
    };
}

/** Off, in a program that begins, or that fails and carries no function any more. */
export async function debuggerOff(): Promise<void> {
    // It is slower where that fails, not wrong.
    await turnOff?.().catch(() => undefined);
}

function posted(session: Session, method: string): Promise<void> {
    return new Promise((resolve, reject) => {
        session.post(method, (error) => {
            if (error === null) {
                resolve();
            } else {
                reject(error);
            }
        });
    });
}
