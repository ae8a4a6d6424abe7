import { createHash } from "node:crypto";

/** SHA-256 of a text, as 64 hexadecimal digits. */
export function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

/** The same digest for equal JSON values, whatever the order of their properties. */
export function digestOf(value: unknown): string {
    return sha256(canonicalJson(value)).slice(0, 16);
}

function canonicalJson(value: unknown): string {
    return JSON.stringify(value, (_key, inner: unknown) =>
        isRecord(inner)
            ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
            : inner,
    );
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
