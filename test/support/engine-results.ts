/** Readable results of engine runs, made from the JSON that the Pulumi CLI prints. */

export type Props = Record<string, unknown>;

/** One step of a preview or of an executed run. */
export interface Step {
    /** Engine operation: create, update, replace, delete, same, create-replacement, ... */
    op: string;
    urn: string;
    type: string;
    name: string;
    oldInputs?: Props;
    newInputs?: Props;
    oldOutputs?: Props;
    newOutputs?: Props;
    /** Properties that differ. */
    diffReasons?: string[];
    /** Properties that force the replacement. */
    replaceReasons?: string[];
    /** Path to kind ("update", "add-replace", ...). */
    detailedDiff?: Record<string, string>;
    /** How the step ended; "unfinished" = begun, but no end was reported. */
    status?: "done" | "failed" | "unfinished";
}

export interface RunResult {
    /** Exit code; -1 when a signal ended the CLI. */
    code: number;
    stdout: string;
    stderr: string;
    durationMs: number;
}

export class StepsResult implements RunResult {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
    readonly durationMs: number;
    /** Messages of severity error; stderr where a run failed without one (a lock, a bad flag). */
    readonly errors: string[];
    /** Messages of severity warning. */
    readonly warnings: string[];

    constructor(
        run: RunResult,
        /** Every step, "same" included, in the order in which the engine began them. */
        readonly steps: Step[],
        /** Lasting messages, debug ones included. */
        readonly diagnostics: Diagnostic[],
        /** Passing ones: what a terminal shows beside a resource while it is worked on. */
        readonly progress: Diagnostic[] = [],
    ) {
        this.code = run.code;
        this.stdout = run.stdout;
        this.stderr = run.stderr;
        this.durationMs = run.durationMs;
        const errors = diagnostics.filter((d) => d.severity === "error").map((d) => d.message);
        this.errors = run.code !== 0 && errors.length === 0 ? [run.stderr] : errors;
        this.warnings = diagnostics.filter((d) => d.severity === "warning").map((d) => d.message);
    }

    /** The steps that do something. */
    get changed(): Step[] {
        return this.steps.filter((s) => s.op !== "same");
    }

    /** `["create a", "delete-replaced b", ...]` in order, for assertions on the sequence. */
    get sequence(): string[] {
        return this.changed.map((s) => `${s.op} ${s.name}`);
    }

    /**
     * `{ name: op }` of what changes; the halves of a replacement count as one "replace". When
     * two resources of the run share a name, their keys are `type::name`.
     */
    ops(): Record<string, string> {
        const urnsOf = new Map<string, Set<string>>();
        for (const s of this.steps) {
            urnsOf.set(s.name, (urnsOf.get(s.name) ?? new Set()).add(s.urn));
        }
        const ops: Record<string, string> = {};
        for (const s of this.changed) {
            const key = (urnsOf.get(s.name)?.size ?? 0) > 1 ? `${s.type}::${s.name}` : s.name;
            ops[key] = /replace/.test(s.op) ? "replace" : s.op;
        }
        return ops;
    }

    /**
     * All that the run printed but debug messages, which no default output shows: the Node SDK
     * writes every resource's properties into them, secrets in clear.
     */
    get printed(): string {
        const lines = this.stdout.split("\n").filter((l) => !/"severity":"debug"/.test(l));
        return [...lines, this.stderr].join("\n");
    }

    /** The lines that a terminal showed beside the resource with this name. */
    shown(name: string): string[] {
        return this.progress
            .filter((d) => d.urn !== undefined && nameOf(d.urn) === name)
            .map((d) => d.message.trimEnd());
    }

    /** The one step of the resource with this name. */
    step(name: string): Step {
        const found = this.steps.filter((s) => s.name === name);
        const [first] = found;
        if (!first || found.length > 1) {
            const all = this.steps.map((s) => `${s.op} ${s.name}`).join(", ");
            throw new Error(`expected one step of "${name}", got ${found.length} in: ${all}`);
        }
        return first;
    }
}

export class PreviewResult extends StepsResult {}
export class UpResult extends StepsResult {}

export interface Diagnostic {
    severity: string;
    message: string;
    urn?: string;
}

