import { z } from "zod";

/** Rules that many arguments share. Each says what is expected; the value that was got is added by `assertArgs`. */

export const absolutePath = z
    .string({ error: "expected an absolute path" })
    .regex(/^\/[^\0\n]*$/, { error: "expected an absolute path" });

/** Absolute path of something that is no directory. */
export const absoluteFilePath = z
    .string({ error: "expected an absolute path of a file" })
    .regex(/^\/([^\0\n]*[^\0\n/])$/, { error: "expected an absolute path of a file" });

/** Where a disk is mounted on Linux, as scripts/azure/linux-disks.sh takes it: no part begins with a dot, nothing of the system is hidden. */
export const linuxMountPath = z
    .string({ error: "expected an absolute path, as /data" })
    .regex(
        /^(?!\/(home|root|tmp|var|var\/lib)$|\/(bin|boot|dev|etc|lib|lib64|proc|run|sbin|sys|usr)(\/|$))(\/[A-Za-z0-9_@:+~-][A-Za-z0-9_.@:+~-]*)+$/,
        {
            error: "expected an absolute path as /data, of letters, digits and ._@:+~-, which hides nothing of the system",
        },
    );

export const octalMode = z
    .string({ error: 'expected octal permissions, as "0644"' })
    .regex(/^[0-7]{3,4}$/, { error: 'expected octal permissions, as "0644"' });

export const sha256Digest = z
    .string({ error: "expected 64 lower-case hexadecimal digits" })
    .regex(/^[0-9a-f]{64}$/, { error: "expected 64 lower-case hexadecimal digits" });

export const yesOrNo = z.boolean({ error: "expected true or false" });

/** Feature gates of Kubernetes. */
export const featureGates = z.record(z.string(), yesOrNo, {
    error: "expected true or false by feature gate",
});

/** APIs that an API server serves. */
export const runtimeConfig = z.record(z.string(), z.string(), { error: "expected strings by API" });

/** Environment variables. */
export const environment = z.record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
    z.string({ error: "expected a string" }),
    {
        error: (issue) =>
            issue.code === "invalid_key"
                ? "expected a variable name: letters, digits and _, not beginning with a digit"
                : "expected variables by name",
    },
);

/** Values by name whose change has an effect. */
export const namedValues = z.record(z.string(), z.string({ error: "expected a string" }), {
    error: "expected strings by name",
});

/** Ids of what something stands on. */
export const parentIds = z.array(
    z.string({ error: "expected the instanceId of a thing on the same host" }),
    { error: "expected a list of instanceIds" },
);

/**
 * Text that reaches a host in an environment variable, which Linux limits to 128 KiB; some room is left for quotes.
 */
export function shellText(what: string): z.ZodType<string> {
    const limit = 100_000;
    return z
        .string({ error: `expected ${what}` })
        .refine((text) => Buffer.byteLength(text) <= limit, {
            error: `expected ${what} of at most ${String(limit)} bytes; put long data into stdin or a HostFile`,
        });
}

/** A whole number within bounds. */
export function whole(min: number, max: number, unit: string): z.ZodType<number> {
    const error = `expected a whole number of ${unit}, ${String(min)} to ${String(max)}`;
    return z.int({ error }).min(min, { error }).max(max, { error });
}

/** An object with these fields and no other: a mistyped name must not pass for one that was left out. */
export function fields<Shape extends z.ZodRawShape>(
    what: string,
    shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
    return z.strictObject(shape, {
        error: (issue) =>
            issue.code === "unrecognized_keys"
                ? `expected no ${issue.keys.join(", ")}; ${what} has ${Object.keys(shape).join(", ")}`
                : `expected ${what}`,
    });
}

/** Labels of Kubernetes objects, by key (syntax and character set of labels). */
export const labelsRule = z.record(
    z
        .string()
        .regex(
            /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
        ),
    z.string().regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/),
    { error: "expected labels by key, as Kubernetes takes them" },
);
