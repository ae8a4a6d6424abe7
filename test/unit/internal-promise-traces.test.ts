/** Of the SDK's promises no trace is looked up, and of resources the user's own places alone. */

type StackTrace = (error: Error, sites: NodeJS.CallSite[]) => unknown;
const traces: { prepareStackTrace?: StackTrace | undefined } = Error;
const before = traces.prepareStackTrace;
afterEach(() => {
    traces.prepareStackTrace = before;
    delete process.env["PULUMI_DEBUG_PROMISE_LEAKS"];
});

/** As the SDK has it. */
function debuggablePromise(): unknown {
    return new Error("made here").stack;
}
const other = (): unknown => new Error("made here").stack;

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

test("a promise's trace is not mapped, any other is", () => {
    loaded(() => "mapped");
    expect(debuggablePromise()).toBe("Error: made here");
    expect(other()).toBe("mapped");
});

test("who looks for leaks gets them mapped", () => {
    process.env["PULUMI_DEBUG_PROMISE_LEAKS"] = "1";
    loaded(() => "mapped");
    expect(debuggablePromise()).toBe("mapped");
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
