import { z } from "zod";

/** How binaries are built. */
export enum BuildMode {
    /** `go build` with the version that the tree's own build would give: the fastest way. */
    Go = "go",
    /** `make WHAT=...`, as Kubernetes' Makefile takes it. */
    Make = "make",
    /** `build/run.sh make ...`: in the container of Kubernetes' own builder, which wants Docker on the host. */
    Container = "container",
    /** A released command straight from a Go module proxy, without a tree. */
    Module = "module",
}

/** How a binary is built, in Go's terms. */
export interface GoBuildOptions {
    debug: boolean;
    race: boolean;
    gcflags: string | undefined;
    ldflags: string | undefined;
    goFlags: readonly string[];
}

/** Name of the file that is built from a target; names are given by target. */
export function binaryName(
    target: string,
    platform: string,
    names: Readonly<Record<string, string>> = {},
): string {
    // As go build does: a major version is no name.
    const parts = target.replace(/@.*$/, "").split("/");
    const last = parts.pop() ?? "";
    const usual = /^v[0-9]+$/.test(last) && parts.length > 0 ? (parts.pop() ?? "") : last;
    const name = names[target] ?? usual;
    return platform.startsWith("windows/") ? `${name}.exe` : name;
}

/**
 * Flags of go build beside tags and those of the linker. For a debugger: no optimization, no inlining, paths as they are
 * on disk. Else as Kubernetes builds (hack/lib/golang.sh).
 */
export function goBuildFlags(options: GoBuildOptions): string[] {
    const gcflags = [options.debug ? "all=-N -l" : undefined, options.gcflags].filter(
        (flags) => flags !== undefined,
    );
    return [
        // The version comes by linker flags; Go's own stamp would ask git once more.
        "-buildvcs=false",
        ...(options.debug ? [] : ["-trimpath"]),
        ...(options.race ? ["-race"] : []),
        ...gcflags.map((flags) => `-gcflags=${flags}`),
        ...options.goFlags,
    ];
}

/** Flags of the linker beside the version: no symbols and no DWARF, unless it is for a debugger. */
export function linkerFlags(options: GoBuildOptions): string {
    return [options.debug ? undefined : "-s -w", options.ldflags]
        .filter((flags) => flags !== undefined)
        .join(" ");
}

/** What a version of Go must look like. @internal */
export const goVersionRule = z
    .string({ error: 'expected a version of Go, as "1.26.2"' })
    .regex(/^1\.[0-9]+(\.[0-9]+|rc[0-9]+)?$/, { error: 'expected a version of Go, as "1.26.2"' });
