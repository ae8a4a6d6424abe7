/**
 * Whether what changed since the last release is told of, and has the version that it takes:
 * node --import tsx test/releases/judge.ts VERSION. Prints what is wrong, and ends with 1 then.
 */
import { read } from "../schema/markdown";
import { changesSince } from "./changes-since";
import { previewed, readRecording, recordedVersions } from "./recording";
import { describe } from "./versions";
import { bumpBetween, Bump, parseVersion, releaseProblems } from "./versions";

const version = process.argv[2] ?? "";
const earlier = (known: string) =>
    bumpBetween(parseVersion(known), parseVersion(version)) !== Bump.None;
const last = recordedVersions().filter(earlier).at(-1);
if (last === undefined) {
    process.stdout.write(`there is no release before ${version} to compare with\n`);
} else {
    const release = readRecording(last);
    const changes = changesSince(release, previewed(release.programs));
    const problems = releaseProblems(
        changes,
        last,
        { version, changelog: read("CHANGELOG.md") },
        version,
    );
    process.stderr.write(`${String(changes.length)} changes since ${last}\n`);
    const lines = problems.length > 0 ? problems : changes.map(describe);
    process.stdout.write(lines.map((line) => `${line}\n`).join(""));
    process.exitCode = problems.length > 0 ? 1 : 0;
}
