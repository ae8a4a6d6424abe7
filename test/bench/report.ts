/** docs/benchmarks.md: a section for each thing that is measured, which `make bench` writes anew. */
import * as os from "node:os";

export interface Row {
    what: string;
    value: string;
    /** Bound that the value is held to, if any. */
    limit: string;
}

export const subjects = [
    "source",
    "machine",
    "kind",
    "cluster",
    "edit",
    "plugin",
    "machines",
    "peers",
] as const;
export type Subject = (typeof subjects)[number];

const titles: Record<Subject, string> = {
    source: "Fingerprints and builds",
    machine: "Virtual machines",
    kind: "Clusters by kind",
    cluster: "Control planes of plain processes",
    edit: "An edit of the kubelet, on a node that runs",
    plugin: "The plugin for other languages",
    machines: "Several machines at once",
    peers: "Virtual machines beside those of others",
};

const head = `# Benchmarks

By \`make bench\`, or \`test/bench/run kind\` for one of these; machines of others are measured by \`test/bench/run peers\` alone,
which installs what it compares with. Each figure is the median of some rounds, beside what it must be
compared with, in one run. Seconds are of the machine that is named; ratios hold elsewhere too.

Previews are of programs that load the library from its sources, translated before. From the package it costs some hundredths
of a second less. They are measured nine times at least; what is said of their ratios and differences are medians of each round's.
`;

/** The machine that was measured on. */
export function machine(): string {
    const [cpu] = os.cpus();
    const gib = Math.round(os.totalmem() / 2 ** 30);
    return `${String(os.cpus().length)} × ${cpu?.model.trim() ?? "unknown"}, ${String(gib)} GiB, Linux ${os.release().replace(/-.*/, "")}`;
}

/** The page with one section written anew. The others stay as they are. */
export function withSection(
    page: string,
    subject: Subject,
    measured: { on: string; date: string; rounds: number; rows: readonly Row[] },
): string {
    const sections = new Map(subjects.map((one) => [one, sectionOf(page, one)]));
    sections.set(subject, sectionText(subject, measured));
    return [head, ...[...sections.values()].filter((text) => text !== "")].join("\n");
}

function sectionOf(page: string, subject: Subject): string {
    const at = page.indexOf(`## ${titles[subject]}\n`);
    if (at === -1) {
        return "";
    }
    const next = page.indexOf("\n## ", at);
    return page.slice(at, next === -1 ? undefined : next + 1).trimEnd() + "\n";
}

function sectionText(
    subject: Subject,
    { on, date, rounds, rows }: Parameters<typeof withSection>[2],
): string {
    const cells = [
        ["", "median", "limit"],
        ...rows.map((row) => [indented(row.what), row.value, limitText(row)]),
    ];
    const widths = [0, 1, 2].map((column) =>
        Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)),
    );
    const line = (row: string[]) =>
        `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
    const [heading = [], ...body] = cells;
    return [
        `## ${titles[subject]}`,
        "",
        `${date}, ${String(rounds)} rounds, on ${on}.`,
        "",
        line(heading),
        line(widths.map((width) => "-".repeat(width))),
        ...body.map(line),
        "",
    ].join("\n");
}

/** A limit says itself that it was missed. */
export function limitText({ value, limit }: Pick<Row, "value" | "limit">): string {
    const [, sign, bound] = /^([<>])= *([\d.]+)/.exec(limit) ?? [];
    const over = Number.parseFloat(value) - Number(bound);
    return (sign === "<" && over > 0) || (sign === ">" && over < 0) ? `${limit} (missed)` : limit;
}

/** Rows that belong to the one before begin with blanks, which a table would drop. */
function indented(what: string): string {
    const text = what.trimStart();
    return text === what ? what : `– ${text}`;
}