interface RawState {
    inputs?: Props;
    outputs?: Props;
}

interface RawMetadata {
    op: string;
    urn: string;
    old?: RawState | null;
    new?: RawState | null;
    keys?: string[];
    diffs?: string[];
    detailedDiff?: Record<string, { diffKind: string }> | null;
}

interface RawEvent {
    diagnosticEvent?: Diagnostic & { ephemeral?: boolean };
    resourcePreEvent?: { metadata: RawMetadata };
    resOutputsEvent?: { metadata: RawMetadata };
    resOpFailedEvent?: { metadata: RawMetadata };
}

/** The root stack resource is in every run and never what a test asks about. */
const isStack = (urn: string) => typeOf(urn) === "pulumi:pulumi:Stack";

/** urn:pulumi:stack::project::parentType$type::name */
const typeOf = (urn: string) => urn.split("::")[2]?.split("$").pop() ?? "";
const nameOf = (urn: string) => urn.split("::").slice(3).join("::");

function base(op: string, urn: string, old?: RawState | null, now?: RawState | null): Step {
    return {
        op,
        urn,
        type: typeOf(urn),
        name: nameOf(urn),
        oldInputs: old?.inputs,
        newInputs: now?.inputs,
        oldOutputs: old?.outputs,
        newOutputs: now?.outputs,
    };
}

/** Reads the events of a preview: one step per resource, a replacement being one "replace". */
export function parsePreview(run: RunResult): PreviewResult {
    const { steps, diagnostics, progress } = readEvents(run.stdout);
    const halves = ["create-replacement", "delete-replaced"];
    const folded = steps.filter((s) => !halves.includes(s.op));
    for (const s of folded.filter((f) => f.op === "replace")) {
        const half = steps.find((h) => h.urn === s.urn && h.op === "create-replacement");
        s.newOutputs = half?.newOutputs;
    }
    return new PreviewResult(run, folded, diagnostics, progress);
}

/** Reads the events of an up, a refresh or a destroy: the steps that were carried out. */
export function parseEvents(run: RunResult): UpResult {
    const { steps, diagnostics, progress } = readEvents(run.stdout);
    // A "replace" event only announces the delete and create events around it.
    const real = steps.filter((s) => s.op !== "replace");
    return new UpResult(run, real, diagnostics, progress);
}

function readEvents(stdout: string) {
    const steps: Step[] = [];
    const diagnostics: Diagnostic[] = [];
    const progress: Diagnostic[] = [];
    const open = new Map<string, Step>();
    for (const line of stdout.split("\n")) {
        if (!line.startsWith("{")) {
            continue;
        }
        const event = JSON.parse(line) as RawEvent;
        if (event.diagnosticEvent) {
            const list = event.diagnosticEvent.ephemeral ? progress : diagnostics;
            list.push(event.diagnosticEvent);
        }
        const begun = event.resourcePreEvent?.metadata;
        if (begun && !isStack(begun.urn)) {
            const step: Step = { ...stepOf(begun), status: "unfinished" };
            steps.push(step);
            open.set(`${begun.op} ${begun.urn}`, step);
        }
        const done = event.resOutputsEvent?.metadata;
        const failed = event.resOpFailedEvent?.metadata;
        const ended = done ?? failed;
        // A refresh learns only at its end what it found, and reports that as its operation.
        const step =
            ended && (open.get(`${ended.op} ${ended.urn}`) ?? open.get(`refresh ${ended.urn}`));
        if (ended && step) {
            Object.assign(step, stepOf(ended), { status: done ? "done" : "failed" });
        }
    }
    return { steps, diagnostics, progress };
}

function stepOf(m: RawMetadata): Step {
    return {
        ...base(m.op, m.urn, m.old, m.new),
        diffReasons: m.diffs,
        replaceReasons: m.keys,
        detailedDiff: kinds(m.detailedDiff, (d) => d.diffKind),
    };
}

function kinds<T>(diff: Record<string, T> | null | undefined, kind: (d: T) => string) {
    return diff
        ? Object.fromEntries(Object.entries(diff).map(([path, d]) => [path, kind(d)]))
        : undefined;
}
