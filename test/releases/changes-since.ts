import { SnippetResult } from "../support/snippet-run";
import { declaredChanges } from "./declared-changes";
import { diffTableChanges } from "./diff-table-changes";
import { presentDiffTables, presentSchema, Recording, resourcesOf } from "./recording";
import { Change, schemaChanges } from "./schema-changes";

/** Whatever differs from a release. `results` are of its programs, by the present sources. */
export function changesSince(
    release: Recording,
    results: ReadonlyMap<string, SnippetResult>,
): Change[] {
    return [
        ...schemaChanges(release.schema, presentSchema()),
        ...diffTableChanges(release.diffTables, presentDiffTables()),
        ...release.programs.flatMap(({ text, declares }) => {
            const result = results.get(text);
            // What a program says that is no longer taken, the schema tells.
            return result?.error === undefined
                ? declaredChanges(declares, resourcesOf(result))
                : [];
        }),
    ];
}
