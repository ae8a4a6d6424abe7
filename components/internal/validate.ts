import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { guarded, withoutSdkFrames } from "./errors";
import { appliedFields, asOutput, holdsOutput } from "./outputs";

/** A schema per argument. Arguments without one are not looked at. */
export type ArgRules<Args> = { [Name in keyof Args]?: z.ZodType };

interface Problem {
    propertyPath: string;
    reason: string;
}

/**
 * Checks all arguments that are known now and throws one `InputPropertiesError` with every problem. Arguments that are
 * outputs are checked by `checked` once they are known.
 */
export function assertArgs<Args extends object>(
    what: string,
    args: Args,
    rules: ArgRules<Args>,
    ...more: Problem[]
): void {
    const problems = [...problemsOf(args, rules), ...more];
    if (problems.length > 0) {
        throw inputError(what, problems);
    }
}

/** What is wrong with an object of which there are several, at its property path. */
export function problemsAt<Args extends object>(
    at: string,
    args: Args,
    rules: ArgRules<Args>,
): Problem[] {
    return problemsOf(args, rules).map(({ propertyPath, reason }) => ({
        propertyPath: `${at}.${propertyPath}`,
        reason,
    }));
}

/** The error that names every problem of a component's input. */
export function inputError(what: string, problems: readonly Problem[]): Error {
    const lines = problems.map((p) => `  ${p.propertyPath}: ${p.reason}`);
    return withoutSdkFrames(
        new pulumi.InputPropertiesError({
            message: `${what}: ${String(problems.length)} invalid ${problems.length === 1 ? "argument" : "arguments"}\n${lines.join("\n")}`,
            errors: [...problems],
        }),
    );
}

/** The arguments as one output, checked again when all of them are known. */
export function checked<Args extends object>(
    what: string,
    args: Args,
    rules: ArgRules<Args>,
): pulumi.Output<pulumi.Unwrap<Args>> {
    const all = appliedFields(args, (known) => known) as pulumi.Output<pulumi.Unwrap<Args>>;
    return all.apply((known) =>
        guarded(async () => {
            const values = known as unknown as Args;
            if (problemsOf(values, rules).length > 0) {
                throw inputError(what, problemsOf(values, rules, await pulumi.isSecret(all)));
            }
            return known;
        }),
    );
}

/** Each argument that has a rule as an output of its own, checked when it is known. */
export function checkedEach<Args extends object, Rules extends ArgRules<Args>>(
    what: string,
    args: Args,
    rules: Rules,
): CheckedArgs<Args, Rules> {
    const each = Object.entries(checkedInputs(what, args, rules));
    return Object.fromEntries(each.map(([name, value]) => [name, asOutput(value)])) as CheckedArgs<
        Args,
        Rules
    >;
}

/** The same, each as plain as it was given: that costs a preview nothing. */
export function checkedInputs<Args extends object, Rules extends ArgRules<Args>>(
    what: string,
    args: Args,
    rules: Rules,
): CheckedInputs<Args, Rules> {
    const one = ([name, rule]: [string, z.ZodType | undefined]) => {
        const value = (args as Record<string, unknown>)[name];
        const only: Record<string, unknown> = { [name]: value };
        if (holdsOutput(value)) {
            return [name, checked(what, only, { [name]: rule }).apply((known) => known[name])];
        }
        assertArgs(what, only, { [name]: rule });
        return [name, value];
    };
    return Object.fromEntries(
        Object.entries<z.ZodType | undefined>(rules).map(one),
    ) as CheckedInputs<Args, Rules>;
}

/** One that the rules have found to be there. */
export function required<T>(value: pulumi.Output<T | undefined>): pulumi.Output<T> {
    return value as pulumi.Output<T>;
}

type CheckedArgs<Args, Rules> = {
    [Name in keyof Rules & keyof Args]: pulumi.Output<pulumi.Unwrap<Args[Name]>>;
};

type CheckedInputs<Args, Rules> = {
    [Name in keyof Rules & keyof Args]: pulumi.Input<pulumi.Unwrap<Args[Name]>>;
};

function problemsOf<Args extends object>(
    args: Args,
    rules: ArgRules<Args>,
    secret = false,
): Problem[] {
    return Object.entries<z.ZodType | undefined>(rules).flatMap(([name, rule]) => {
        const value = (args as Record<string, unknown>)[name];
        if (rule === undefined || holdsOutput(value)) {
            return [];
        }
        const issues = rule.safeParse(value).error?.issues ?? [];
        return issues.map((issue) => ({
            propertyPath: [name, ...issue.path.map(String)].join("."),
            reason: `got ${secret ? "a secret" : show(valueAt(value, issue.path))}; ${issue.message}`,
        }));
    });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
    return path.reduce<unknown>(
        (at, key) =>
            typeof at === "object" && at !== null
                ? (at as Record<PropertyKey, unknown>)[key]
                : undefined,
        value,
    );
}

function show(value: unknown): string {
    const text = value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
