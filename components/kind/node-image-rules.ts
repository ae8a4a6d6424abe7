import { NodeImageArgs } from "./node-image-args";

const sources = ["version", "release", "source", "base"] as const;
/** Which arguments go with one source alone. */
const ofOne = {
    suite: "version",
    mirror: "version",
    kindPath: "source",
    baseImage: "source",
} as const;

/** What is wrong with arguments of a NodeImage that do not go together. */
export function sourceProblems(args: NodeImageArgs): { propertyPath: string; reason: string }[] {
    const given = sources.filter((field) => args[field] !== undefined);
    if (given.length !== 1) {
        return [
            {
                propertyPath: "version",
                reason: `got ${given.length === 0 ? "neither" : given.join(" and ")}; expected one of version, to build the image, release, a published one by digest, source, a tree that kind builds it from, and base, one that is there`,
            },
        ];
    }
    const problems = Object.entries(ofOne)
        .filter(
            ([field, source]) =>
                args[field as keyof typeof ofOne] !== undefined && args[source] === undefined,
        )
        .map(([propertyPath, source]) => ({
            propertyPath,
            reason: `expected none beside ${given.join("")}: it goes with ${source}`,
        }));
    if (args.source !== undefined && args.host !== undefined) {
        problems.push({
            propertyPath: "host",
            reason: "expected none beside source: a tree is built where it is",
        });
    }
    const over = Object.keys(args.binaries ?? {}).length + (args.extraImages === undefined ? 0 : 1);
    if (args.base !== undefined && over === 0) {
        problems.push({
            propertyPath: "binaries",
            reason: "got none, and no extraImages; expected what is laid over base, else take base itself",
        });
    }
    return problems;
}
