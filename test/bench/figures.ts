/** What the measurements share: times, their median, and rows of a table. */
import * as fs from "node:fs";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { limitText, machine, type Row, type Subject, withSection } from "./report";
import { scratchDir } from "../support/scratch";

/** How often each thing is measured; the median counts. */
export const rounds = Number(process.env["ROUNDS"] ?? "5");

const rows: Row[] = [];
const line = (of: Row) => `${of.what.padEnd(58)} ${of.value.padStart(9)}  ${limitText(of)}`;

export const median = (values: number[]): number =>
    [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
export const seconds = (value: number): string => `${value.toFixed(2)} s`;

export function row(what: string, value: string, limit = ""): void {
    const one = { what, value, limit };
    rows.push(one);
    process.stderr.write(`${line(one)}\n`);
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

/** Measures in a scratch directory, prints all rows at the end, and writes them into docs/benchmarks.md. */
export function bench(subject: Subject, measure: (scratch: string) => Promise<void>): void {
    const scratch = scratchDir("kubedev-bench-");
    measure(scratch)
        .then(() => {
            process.stdout.write(`\n${rows.map(line).join("\n")}\n`);
            const page = path.join(repoRoot, "docs/benchmarks.md");
            const before = fs.existsSync(page) ? fs.readFileSync(page, "utf8") : "";
            const date = new Date().toISOString().slice(0, 10);
            fs.writeFileSync(
                page,
                withSection(before, subject, { on: machine(), date, rounds, rows }),
            );
        })
        .catch((error: unknown) => {
            console.error(error);
            process.exitCode = 1;
        })
        .finally(() => {
            fs.rmSync(scratch, { recursive: true, force: true });
        });
}
