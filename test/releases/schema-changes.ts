/** What two schemas of the package say to those who use it: what breaks them, what they may take beside. Pure. */
import { Property, Schema } from "../schema/infer";

export enum Weight {
    /** A program that worked does not, or means something else. */
    Breaking = "breaking",
    /** What worked goes on; there is more beside it. */
    Additive = "additive",
}

export interface Change {
    weight: Weight;
    /** The component or type, without the package: that is what a changelog has to name. */
    of: string;
    /** Argument, output, property or member; undefined where all of it is meant. */
    member?: string;
    /** What was, and what is. */
    what: string;
}

type Type = Schema["types"][string];
type Named = Record<string, Property>;

/** Whether people put values in there, or take them out. A type can be both. */
interface Direction {
    given: boolean;
    taken: boolean;
}

interface Member {
    property: Property;
    required: boolean;
}

export function schemaChanges(before: Schema, after: Schema): Change[] {
    const of = (name: string, changes: Omit<Change, "of">[]) =>
        changes.map((change) => ({ ...change, of: name }));
    const directions = directionsOf(before);
    const renamed =
        before.name === after.name
            ? []
            : of(after.name, [breaking(`the package was called ${before.name}`)]);
    return [
        ...renamed,
        ...inBoth(before.resources, after.resources, "component").flatMap((one) => {
            if ("weight" in one) {
                return of(short(one.key), [one]);
            }
            const { key, was, is } = one;
            return of(short(key), [
                ...memberChanges(
                    membersOf(was.inputProperties, was.requiredInputs),
                    membersOf(is.inputProperties, is.requiredInputs),
                    { given: true, taken: false },
                    "argument",
                ),
                ...memberChanges(
                    membersOf(was.properties, was.required ?? []),
                    membersOf(is.properties, is.required ?? []),
                    { given: false, taken: true },
                    "output",
                ),
            ]);
        }),
        ...inBoth(before.types, after.types, "type").flatMap((one) => {
            if ("weight" in one) {
                return of(short(one.key), [one]);
            }
            const { key, was, is } = one;
            const direction = directions.get(key) ?? { given: true, taken: true };
            return of(short(key), typeChanges(was, is, direction));
        }),
    ];
}

function typeChanges(was: Type, is: Type, direction: Direction): Omit<Change, "of">[] {
    if ((was.enum === undefined) !== (is.enum === undefined)) {
        return [breaking(was.enum === undefined ? "became an enum" : "is no enum any more")];
    }
    return [
        ...memberChanges(
            membersOf(was.properties ?? {}, was.required ?? []),
            membersOf(is.properties ?? {}, is.required ?? []),
            direction,
            "property",
        ),
        ...enumChanges(was.enum ?? [], is.enum ?? []),
    ];
}

function enumChanges(
    was: NonNullable<Type["enum"]>,
    is: NonNullable<Type["enum"]>,
): Omit<Change, "of">[] {
    const keyed = (all: typeof was) => Object.fromEntries(all.map((one) => [one.name, one]));
    return inBoth(keyed(was), keyed(is), "enum member").flatMap((one) => {
        if ("weight" in one) {
            return [{ ...one, member: one.key }];
        }
        const [old, now] = [JSON.stringify(one.was.value), JSON.stringify(one.is.value)];
        return old === now ? [] : [breaking(`the value was ${old}, is ${now}`, one.key)];
    });
}

