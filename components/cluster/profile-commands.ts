import { shellWords } from "../internal/quote";
import { Layout } from "./control-plane-flags";
import { ControlPlaneProgram, programName } from "./control-plane-programs";

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
    const of = (program: ControlPlaneProgram, ...flags: string[]) =>
        Object.fromEntries(
            Object.entries(paths).map(([kind, path]) => [
                kind,
                `${kubectlCommand} ${shellWords([...flags, "get", "--raw", `/debug/pprof/${path}`])} > ${programName(program)}-${kind}.pprof`,
            ]),
        ) as unknown as ProfileCommands;
    // They serve by a certificate that they sign themselves. The client's key proves who asks, and does not leave it.
    const itself = (port: number) => [
        `--server=https://${address}:${String(port)}`,
        "--insecure-skip-tls-verify",
    ];
    return {
        kubeApiserver: of(ControlPlaneProgram.KubeApiserver),
        kubeControllerManager: of(
            ControlPlaneProgram.KubeControllerManager,
            ...itself(ports.kubeControllerManager),
        ),
        kubeScheduler: of(ControlPlaneProgram.KubeScheduler, ...itself(ports.kubeScheduler)),
    };
}
