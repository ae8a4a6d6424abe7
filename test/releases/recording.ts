/** What a release is to those who use it, as kept below test/releases/<version>. */
import * as fs from "node:fs";
import * as path from "node:path";
import { root, Schema } from "../schema/infer";
import { blocks, documents, read } from "../schema/markdown";
import { runSnippets, SnippetResult } from "../support/snippet-run";
import { presentResource, PresentResource, recorded, RecordedResource } from "./declared-changes";
import { diffTable, DiffTables } from "./diff-table-changes";
import { parseVersion } from "./versions";

/** A program of a document. */
export interface Program {
    /** Document and line. */
    at: string;
    text: string;
}

export interface Recording {
    version: string;
    schema: Schema;
    diffTables: DiffTables;
    programs: (Program & { declares: RecordedResource[] })[];
}

const folder = path.join(root, "test/releases");

/** Versions with a recording, the earliest first. */
export function recordedVersions(): string[] {
    return fs
        .readdirSync(folder)
        .filter((name) => /^\d+\.\d+\.\d+$/.test(name))
        .sort((a, b) => {
            const [x, y] = [parseVersion(a), parseVersion(b)];
            return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
        });
}

export function readRecording(version: string): Recording {
    const file = (name: string) =>
        JSON.parse(fs.readFileSync(path.join(folder, version, name), "utf8")) as unknown;
    return {
        version,
        schema: file("schema.json") as Schema,
        diffTables: file("diff-tables.json") as DiffTables,
        programs: file("programs.json") as Recording["programs"],
    };
}

export function writeRecording({ version, schema, diffTables, programs }: Recording): void {
    const into = path.join(folder, version);
    fs.mkdirSync(into, { recursive: true });
    const write = (name: string, text: string) => fs.writeFileSync(path.join(into, name), text);
    write("schema.json", `${JSON.stringify(schema, null, 1)}\n`);
    write("diff-tables.json", `${JSON.stringify(diffTables, null, 1)}\n`);
    // A line per program: what changed in one shows as one.
    write("programs.json", `[\n${programs.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`);
}

/** The committed schema, which test/schema compares with the sources. */
export function presentSchema(): Schema {
    return JSON.parse(read("schema.json")) as Schema;
}

export function presentDiffTables(): DiffTables {
    const tables = Object.keys(presentSchema().resources).map((token) => {
        const name = token.split(":").at(-1) ?? "";
        return [name, diffTable(read(pageOf(name)))] as const;
    });
    return Object.fromEntries(tables);
}

export const pageOf = (component: string) =>
    `docs/${component.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase()}.md`;

export function presentPrograms(): Program[] {
    return documents()
        .flatMap((file) => blocks(file, "ts"))
        .map(({ file, line, text }) => ({ at: `${file}:${String(line)}`, text }));
}

/** Each program once, by its text. */
export function previewed(programs: readonly Program[]): Map<string, SnippetResult> {
    const texts = [...new Set(programs.map(({ text }) => text))];
    const results = runSnippets(texts.map((text) => ({ text, preview: true })));
    return new Map(texts.map((text, index) => [text, results[index] ?? { declared: [] }]));
}

export function resourcesOf(result: SnippetResult | undefined): PresentResource[] {
    return (result?.declared ?? []).map(presentResource);
}

/** What is now, under a version. */
export function presentRecording(version: string): Recording {
    const programs = presentPrograms();
    const results = previewed(programs);
    return {
        version,
        schema: presentSchema(),
        diffTables: presentDiffTables(),
        programs: programs.map((program) => ({
            ...program,
            declares: resourcesOf(results.get(program.text))
                .map(recorded)
                .sort((a, b) => (`${a.path} ${a.type}` < `${b.path} ${b.type}` ? -1 : 1)),
        })),
    };
}
