/**
 * Programs of the documents are previewed by the present sources, and those that a release had are, too: what they declare,
 * the schema and the tables of what a change does are compared with what the release had. What breaks somebody needs a
 * version and words (CONTRIBUTING.md, Releases).
 */
import { changesSince } from "../releases/changes-since";
import {
    presentPrograms,
    presentSchema,
    previewed,
    readRecording,
    recordedVersions,
} from "../releases/recording";
import { schemaChanges, Weight } from "../releases/schema-changes";
import { releaseProblems } from "../releases/versions";
import { SnippetResult } from "../support/snippet-run";
import { read } from "./markdown";

const last = recordedVersions().at(-1) ?? "none";
const release = readRecording(last);
const programs = presentPrograms();
const { version } = JSON.parse(read("package.json")) as { version: string };
const changelog = read("CHANGELOG.md");
let results: Map<string, SnippetResult>;

// One process for all: most programs of the last release are those of the present documents.
beforeAll(() => {
    results = previewed([...programs, ...release.programs]);
}, 320_000);

test("every program of the documents is previewed, and declares something", () => {
    const failed = programs
        .map(({ at, text }) => ({ at, ...results.get(text) }))
        .filter(({ error, declared }) => error !== undefined || declared?.length === 0)
        .map(({ at, error }) => `${at}: ${error ?? "declares nothing"}`);
    expect(programs.length).toBeGreaterThan(50);
    expect(failed).toEqual([]);
});

test("every component is declared by a program of the documents", () => {
    const types = new Set(programs.flatMap(({ text }) => typesOf(results.get(text))));
    expect(Object.keys(presentSchema().resources).filter((token) => !types.has(token))).toEqual([]);
});

test(`what differs from ${last} has its version and its words`, () => {
    const changes = changesSince(release, results);
    expect(releaseProblems(changes, last, { version, changelog })).toEqual([]);
});

test(`every program of ${last} is still taken, or the schema says why not`, () => {
    const breaks = schemaChanges(release.schema, presentSchema()).filter(
        ({ weight }) => weight === Weight.Breaking,
    );
    const failed = release.programs
        .map(({ at, text }) => ({ at, error: results.get(text)?.error }))
        .filter(({ error }) => error !== undefined);
    expect(breaks.length > 0 ? [] : failed).toEqual([]);
});

function typesOf(result: SnippetResult | undefined): string[] {
    return (result?.declared ?? []).map(({ type }) => type);
}
