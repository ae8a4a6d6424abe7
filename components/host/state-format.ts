import { runError } from "../internal/errors";

/** How a thing's files on its host are laid out, by a number. Without one in its record it is the first. */
export interface StateFormat {
    /** What this version writes, as `fact.format` of the record where it is not 1. */
    current: number;
    /** The oldest that its scripts take over. Defaults to 1: all. */
    oldest?: number;
    /** For whoever has an older one; needed if `oldest` is above 1. */
    lost?: {
        /** Why it is not taken over, as "its disk has another layout". */
        what: string;
        /** The last version of kubedev that takes it over. */
        lastVersion: string;
        /** How to come here, in a sentence without its full stop. */
        upgrade: string;
    };
}

/** Refuses what is there in a way that this version cannot take over. What is not there, undefined, is made anew. */
export function assertFormat(
    name: string,
    recorded: number | undefined,
    format: StateFormat = { current: 1 },
): void {
    const problem = recorded === undefined ? undefined : formatProblem(name, recorded, format);
    if (problem !== undefined) {
        throw runError(problem);
    }
}

/** Why a thing that is there must not be touched by this version; undefined if it may be. */
export function formatProblem(
    name: string,
    recorded: number,
    { current, oldest = 1, lost }: StateFormat,
): string | undefined {
    if (recorded > current) {
        return [
            `${name}: got it in format ${String(recorded)}, as a newer version of kubedev has made it; expected ${String(current)} at most. Nothing was changed.`,
            "  To go on: use that version again (npm install kubedev@<version>).",
            "  To go back: remove it with that version (pulumi destroy --target), then make it anew with this one.",
        ].join("\n");
    }
    if (recorded < oldest) {
        const { what, lastVersion, upgrade } = lost ?? unknownLoss;
        return [
            `${name}: got it in format ${String(recorded)}, as an older version of kubedev has made it; expected ${String(oldest)} at least: ${what}. Nothing was changed.`,
            `  To upgrade: ${upgrade}.`,
            `  To stay: npm install kubedev@${lastVersion}`,
        ].join("\n");
    }
    return undefined;
}

const unknownLoss: NonNullable<StateFormat["lost"]> = {
    what: "its files are laid out otherwise",
    upgrade: "remove it with the version that made it (pulumi destroy --target), then make it anew",
    lastVersion: "<the version that made it>",
};
