/** What programs of a release declare now, beside what they declared then: what an upgrade would replace. Pure. */
import { createHash } from "node:crypto";
import { DeclaredResource } from "../support/snippet-run";
import { Change, Weight } from "./schema-changes";

/** A resource as far as an upgrade depends on it. */
export interface RecordedResource {
    /** The component that it is of, which a changelog has to name. */
    component: string;
    /** Names from the top to its own: its place in the stack. */
    path: string;
    type: string;
    deletedFirst: boolean;
    /** What replaces it when it changes: the triggers of a command. */
    triggers?: unknown;
    /** Digests of all other inputs, by their names; those of a command are scripts and what they are given. */
    inputs?: Record<string, string>;
}

/** As recorded, and what it was called before. */
export interface PresentResource extends RecordedResource {
    aliases: unknown[];
}

const command = "command:local:Command";

export function presentResource(declared: DeclaredResource): PresentResource {
    const { type, name, inputs, below, deletedFirst, aliases } = declared;
    const [top = { type, name }] = below.filter((one) => one.type.startsWith("kubedev:"));
    return {
        component: top.type.split(":").at(-1) ?? top.type,
        path: [...below, { name }].map((one) => one.name).join("/"),
        type,
        deletedFirst,
        ...(type === command ? { triggers: inputs["triggers"] } : {}),
        // The arguments of a component are the program's own.
        ...(type === command || type.startsWith("kubedev:") ? {} : { inputs: digests(inputs) }),
        aliases,
    };
}

export function recorded(resource: PresentResource): RecordedResource {
    const kept: Partial<PresentResource> = { ...resource };
    delete kept.aliases;
    return kept as RecordedResource;
}

export function declaredChanges(
    before: readonly RecordedResource[],
    after: readonly PresentResource[],
): Change[] {
    const changes = before.flatMap((was) => {
        const is =
            after.find((one) => isSame(was, one)) ?? after.find((one) => wasCalled(was, one));
        if (is === undefined) {
            return [
                change(Weight.Breaking, was, "is gone, or has another name or type and no alias"),
            ];
        }
        return [
            ...(sameTriggers(was.triggers, is.triggers)
                ? []
                : [
                      change(
                          Weight.Breaking,
                          was,
                          `is replaced: triggers were ${text(was.triggers)}, are ${text(is.triggers)}`,
                      ),
                  ]),
            ...(was.deletedFirst && !is.deletedFirst
                ? [change(Weight.Breaking, was, "is not removed any more before it is made anew")]
                : []),
            ...differing(was.inputs ?? {}, is.inputs ?? {}).map((name) =>
                change(Weight.Additive, was, `its ${name} is another`),
            ),
        ];
    });
    const come = after
        .filter((is) => !before.some((was) => isSame(was, is) || wasCalled(was, is)))
        .map((is) => change(Weight.Additive, is, "is declared beside what was there"));
    return [...changes, ...come];
}

const isSame = (was: RecordedResource, is: RecordedResource) =>
    was.type === is.type && was.path === is.path;

/** By its name alone, its type alone, or both; what is above it is as it was. */
function wasCalled(was: RecordedResource, is: PresentResource): boolean {
    const above = (path: string) => path.split("/").slice(0, -1).join("/");
    const own = (path: string) => path.split("/").at(-1) ?? "";
    return is.aliases.some((alias) => {
        if (typeof alias !== "object" || alias === null) {
            return false;
        }
        const { name = own(is.path), type = is.type } = alias as { name?: string; type?: string };
        return was.type === type && own(was.path) === name && above(was.path) === above(is.path);
    });
}

function change(weight: Weight, { component, path, type }: RecordedResource, what: string): Change {
    return { weight, of: component, member: path, what: `(${type}) ${what}` };
}

function digests(inputs: Record<string, unknown>): Record<string, string> {
    return Object.fromEntries(
        Object.entries(inputs).map(([name, value]) => [
            name,
            createHash("sha256").update(text(value)).digest("hex").slice(0, 16),
        ]),
    );
}

function differing(was: Record<string, string>, is: Record<string, string>): string[] {
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
    return names.filter((name) => was[name] !== is[name]);
}

/** To the engine it is the same whether a trigger is unknown as a whole or field by field. */
function sameTriggers(was: unknown, is: unknown): boolean {
    if (Array.isArray(was) && Array.isArray(is)) {
        return (
            was.length === is.length && was.every((one, at) => sameTriggers(one, is[at] as unknown))
        );
    }
    return (
        same(was, is) ||
        (isUnknown(was) && nothingKnown(is)) ||
        (isUnknown(is) && nothingKnown(was))
    );
}

/** But what hostResource adds to each. */
function nothingKnown(value: unknown): boolean {
    const own = Object.entries(value ?? {}).filter(
        ([name]) => !["incarnation", "host"].includes(name),
    );
    return own.length > 0 && own.every(([, inner]) => isUnknown(inner));
}

function isUnknown(value: unknown): boolean {
    return typeof value === "object" && value !== null && "__pulumiUnknown" in value;
}

const same = (a: unknown, b: unknown) => text(a) === text(b);

/** Whatever the order of the keys. */
function text(value: unknown): string {
    const sorted = (_: string, inner: unknown): unknown =>
        typeof inner === "object" && inner !== null && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
            : inner;
    return value === undefined ? "nothing" : JSON.stringify(value, sorted);
}
