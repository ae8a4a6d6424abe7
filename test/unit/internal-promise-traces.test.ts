/** Of the SDK's promises no trace is looked up, and of resources the user's own places alone. */

type StackTrace = (error: Error, sites: NodeJS.CallSite[]) => unknown;
const traces: { prepareStackTrace?: StackTrace | undefined } = Error;
const before = traces.prepareStackTrace;
afterEach(() => {
    traces.prepareStackTrace = before;
    delete process.env["PULUMI_DEBUG_PROMISE_LEAKS"];
});

/** As the SDK has it: each line is counted. */
function callsites(): string[] {
    return String(new Error("places").stack).split("\n").slice(1);
}

type Traces = typeof import("../../components/internal/promise-traces");
function loaded(mapped: StackTrace | undefined): Traces {
    traces.prepareStackTrace = mapped;
    let module: Traces | undefined;
    jest.isolateModules(() => {
        module = jest.requireActual<Traces>("../../components/internal/promise-traces");
    });
    if (module === undefined) {
        throw new Error("not loaded");
    }
    return module;
}

const lines: StackTrace = (error, sites) =>
    [String(error), ...sites.map((site) => `    at mapped (${site.getFileName() ?? ""}:1:2)`)].join(
        "\n",
    );

type Watch = (promise: Promise<unknown>, what: string) => Promise<unknown>;
interface Leaks {
    leakCandidates: Set<Promise<unknown>>;
}

/** The SDK's watch over its promises, with the module loaded beside it, and what it thinks is left of them. */
function watching(): { watch: Watch; leaks: Leaks } {
    let found: { watch: Watch; leaks: Leaks } | undefined;
    jest.isolateModules(() => {
        jest.requireActual<Traces>("../../components/internal/promise-traces");
        const sdk = jest.requireActual<{ debuggablePromise: Watch }>(
            "@pulumi/pulumi/runtime/debuggable",
        );
        const state = jest.requireActual<{ getStore: () => Leaks }>("@pulumi/pulumi/runtime/state");
        found = {
            watch: (promise, what) => sdk.debuggablePromise(promise, what),
            leaks: state.getStore(),
        };
    });
    if (found === undefined) {
        throw new Error("not loaded");
    }
    return found;
}

/** The trace that the SDK keeps of a promise of its own. */
function traceKept(watch: Watch): unknown {
    const promise = Promise.resolve();
    void watch(promise, "a test's");
    return (promise as unknown as Record<string, unknown>)["_debugStackTrace"];
}

test("of the SDK's promises nobody writes down where they were made", () => {
    const { watch } = watching();
    expect(traceKept(watch)).toMatch(/^Error:?\s*$/);
    expect(traceKept(watch)).toBeUndefined();
    expect(new Error("another").stack).toContain(__filename);
});

test("promises that nothing comes of are found all the same, the first and the others", async () => {
    const { watch, leaks } = watching();
    const never = [1, 2].map(() => new Promise<void>(() => undefined));
    never.forEach((promise) => void watch(promise, "left"));
    const failed = Promise.reject(new Error("no"));
    expect(await watch(Promise.resolve(3), "comes")).toBe(3);
    await expect(watch(failed, "fails")).rejects.toMatchObject({ message: "no", promise: failed });
    const odd: unknown = 4;
    await expect(watch(Promise.reject(odd as Error), "fails")).rejects.toBe(odd);
    expect([...leaks.leakCandidates]).toEqual(never);
});

test("who looks for leaks gets it", () => {
    process.env["PULUMI_DEBUG_PROMISE_LEAKS"] = "1";
    const { watch } = watching();
    expect(traceKept(watch)).toContain(__filename);
    expect(traceKept(watch)).toContain(__filename);
});

test("of a resource's places those in packages are not mapped, and all are counted", () => {
    loaded(lines);
    const [first, ...others] = callsites();
    expect(first).toBe(`    at mapped (${__filename}:1:2)`);
    const packages = others.filter((line) => line.includes("node_modules"));
    expect(packages).toEqual([]);
    expect(others).toContain("    at kubedev");
    traces.prepareStackTrace = lines;
    expect(callsites()).toHaveLength(others.length + 1);
});

test("where a place has more than a line, all are mapped", () => {
    loaded(() => "Error: places\n    at one");
    expect(callsites()).toEqual(["    at one"]);
});

test("what is declared without traces has none, and what comes after has", () => {
    const { withoutTraces } = loaded(undefined);
    const limit = Error.stackTraceLimit;
    expect(withoutTraces(() => new Error("none").stack)).toBe("Error: none");
    expect(() =>
        withoutTraces(() => {
            throw new Error("fails");
        }),
    ).toThrow("fails");
    expect(Error.stackTraceLimit).toBe(limit);
});

test("where nothing maps traces, nothing is changed", () => {
    loaded(undefined);
    expect(traces.prepareStackTrace).toBeUndefined();
});

export {};
