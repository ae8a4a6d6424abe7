import * as pulumi from "@pulumi/pulumi";
import { look } from "../host/drift-probe";
import { Host, hostParts } from "../host/host";
import { hostEnvironment } from "../host/transport";
import { guarded, runError } from "../internal/errors";

/** What is asked of a source tree. */
export interface FingerprintQuery {
    /** Absolute path of the tree on the host. */
    dir: string;
    /** Directories below the tree, or import paths. */
    targets: readonly string[];
    /** As os/architecture. */
    platforms: readonly string[];
    /** Files below the tree that count for every target. */
    files: readonly string[];
    /** Flags of go build that decide which files count. */
    goFlags: readonly string[];
    goVersion: string;
    cgo: boolean;
    /** Build tags; undefined: those of the repository's own build. */
    tags: readonly string[] | undefined;
    debug: boolean;
}

/**
 * What each target is made from: a digest by `<target> <platform>`, over the files of the packages that it needs. It is
 * known in a preview as long as the host and the tree are there. Undefined if the host does not answer. For checks it is one
 * digest, "checks", over the tests too.
 */
export function sourceFingerprints(
    host: pulumi.Input<Host> | undefined,
    query: pulumi.Input<FingerprintQuery>,
    script: "source/fingerprint.sh" | "source/check-fingerprint.sh" = "source/fingerprint.sh",
): pulumi.Output<Record<string, string> | undefined> {
    const { ssh, parentId, readyId, running } = hostParts(host);
    return pulumi.all([ssh, running, query, parentId, readyId]).apply(([login, runs, asked]) =>
        guarded(async () => {
            const answer = await look(
                script,
                login,
                { ...hostEnvironment(login), KUBEDEV_HOST_RUNNING: String(runs ?? true) },
                questions(asked),
                // The first time Go may have to download modules.
                600,
            );
            return parseFingerprints(answer, (text) => void pulumi.log.warn(text));
        }),
    );
}

/** The query as the scripts take it. */
export function questions(query: FingerprintQuery): Record<string, string> {
    return {
        // What the prelude wants; a fingerprint keeps nothing.
        KUBEDEV_DIR: "/nonexistent",
        KUBEDEV_TREE: query.dir,
        KUBEDEV_TARGETS: query.targets.join("\n"),
        KUBEDEV_PLATFORMS: query.platforms.join("\n"),
        KUBEDEV_FILES: query.files.join("\n"),
        KUBEDEV_GO_FLAGS: query.goFlags.join("\n"),
        KUBEDEV_GO_VERSION: query.goVersion,
        KUBEDEV_CGO: query.cgo ? "1" : "0",
        KUBEDEV_TAGS: query.tags?.join(",") ?? "default",
        KUBEDEV_DEBUG: String(query.debug),
    };
}

/** Reads what the scripts print. Undefined if it could not be run. */
export function parseFingerprints(
    text: string,
    warn: (text: string) => void,
): Record<string, string> | undefined {
    if (text.startsWith("unreachable=")) {
        return undefined;
    }
    const values = (name: string) =>
        text
            .split("\n")
            .filter((line) => line.startsWith(`${name}=`))
            .map((line) => line.slice(name.length + 1));
    const errors = values("error");
    if (errors.length > 0) {
        throw runError([...new Set(errors)].join("\n"));
    }
    const warnings = [...new Set(values("warning"))];
    if (warnings.length > 0) {
        warn(`go list says that a build will fail:\n${warnings.join("\n")}`);
    }
    return Object.fromEntries(
        values("fingerprint").map((line): [string, string] => {
            const at = line.lastIndexOf(" ");
            return [line.slice(0, at), line.slice(at + 1)];
        }),
    );
}
