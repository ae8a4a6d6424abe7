import { shellWords } from "../internal/quote";

/** Commands that each write a profile into the current directory, for `go tool pprof` and, of a trace, `go tool trace`. */
export interface ProfileCommands {
    /** Where time goes, for 30 seconds. */
    cpu: string;
    /** What memory is in use. */
    heap: string;
    /** What each goroutine does. */
    goroutine: string;
    /** All that the scheduler of Go does, for 5 seconds. */
    trace: string;
}

const paths: ProfileCommands = {
    cpu: "profile?seconds=30",
    heap: "heap",
    goroutine: "goroutine",
    trace: "trace?seconds=5",
};

/** Of one program, by kubectl and its flags; `below` is what the API server has before the program's own paths. @internal */
export function profilesOf(
    kubectlCommand: string,
    { flags = [], below = "", name }: { flags?: readonly string[]; below?: string; name: string },
): ProfileCommands {
    return Object.fromEntries(
        Object.entries(paths).map(([kind, path]) => [
            kind,
            `${kubectlCommand} ${shellWords([...flags, "get", "--raw", `${below}/debug/pprof/${path}`])} > ${name}-${kind}.pprof`,
        ]),
    ) as unknown as ProfileCommands;
}

/** Of the kubelet of a node, which the API server leads to. @internal */
export function kubeletProfiles(kubectlCommand: string, node: string): ProfileCommands {
    const below = `/api/v1/nodes/${node}/proxy`;
    return profilesOf(kubectlCommand, { below, name: `kubelet-${node}` });
}
