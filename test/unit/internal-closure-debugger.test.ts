/** V8's debugger is off until the SDK carries a function. */
import { type ClosureHooks, offUntilNeeded } from "../../components/internal/closure-debugger";

/** A session that answers later, as V8's does, and what it was asked. */
function sdk(answers: Error | null = null) {
    const asked: string[] = [];
    const session = {
        post: (method: string, done: (error: Error | null) => void) => {
            asked.push(method);
            setImmediate(done, answers);
        },
    };
    const hooks: ClosureHooks = { getSessionAsync: () => Promise.resolve(session) };
    return { asked, session, hooks };
}

test("it is turned off, and on once for whoever carries a function", async () => {
    const { asked, hooks, session } = sdk();
    await offUntilNeeded(hooks);
    expect(asked).toEqual(["Debugger.disable"]);
    const [first] = await Promise.all([hooks.getSessionAsync(), hooks.getSessionAsync()]);
    await hooks.getSessionAsync();
    expect(first).toBe(session);
    expect(asked).toEqual(["Debugger.disable", "Debugger.enable"]);
});

test("it is on in the end for who is there at once", async () => {
    const { asked, hooks } = sdk();
    const off = offUntilNeeded(hooks);
    await Promise.all([hooks.getSessionAsync(), off]);
    expect(asked).toEqual(["Debugger.disable", "Debugger.enable"]);
});

test("that it cannot be turned on is told to whoever needs it", async () => {
    const { hooks } = sdk(new Error("no debugger"));
    await expect(offUntilNeeded(hooks)).rejects.toThrow("no debugger");
    await expect(hooks.getSessionAsync()).rejects.toThrow("no debugger");
});

test("an SDK that lets nobody in is left as it is", async () => {
    const { asked, hooks } = sdk();
    await offUntilNeeded(Object.freeze(hooks));
    expect(asked).toEqual([]);
});
