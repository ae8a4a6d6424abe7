import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

/**
 * The configuration of one environment: every key `<namespace>:<name>` of the stack, checked against a schema. All
 * problems are reported at once, unknown keys too, with what to do.
 */
export function readConfig<Shape extends z.ZodRawShape>(
    namespace: string,
    shape: Shape,
): z.output<z.ZodObject<Shape>> {
    const given = Object.fromEntries(
        Object.entries(pulumi.runtime.allConfig()).flatMap(([key, value]) =>
            key.startsWith(`${namespace}:`)
                ? [[key.slice(namespace.length + 1), parseValue(value)] as const]
                : [],
        ),
    );
    const result = z.strictObject(shape).safeParse(given);
    if (result.success) {
        return result.data;
    }
    const lines = result.error.issues.flatMap((issue) => describe(namespace, given, issue, shape));
    throw new pulumi.RunError(
        `the configuration of stack ${pulumi.getStack()} has ${String(lines.length)} ${lines.length === 1 ? "problem" : "problems"}:\n${lines.join("\n")}`,
    );
}

/** Values set on the command line arrive as text, structured ones as JSON. */
function parseValue(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return text;
    }
}

function describe(
    namespace: string,
    given: Record<string, unknown>,
    issue: z.core.$ZodIssue,
    shape: z.ZodRawShape,
): string[] {
    const at = (keys: readonly PropertyKey[]) => {
        const [first, ...rest] = keys;
        const name = first === undefined ? "" : String(first);
        const steps = rest.map((key) =>
            typeof key === "number" ? `[${String(key)}]` : `.${String(key)}`,
        );
        return `${namespace}:${name}${steps.join("")}`;
    };
    if (issue.code === "unrecognized_keys") {
        const expected =
            issue.path.length === 0 ? `; expected one of: ${Object.keys(shape).join(", ")}` : "";
        return issue.keys.map(
            (key) =>
                `  ${at([...issue.path, key])}: no such setting${expected}. Remove it: pulumi config rm --path '${at([...issue.path, key])}'`,
        );
    }
    const got = issue.path.reduce<unknown>(
        (value, key) =>
            typeof value === "object" && value !== null
                ? (value as Record<PropertyKey, unknown>)[key]
                : undefined,
        given,
    );
    return [
        `  ${at(issue.path)}: got ${got === undefined ? "nothing" : JSON.stringify(got)}; ${issue.message}. Set it: pulumi config set --path '${at(issue.path)}' VALUE`,
    ];
}
