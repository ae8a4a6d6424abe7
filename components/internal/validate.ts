import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

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

/** The error that names every problem of a component's input. */
export function inputError(what: string, problems: readonly Problem[]): Error {
    const lines = problems.map((p) => `  ${p.propertyPath}: ${p.reason}`);
    return new pulumi.InputPropertiesError({
        message: `${what}: ${String(problems.length)} invalid ${problems.length === 1 ? "argument" : "arguments"}\n${lines.join("\n")}`,
        errors: [...problems],
    });
}

/** The arguments as one output, checked again when all of them are known. */
export function checked<Args extends object>(
    what: string,
    args: Args,
    rules: ArgRules<Args>,
): pulumi.Output<pulumi.Unwrap<Args>> {
    return pulumi.output(args).apply((known) => {
        assertArgs(what, known as unknown as Args, rules);
        return known;
    });
}

function problemsOf<Args extends object>(args: Args, rules: ArgRules<Args>): Problem[] {
    return Object.entries<z.ZodType | undefined>(rules).flatMap(([name, rule]) => {
        const value = (args as Record<string, unknown>)[name];
        if (rule === undefined || holdsOutput(value)) {
            return [];
        }
        const result = rule.safeParse(value);
        return result.success
            ? []
            : result.error.issues.map((issue) => problem(name, value, issue));
    });
}

function problem(name: string, value: unknown, issue: z.core.$ZodIssue): Problem {
    const propertyPath = [name, ...issue.path.map(String)].join(".");
    const got = issue.path.reduce<unknown>(
        (at, key) =>
            typeof at === "object" && at !== null
                ? (at as Record<PropertyKey, unknown>)[key]
                : undefined,
        value,
    );
    return { propertyPath, reason: `got ${show(got)}; ${issue.message}` };
}

function show(value: unknown): string {
    const text = value === undefined ? "nothing" : JSON.stringify(value);
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function holdsOutput(value: unknown): boolean {
    if (pulumi.Output.isInstance(value) || value instanceof Promise) {
        return true;
    }
    return typeof value === "object" && value !== null && Object.values(value).some(holdsOutput);
}
