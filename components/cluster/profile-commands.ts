import { shellWords } from "../internal/quote";
import { Layout } from "./control-plane-flags";
import { programName } from "./control-plane-programs";
import { kubernetesPrograms, KubernetesProgram, serverFlags } from "./program-servers";

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

/** By program that serves profiles, with the credentials that kubectl has. @internal */
export function profileCommands(
    kubectlCommand: string,
    { address, ports }: Pick<Layout, "address" | "ports">,
): Record<string, ProfileCommands> {
    const of = (program: KubernetesProgram) =>
        Object.fromEntries(
            Object.entries(paths).map(([kind, path]) => [
                kind,
                `${kubectlCommand} ${shellWords([...serverFlags(program, { address, ports }), "get", "--raw", `/debug/pprof/${path}`])} > ${programName(program)}-${kind}.pprof`,
            ]),
        ) as unknown as ProfileCommands;
    return Object.fromEntries(kubernetesPrograms.map((program) => [program, of(program)]));
}