function memberChanges(
    before: Record<string, Member>,
    after: Record<string, Member>,
    { given, taken }: Direction,
    kind: string,
): Omit<Change, "of">[] {
    return inBoth(before, after, kind).flatMap((one) => {
        if ("weight" in one) {
            const demanded = one.is?.required === true && given;
            return [
                {
                    ...(demanded ? breaking(`a new ${kind} that everybody has to give`) : one),
                    member: one.key,
                },
            ];
        }
        const { key, was, is } = one;
        const [old, now] = [typeText(was.property), typeText(is.property)];
        const changes: Omit<Change, "of">[] = [];
        if (old !== now) {
            changes.push(breaking(`the type was ${old}, is ${now}`, key));
        }
        if (was.required !== is.required) {
            const text = is.required ? `became required` : `became optional`;
            const breaks = is.required ? given : taken;
            changes.push(breaks ? breaking(text, key) : additive(text, key));
        }
        if (was.property.plain !== is.property.plain) {
            const text =
                is.property.plain === true ? "takes no outputs any more" : "takes outputs, too";
            changes.push(is.property.plain === true ? breaking(text, key) : additive(text, key));
        }
        const [default1, default2] = [defaultOf(was.property), defaultOf(is.property)];
        // A default that is now told, or no longer told, need not have changed.
        if (default1 !== undefined && default2 !== undefined && default1 !== default2) {
            changes.push(breaking(`the default was ${default1}, is ${default2}`, key));
        }
        return changes;
    });
}

/** Defaults stand in the descriptions alone: "Defaults to 600." */
export function defaultOf({ description }: Property): string | undefined {
    return /\bDefaults? to (.+?)(?=[:;,(]|\.\s|\.?$)/m.exec(description ?? "")?.[1]?.trim();
}

/** What a program may put there, as a text. */
export function typeText(property: Property): string {
    if (property.items !== undefined) {
        return `list of ${typeText(property.items)}`;
    }
    if (property.additionalProperties !== undefined) {
        return `map of ${typeText(property.additionalProperties)}`;
    }
    return property.$ref === undefined ? (property.type ?? "anything") : short(property.$ref);
}

type Pair<T> =
    | { key: string; was: T; is: T }
    | (Omit<Change, "of"> & { key: string; was: T | undefined; is: T | undefined });

/** By key: what is in both, and what came or went, with its weight. */
function inBoth<T>(before: Record<string, T>, after: Record<string, T>, kind: string): Pair<T>[] {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.map((key) => {
        const [was, is] = [own(before, key), own(after, key)];
        if (was !== undefined && is !== undefined) {
            return { key, was, is };
        }
        const change = is === undefined ? breaking(`the ${kind} is gone`) : additive(`new ${kind}`);
        return { key, was, is, ...change };
    });
}

function own<T>(all: Record<string, T>, key: string): T | undefined {
    return Object.hasOwn(all, key) ? all[key] : undefined;
}

function membersOf(properties: Named, required: readonly string[]): Record<string, Member> {
    return Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [
            name,
            { property, required: required.includes(name) },
        ]),
    );
}

/** Which types arguments lead to, and which outputs. */
function directionsOf(schema: Schema): ReadonlyMap<string, Direction> {
    const reached = (from: Property[]): ReadonlySet<string> => {
        const seen = new Set<string>();
        const visit = (property: Property): void => {
            for (const inner of [property.items, property.additionalProperties]) {
                if (inner !== undefined) {
                    visit(inner);
                }
            }
            const key = property.$ref?.replace(/^#\/types\//, "");
            if (key !== undefined && !seen.has(key)) {
                seen.add(key);
                Object.values(schema.types[key]?.properties ?? {}).forEach(visit);
            }
        };
        from.forEach(visit);
        return seen;
    };
    const all = Object.values(schema.resources);
    const given = reached(all.flatMap((one) => Object.values(one.inputProperties)));
    const taken = reached(all.flatMap((one) => Object.values(one.properties)));
    return new Map(
        [...new Set([...given, ...taken])].map((key) => [
            key,
            { given: given.has(key), taken: taken.has(key) },
        ]),
    );
}

const short = (token: string) => token.split(":").at(-1) ?? token;

const breaking = (what: string, member?: string) => weighed(Weight.Breaking, what, member);
const additive = (what: string, member?: string) => weighed(Weight.Additive, what, member);

function weighed(weight: Weight, what: string, member: string | undefined): Omit<Change, "of"> {
    return { weight, what, ...(member === undefined ? {} : { member }) };
}
