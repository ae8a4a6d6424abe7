import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { HostResource } from "../host/host-resource";
import { serviceResource, Supervisor } from "../host/service-resource";
import { delveExecArgv, delveListen, underDelve } from "../host/under-delve";
import { shellLine } from "../internal/quote";
import { checkedEach, required } from "../internal/validate";
import { ClusterArgs } from "./cluster-args";
import { clusterRules, flatArgs } from "./cluster-rules";
import { Layout, programArgv, programFlags } from "./control-plane-flags";
import { ControlPlaneProgram, programName } from "./control-plane-programs";
import { ControlPlaneService } from "./control-plane-readings";
import { healthText, needsKubectl } from "./health-checks";

/** What the programs of a control plane share. */
export interface ControlPlaneServiceArgs {
    args: ClusterArgs;
    /** The arguments, each an output of its own, checked when it is known. */
    known: ReturnType<typeof checkedEach<ReturnType<typeof flatArgs>, typeof clusterRules>>;
    host: pulumi.Output<Host>;
    /** Keys and kubeconfigs. */
    state: HostResource;
    layout: pulumi.Output<Layout>;
    /** What it is started after. One that is started anew leaves the others alone. */
    after: HostResource[];
}

/** Declares a program of a control plane as a service: under delve, where its arguments say so. */
export function controlPlaneService(
    name: string,
    program: ControlPlaneProgram,
    { args, known, host, state, layout, after }: ControlPlaneServiceArgs,
    own: { parent: pulumi.Resource },
): ControlPlaneService {
    const kube = program !== ControlPlaneProgram.Etcd;
    const served = program === ControlPlaneProgram.KubeApiserver;
    const plain = required(known[`binaries.${program}`]);
    const wishes = pulumi.output({
        extraFlags: known[`extraFlags.${program}`],
        verbosity: kube ? known[`verbosity.${program}`] : undefined,
        featureGates: kube ? known.featureGates : undefined,
        runtimeConfig: served ? known.runtimeConfig : undefined,
    });
    const flags = pulumi
        .all([layout, wishes])
        .apply(([all, wished]) => programFlags(program, all, wished));
    const debugged = args.debug?.[program] !== undefined;
    const debug = known[`debug.${program}`];
    const binary = pulumi.all([plain, debug]).apply(([file, server]) => server?.binaryPath ?? file);
    // Not a value more for those without.
    const delve = !debugged
        ? {}
        : {
              delve: debug.apply((server) =>
                  server === undefined
                      ? undefined
                      : { program: server.delvePath, listen: delveListen(server) },
              ),
          };
    const service = serviceResource(
        `${name}-${programName(program)}`,
        {
            host,
            spec: { program: binary, flags, ...delve },
            parents: [state.resource.id],
            run: pulumi
                .all([binary, flags, debug])
                .apply(([file, all, server]) =>
                    server === undefined
                        ? `exec ${shellLine(programArgv(file, all))}`
                        : underDelve(delveExecArgv(server, programArgv(file, all).slice(1))),
                ),
            health: pulumi
                // Only one of them takes kubectl, which may be unknown by itself.
                .all([
                    layout,
                    flags,
                    needsKubectl(program) ? required(known["binaries.kubectl"]) : "",
                ])
                .apply(([all, set, client]) => healthText(program, all, set, client)),
            // Delve reads symbols first, and someone may already hold the program at a breakpoint.
            healthTimeoutSec: args.readyTimeoutSec ?? (debugged ? 600 : 120),
            stopTimeoutSec: 20,
            logMaxMib: 16,
            logKeep: 3,
            supervisor: Supervisor.Auto,
        },
        { ...own, dependsOn: after.map(({ resource }) => resource) },
    );
    return Object.assign(service, { program, plain, wishes });
}
