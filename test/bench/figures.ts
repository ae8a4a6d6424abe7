/** What the measurements share: times, their median, and rows of a table. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";

/** How often each thing is measured; the median counts. */
export const rounds = Number(process.env["ROUNDS"] ?? "5");

const rows: string[] = [];

export const median = (values: number[]): number =>
    [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
export const seconds = (value: number): string => `${value.toFixed(2)} s`;

export function row(what: string, value: string, limit = ""): void {
    rows.push(`${what.padEnd(58)} ${value.padStart(9)}  ${limit}`);
    process.stderr.write(`${rows.at(-1) ?? ""}\n`);
}

/** How long it takes, in seconds. */
export async function time(action: () => unknown): Promise<number> {
    const begun = process.hrtime.bigint();
    await action();
    return Number(process.hrtime.bigint() - begun) / 1e9;
}

/** How long a preview takes as a user has it, in seconds; one with errors counts for nothing. */
export function previewTime(stack: ScratchStack): Promise<number> {
    return time(async () => {
        const ran = await stack.run(["preview"], { timeoutMs: 300_000 });
        if (ran.code !== 0) {
            throw new Error(`the preview failed:\n${ran.stdout}${ran.stderr}`);
        }
    });
}

/** Measures in a scratch directory, and prints all rows at the end. */
export function bench(measure: (scratch: string) => Promise<void>): void {
    const scratch = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "kubedev-bench-"));
    measure(scratch)
        .then(() => {
            process.stdout.write(`\n${rows.join("\n")}\n`);
        })
        .catch((error: unknown) => {
            console.error(error);
            process.exitCode = 1;
        })
        .finally(() => {
            fs.rmSync(scratch, { recursive: true, force: true });
        });
}
