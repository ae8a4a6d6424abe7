import * as pulumi from "@pulumi/pulumi";

/** A resource that a program is about to declare, with what is known of it. */
export interface DeclaredResource {
    /** Type token, as `kubernetes:apps/v1:Deployment`. */
    type: string;
    /** Name in the program. */
    name: string;
    /** Types of the resources that it is below, from the top, as far as they are not the stack. */
    parentTypes: string[];
    /** Inputs. What is not known yet, as an output of what a preview would make, is not there. */
    inputs: Record<string, unknown>;
    /** Paths of the inputs that are not known yet, as `tags.expires`. Defaults to none. */
    unknownPaths?: readonly string[];
}

/** Whether an input, or one that it is in, or a part of it, is not known yet. */
export function isUnknown({ unknownPaths = [] }: DeclaredResource, path: string): boolean {
    const isIn = (inner: string, outer: string) =>
        inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
    return unknownPaths.some((unknown) => isIn(path, unknown) || isIn(unknown, path));
}

/** What a check has against a resource. */
export interface Violation {
    /** Path of the input, as `securityRules[0].sourceAddressPrefix`. */
    path: string;
    /** What it is, and what was expected instead. */
    reason: string;
}

/**
 * Secrets are looked at as what they are; no check shows one, since none is about one. Paths of what is unknown are put into the
 * list.
 */
export async function knownValues(
    value: unknown,
    unknownPaths: string[] = [],
    path = "",
): Promise<unknown> {
    if (value instanceof Promise) {
        return knownValues(await value, unknownPaths, path);
    }
    if (pulumi.Output.isInstance(value)) {
        const { isKnown } = value as unknown as { isKnown: Promise<boolean> };
        const inner = value as unknown as { promise: () => Promise<unknown> };
        if (await isKnown) {
            return knownValues(await inner.promise(), unknownPaths, path);
        }
        unknownPaths.push(path);
        return undefined;
    }
    if (Array.isArray(value)) {
        return Promise.all(
            value.map((one, at) => knownValues(one, unknownPaths, `${path}[${String(at)}]`)),
        );
    }
    if (!isPlain(value)) {
        return value;
    }
    const entries = Object.entries(value).map(async ([key, inner]): Promise<[string, unknown]> => [
        key,
        await knownValues(inner, unknownPaths, path === "" ? key : `${path}.${key}`),
    ]);
    return Object.fromEntries(await Promise.all(entries));
}

/** Types along the path to the stack, as a URN has them: `kubedev:index:LinuxAgent$azure-native:compute:VirtualMachine`. */
export function typesIn(urn: string): string[] {
    const types = urn.split("::")[2] ?? "";
    return types.split("$").filter((type) => type !== "" && type !== "pulumi:pulumi:Stack");
}

export function isPlain(value: unknown): value is Record<string, unknown> {
    const prototype: unknown =
        typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
    return prototype === Object.prototype || prototype === null;
}

/** A list of objects; empty if it is something else. */
export function objectsIn(value: unknown): Record<string, unknown>[] {
    return Array.isArray(value) ? value.filter(isPlain) : [];
}

/** The texts of an input that is one or several. */
export function textsIn(value: unknown): string[] {
    const all: unknown[] = Array.isArray(value) ? value : [value];
    return all.filter((one) => typeof one === "string");
}
