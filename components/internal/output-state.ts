/**
 * Outputs made of others at once. What the SDK has for that makes some of each value, and an output is some thirty promises;
 * its class, which other SDKs for Node make outputs with as well, is no part of what it documents.
 */
import * as pulumi from "@pulumi/pulumi";

/** What an output is when it is there. Programs see the value alone. */
export interface OutputState {
    readonly value: unknown;
    readonly isKnown: boolean;
    readonly isSecret: boolean;
    readonly resources: ReadonlySet<pulumi.Resource>;
}

interface OutputParts {
    readonly promise: (withUnknowns: boolean) => Promise<unknown>;
    readonly isKnown: Promise<boolean>;
    readonly isSecret: Promise<boolean>;
    readonly resources: () => Set<pulumi.Resource>;
    /** Outputs of an early SDK have none. */
    readonly allResources?: () => Promise<Set<pulumi.Resource>>;
}

type OutputClass = new (
    resources: Iterable<pulumi.Resource>,
    promise: Promise<unknown>,
    isKnown: Promise<boolean>,
    isSecret: Promise<boolean>,
    allResources: Promise<ReadonlySet<pulumi.Resource>>,
) => pulumi.Output<unknown>;

/** The SDK exports them, and yet does not declare them there. */
const { containsUnknowns, isUnknown } = pulumi as unknown as Record<
    "containsUnknowns" | "isUnknown",
    (value: unknown) => boolean
>;

/** Whether the class is made as it is here: otherwise the SDK's own functions serve. */
export const isMakable = (pulumi.Output as unknown as OutputClass).length === 5;

/** An output of what is made of the values, once all are known. */
export function madeOf(
    values: readonly unknown[],
    make: (known: readonly unknown[]) => unknown,
): pulumi.Output<unknown> {
    return outputWith(values, async () => {
        const all = await stateOf(values);
        if (!all.isKnown) {
            return { ...all, value: undefined };
        }
        const made = await make(all.value as readonly unknown[]);
        return pulumi.Output.isInstance(made)
            ? merged(all, await stateOfOutput(made))
            : { ...all, value: made };
    });
}

/** An output of a value that holds some, each of which is known or not by itself. */
export function outputOfHeld(value: unknown): pulumi.Output<unknown> {
    return outputWith(value, () => stateOf(value));
}

/** Of the outputs that were made here: to ask the SDK for it takes some ten promises each time. */
const statesOfMade = new WeakMap<pulumi.Output<unknown>, Promise<OutputState>>();

function outputWith(value: unknown, find: () => Promise<OutputState>): pulumi.Output<unknown> {
    const state = find().then((found) => ({
        ...found,
        isKnown: found.isKnown && !containsUnknowns(found.value),
    }));
    const output = new (pulumi.Output as unknown as OutputClass)(
        new Set(outputsIn(value).flatMap((each) => [...partsOf(each).resources()])),
        state.then(({ value: found }) => found),
        state.then(({ isKnown }) => isKnown),
        state.then(({ isSecret }) => isSecret),
        state.then(({ resources }) => resources),
    );
    statesOfMade.set(output, state);
    return output;
}

function outputsIn(value: unknown): pulumi.Output<unknown>[] {
    if (pulumi.Output.isInstance(value)) {
        return [value];
    }
    return value instanceof Promise || isUnknown(value) || !holdsOutput(value)
        ? []
        : Object.values(value as object).flatMap(outputsIn);
}

/** Of an output of a user's, too, that holds others. */
async function stateOf(value: unknown): Promise<OutputState> {
    if (!holdsOutput(value)) {
        return { value, isKnown: true, isSecret: false, resources: nothing };
    }
    if (isUnknown(value)) {
        return { value, isKnown: false, isSecret: false, resources: nothing };
    }
    if (!pulumi.Output.isInstance(value) && !(value instanceof Promise)) {
        return stateOfFields(value as object);
    }
    const outer = await stateOfOutput(asOutput(value));
    return holdsOutput(outer.value) ? merged(outer, await stateOf(outer.value)) : outer;
}

async function stateOfFields(value: object): Promise<OutputState> {
    const states = await Promise.all(Object.values(value).map(stateOf));
    const known = states.map(({ value: field, isKnown }): unknown =>
        isKnown || containsUnknowns(field) ? field : pulumi.unknown,
    );
    return {
        ...circumstances(states),
        value: Array.isArray(value)
            ? known
            : Object.fromEntries(Object.keys(value).map((name, at) => [name, known[at]])),
    };
}

const nothing: ReadonlySet<pulumi.Resource> = new Set();

function stateOfOutput(output: pulumi.Output<unknown>): Promise<OutputState> {
    const parts = partsOf(output);
    const made = statesOfMade.get(output);
    if (made !== undefined) {
        // Whoever takes the state is told of a failure: nobody need be told that these have failed, too.
        for (const part of [parts.isKnown, parts.isSecret]) {
            part.catch(() => undefined);
        }
    }
    return made ?? stateFromSdk(parts);
}

async function stateFromSdk(parts: OutputParts): Promise<OutputState> {
    const [value, isKnown, isSecret, resources] = await Promise.all([
        parts.promise(true),
        parts.isKnown,
        parts.isSecret,
        parts.allResources?.() ?? parts.resources(),
    ]);
    return { value, isKnown, isSecret, resources };
}

function partsOf(output: pulumi.Output<unknown>): OutputParts {
    return output as unknown as OutputParts;
}

type Circumstances = Omit<OutputState, "value">;

/** What was found in something else, as secret and as dependent as both. */
function merged(outer: Circumstances, inner: OutputState): OutputState {
    return { ...circumstances([outer, inner]), value: inner.value };
}

function circumstances(states: readonly Circumstances[]): Circumstances {
    const [first = nothing, ...others] = states
        .map(({ resources }) => resources)
        .filter(({ size }) => size > 0);
    return {
        isKnown: states.every(({ isKnown }) => isKnown),
        isSecret: states.some(({ isSecret }) => isSecret),
        resources: new Set([...first, ...others.flatMap((each) => [...each])]),
    };
}

/** Whether a value is an output, a promise or unknown, or holds one that is. */
export function holdsOutput(value: unknown): boolean {
    if (pulumi.Output.isInstance(value) || value instanceof Promise || isUnknown(value)) {
        return true;
    }
    // As pulumi.all has it: a resource is left as it is, though its fields are outputs.
    if (typeof value !== "object" || value === null || pulumi.Resource.isInstance(value)) {
        return false;
    }
    return Object.values(value).some(holdsOutput);
}

const none = pulumi.output(undefined);

/** An output as it is: pulumi.output makes two of it. What is not given is the same one everywhere. */
export function asOutput<T>(value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> {
    const output = pulumi.Output.isInstance(value)
        ? value
        : value === undefined
          ? none
          : pulumi.output(value);
    return output as pulumi.Output<pulumi.Unwrap<T>>;
}
