/**
 * Keeps previews quick, and failures short. The SDK turns V8's debugger on in each program, since that alone tells what a
 * function refers to which a dynamic provider carries. All the while each promise, thousands in a small stack, takes a slower
 * way: six times the time, measured of promises alone. And V8 of Node 20 follows every path through the promises that wait
 * for one that failed: behind a machine these are so many that the program hangs and takes all memory. Here it is off until a
 * function is to be carried.
 */
interface Session {
    post: (method: string, done: (error: Error | null) => void) => void;
}

/** What the SDK asks for whenever it carries a function. No part of its API: without it all is as it was, only slower. */
export interface ClosureHooks {
    getSessionAsync: () => Promise<Session>;
}

/** Any other program, as one of the Automation API or a test, has it turned on only once it is needed. */
const startedBySdk = /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run(-plugin)?[\\/]index\.js$/;
const hooks = sdkHooks();

if (hooks !== undefined && startedBySdk.test(require.main?.filename ?? "")) {
    void offUntilNeeded(hooks);
}

function sdkHooks(): ClosureHooks | undefined {
    try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- it may be elsewhere in another version
        return require("@pulumi/pulumi/runtime/closure/v8Hooks") as ClosureHooks;
    } catch {
        return undefined;
    }
}

/** Turns it off. Whoever takes the session then has it turned on first, and V8 tells it of all functions once more. */
export async function offUntilNeeded(sdk: ClosureHooks): Promise<void> {
    if (Object.getOwnPropertyDescriptor(sdk, "getSessionAsync")?.writable !== true) {
        return;
    }
    const started = sdk.getSessionAsync();
    let enabled: Promise<void> | undefined;
    sdk.getSessionAsync = async () => {
        const session = await started;
        await (enabled ??= posted(session, "Debugger.enable"));
        return session;
    };
    // Who takes the session meanwhile waits for the same promise, and comes later.
    await posted(await started, "Debugger.disable");
}

/** Off for good, in a program that fails: it carries no function any more. */
export async function debuggerOff(): Promise<void> {
    const session = await hooks?.getSessionAsync();
    if (session !== undefined) {
        await posted(session, "Debugger.disable");
    }
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
