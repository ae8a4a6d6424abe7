import * as os from "node:os";
import * as path from "node:path";

/** The package's root: where scripts/ lies, from the sources as well as from bin/. */
export const packageRoot = path.resolve(
    __dirname,
    path.basename(path.resolve(__dirname, "../..")) === "bin" ? "../../.." : "../..",
);

function xdg(variable: string, fallback: string): string {
    const value = process.env[variable];
    // The XDG base directory specification: a relative path is to be ignored.
    return value !== undefined && path.isAbsolute(value)
        ? value
        : path.join(os.homedir(), fallback);
}

/** State of all stacks on this machine: `$XDG_STATE_HOME/kubedev`. */
export function stateRoot(): string {
    return path.join(xdg("XDG_STATE_HOME", ".local/state"), "kubedev");
}

/** What can be made again, shared by all stacks: `$XDG_CACHE_HOME/kubedev`. */
export function cacheRoot(): string {
    return path.join(xdg("XDG_CACHE_HOME", ".cache"), "kubedev");
}
