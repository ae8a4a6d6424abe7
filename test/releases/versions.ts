/** What changes ask of a version and of the changelog. Pure. */
import { Change, Weight } from "./schema-changes";

export type Version = readonly [major: number, minor: number, patch: number];

export enum Bump {
    None = 0,
    Patch = 1,
    Minor = 2,
    Major = 3,
}

export function parseVersion(text: string): Version {
    const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(text)?.slice(1).map(Number);
    if (parts === undefined) {
        throw new Error(`got version ${JSON.stringify(text)}; expected three numbers, as 1.2.3`);
    }
    return parts as unknown as Version;
}

/** Before 1.0.0 a minor version is what a major one is later, as npm's ^ takes it. */
export function requiredBump(changes: readonly Change[], [major]: Version): Bump {
    if (changes.some(({ weight }) => weight === Weight.Breaking)) {
        return major === 0 ? Bump.Minor : Bump.Major;
    }
    if (changes.length > 0) {
        return major === 0 ? Bump.Patch : Bump.Minor;
    }
    return Bump.None;
}

/** The highest part that went up from one version to the next; none if nothing did. */
export function bumpBetween(before: Version, after: Version): Bump {
    const differs = before.findIndex((part, index) => part !== after[index]);
    const up = differs >= 0 && (after[differs] ?? 0) > (before[differs] ?? 0);
    return up ? ([Bump.Major, Bump.Minor, Bump.Patch][differs] ?? Bump.None) : Bump.None;
}

/** The lowest version with these changes. */
export function lowestVersion([major, minor, patch]: Version, bump: Bump): string {
    const next = {
        [Bump.None]: [major, minor, patch],
        [Bump.Patch]: [major, minor, patch + 1],
        [Bump.Minor]: [major, minor + 1, 0],
        [Bump.Major]: [major + 1, 0, 0],
    };
    return next[bump].join(".");
}

/** A section of a changelog, by its heading: "Unreleased", or a version with or without its date. */
export function changelogSection(changelog: string, heading: string): string | undefined {
    const sections = changelog.split(/^## /m).slice(1);
    const found = sections.find((section) => {
        const [title = ""] = section.split("\n");
        return title === heading || title.startsWith(`${heading} `);
    });
    return found?.slice(found.indexOf("\n") + 1);
}

/** The lines below `### <heading>` of a section. */
export function changelogPart(section: string, heading: string): string {
    const parts = section.split(/^### /m).slice(1);
    const found = parts.find((part) => part.split("\n")[0] === heading);
    return found?.slice(heading.length + 1) ?? "";
}

export interface Release {
    version: string;
    changelog: string;
}

/**
 * What stands in the way of a release with these changes. `heading` is the section that has to tell of them: what is not
 * released yet is below "Unreleased".
 */
export function releaseProblems(
    changes: readonly Change[],
    before: string,
    after: Release,
    heading = "Unreleased",
): string[] {
    const was = parseVersion(before);
    const bump = requiredBump(changes, was);
    const breaks = changes.filter(({ weight }) => weight === Weight.Breaking);
    const enough = bumpBetween(was, parseVersion(after.version)) >= bump;
    // An addition can wait for its version until the release; what breaks cannot, lest somebody takes it for a small one.
    const early = breaks.length === 0 && heading === "Unreleased";
    const version =
        enough || early
            ? []
            : [
                  `version: got ${after.version} after ${before}; expected ${lowestVersion(was, bump)} or a later one in package.json, because of ${describe(breaks[0] ?? changes[0])}`,
              ];
    const section = changelogSection(after.changelog, heading) ?? "";
    const breakingPart = changelogPart(section, "Breaking");
    return [
        ...version,
        ...breaks
            .filter((change) => !names(breakingPart, change))
            .map(
                (change) =>
                    `CHANGELOG.md: ${describe(change)}; expected a line below "### Breaking" of "${heading}" that has \`${nameOf(change)}\` or \`${change.of}\`, says what to do, and how to stay`,
            ),
        ...changes
            // A type comes with the component that takes it.
            .filter(
                ({ weight, member, what }) =>
                    weight === Weight.Additive && member === undefined && what !== "new type",
            )
            .filter(({ of }) => !section.includes(of))
            .map(
                (change) => `CHANGELOG.md: nothing below "${heading}" tells of ${describe(change)}`,
            ),
    ];
}

export function describe(change: Change | undefined): string {
    return change === undefined ? "nothing" : `${nameOf(change)}: ${change.what}`;
}

function nameOf({ of, member }: Change): string {
    return member === undefined ? of : `${of}.${member}`;
}

function names(text: string, change: Change): boolean {
    return text.includes(`\`${nameOf(change)}\``) || text.includes(`\`${change.of}\``);
}
