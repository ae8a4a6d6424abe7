import { ControlPlaneProgram } from "./control-plane-programs";
import { minorOf } from "./version-skew";

interface RemovedFlag {
    programs: readonly ControlPlaneProgram[];
    names: readonly string[];
    /** Minor release of Kubernetes that has it no more. */
    since: number;
    instead: string;
}

const { KubeApiserver, KubeControllerManager, KubeScheduler } = ControlPlaneProgram;

/**
 * Flags of older notes and scripts that Kubernetes has no more. From its changelogs: CHANGELOG-1.24 (pull requests 106859,
 * 106860, 106865: the insecure ports, without effect since 1.20 already), CHANGELOG-1.26 (112120: klog's flags).
 */
export const removedFlags: readonly RemovedFlag[] = [
    {
        programs: [KubeApiserver],
        names: ["insecure-port", "insecure-bind-address", "port", "address"],
        since: 24,
        instead:
            "leave it out: the API server is served by TLS alone, at the cluster's address and ports.kubeApiserver",
    },
    {
        programs: [KubeControllerManager, KubeScheduler],
        names: ["port", "address"],
        since: 24,
        instead: "leave it out: it is served by TLS alone, at the cluster's address and ports",
    },
    {
        programs: [KubeApiserver, KubeControllerManager, KubeScheduler],
        names: [
            ...["logtostderr", "alsologtostderr", "stderrthreshold", "log-dir", "log-file"],
            ...["log-file-max-size", "skip-headers", "skip-log-headers", "one-output"],
            ...["add-dir-header", "log-backtrace-at"],
        ],
        since: 26,
        instead: "leave it out: all that it says is in the service's log (output logPaths)",
    },
];

/** Why a program of this version does not take a flag any more; undefined if it does, as far as is known. */
export function removal(
    program: ControlPlaneProgram,
    flag: string,
    version: string,
): string | undefined {
    const removed = removedFlags.find(
        ({ programs, names, since }) =>
            programs.includes(program) && names.includes(flag) && minorOf(version) >= since,
    );
    return removed === undefined
        ? undefined
        : `expected a flag that ${version} has: --${flag} was removed in Kubernetes 1.${String(removed.since)}; ${removed.instead}`;
}
