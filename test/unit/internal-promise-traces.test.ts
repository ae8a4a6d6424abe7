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

/** The trace that the SDK keeps of a promise of its own; the module is loaded beside what is given. */
function traceKept(): unknown {
    let kept: unknown;
    jest.isolateModules(() => {
        jest.requireActual<Traces>("../../components/internal/promise-traces");
        const { debuggablePromise } = jest.requireActual<{
            debuggablePromise: (promise: Promise<unknown>, what: string) => Promise<unknown>;
        }>("@pulumi/pulumi/runtime/debuggable");
        const promise = Promise.resolve();
        void debuggablePromise(promise, "a test's");
        const { _debugCtx, _debugStackTrace } = promise as unknown as Record<string, unknown>;
        expect(_debugCtx).toBe("a test's");
        kept = _debugStackTrace;
    });
    return kept;
}

test("of the SDK's promises nobody writes down where they were made", () => {
    expect(traceKept()).toMatch(/^Error:?\s*$/);
    expect(new Error("another").stack).toContain(__filename);
});

test("who looks for leaks gets it", () => {
    process.env["PULUMI_DEBUG_PROMISE_LEAKS"] = "1";
    expect(traceKept()).toContain(__filename);
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
