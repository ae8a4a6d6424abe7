import { digestOf } from "../internal/hash";
import { binaryName, BuildMode, goBuildFlags, GoBuildOptions, linkerFlags } from "./go-build";

/** How a binary is built. */
export interface BuildOptions extends GoBuildOptions {
    cgo: boolean;
    /** Undefined: those of the repository's own build. */
    tags: string[] | undefined;
    /** Empty: any. */
    goVersion: string;
}

/** As a Build of a module builds when nothing else is said. */
export const usualOptions: BuildOptions = {
    debug: false,
    race: false,
    cgo: false,
    tags: undefined,
    gcflags: undefined,
    ldflags: undefined,
    goFlags: [],
    goVersion: "",
};

/** What a binary is made from. */
interface Ingredients {
    /** Fingerprint of the source; undefined for a released module. */
    made?: string | undefined;
    how: BuildOptions;
    mode: BuildMode;
    target: string;
    platform: string;
    module: string | undefined;
}

/** Names the directory that holds the binary, in a stack and in the cache of all stacks. */
export function buildKey(ingredients: Ingredients): string {
    return digestOf(ingredients);
}

/** How go builds, as scripts/source/build.sh takes it. */
export function buildVariables(how: BuildOptions) {
    return {
        KUBEDEV_GO_VERSION: how.goVersion,
        KUBEDEV_CGO: how.cgo ? "1" : "0",
        KUBEDEV_TAGS: how.tags?.join(",") ?? "default",
        KUBEDEV_DEBUG: String(how.debug),
        KUBEDEV_GO_FLAGS: goBuildFlags(how).join("\n"),
        KUBEDEV_LDFLAGS: linkerFlags(how),
    };
}

/** A command of a released module. */
export interface ReleasedCommand {
    /** As module@version. */
    module: string;
    /** Import path of the command. */
    target: string;
    /** Name of the binary. Defaults to the last part of the target. */
    name?: string;
}

/** A line for scripts/kind/node-programs.sh: name, key, platform, module, target. The key is that of a Build of the same. */
export function releasedLine({ module, target, name }: ReleasedCommand, platform: string): string {
    const mode = BuildMode.Module;
    const key = buildKey({ how: usualOptions, mode, target, platform, module });
    return [name ?? binaryName(target, platform), key, platform, module, target].join(" ");
}
