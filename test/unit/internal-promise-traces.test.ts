/** Of the SDK's promises alone no trace is looked up. */

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

function loaded(mapped: StackTrace | undefined): void {
    traces.prepareStackTrace = mapped;
    jest.isolateModules(() => {
        jest.requireActual("../../components/internal/promise-traces");
    });
}

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

test("where nothing maps traces, nothing is changed", () => {
    loaded(undefined);
    expect(traces.prepareStackTrace).toBeUndefined();
});

export {};
