/** V8's debugger is off until the SDK carries a function, and again in a program that fails. */
import { type ClosureHooks, offUntilNeeded } from "../../components/internal/closure-debugger";

/** A session that answers later, as V8's does, and what it was asked; the SDK that has it. */
function sdk(answers: Error | null = null) {
    const asked: string[] = [];
    const session = {
        post: (method: string, done: (error: Error | null) => void) => {
            asked.push(method);
            setImmediate(done, answers);
        },
    };
    const hooks: ClosureHooks = {
        getSessionAsync: () => {
            asked.push("a session");
            return Promise.resolve(session);
        },
    };
    return { asked, session, hooks };
}

test("it is turned off, and on once for whoever carries a function", async () => {
    const { asked, hooks, session } = sdk();
    await offUntilNeeded(hooks, { isOn: true })?.();
    expect(asked).toEqual(["a session", "Debugger.disable"]);
    const [first] = await Promise.all([hooks.getSessionAsync(), hooks.getSessionAsync()]);
    await hooks.getSessionAsync();
    expect(first).toBe(session);
    expect(asked.slice(2)).toEqual(["Debugger.enable"]);
});

test("it is on in the end for who is there at once", async () => {
    const { asked, hooks } = sdk();
    const off = offUntilNeeded(hooks, { isOn: true });
    await Promise.all([off?.(), hooks.getSessionAsync()]);
    expect(asked).toEqual(["a session", "Debugger.disable", "Debugger.enable"]);
});

test("a program that fails turns it off, not on", async () => {
    const { asked, hooks } = sdk();
    const off = offUntilNeeded(hooks, { isOn: true });
    await off?.();
    await off?.();
    expect(asked).toEqual(["a session", "Debugger.disable", "Debugger.disable"]);
    await hooks.getSessionAsync();
    await off?.();
    await hooks.getSessionAsync();
    expect(asked.slice(3)).toEqual(["Debugger.enable", "Debugger.disable", "Debugger.enable"]);
});

test("where the SDK has not turned it on there is nothing to turn off before it does", async () => {
    const { asked, hooks } = sdk();
    const off = offUntilNeeded(hooks, { isOn: false });
    await off?.();
    expect(asked).toEqual([]);
    await hooks.getSessionAsync();
    await off?.();
    expect(asked).toEqual(["a session", "Debugger.enable", "Debugger.disable"]);
});

test("that it cannot be turned on is told to whoever needs it", async () => {
    const { hooks } = sdk(new Error("no debugger"));
    offUntilNeeded(hooks, { isOn: true });
    await expect(hooks.getSessionAsync()).rejects.toThrow("no debugger");
});

test("an SDK that lets nobody in is left as it is", () => {
    const { asked, hooks } = sdk();
    expect(offUntilNeeded(Object.freeze(hooks), { isOn: true })).toBeUndefined();
    expect(asked).toEqual([]);
});
