import * as pulumi from "@pulumi/pulumi";
import { mapped } from "../internal/outputs";
import { shellExports, shellLine } from "../internal/quote";
import { Host } from "./host";
import { hostResource, HostResource, HostResourceArgs } from "./host-resource";
import { WindowsShell } from "./windows-service";

/** How a service is kept running. */
export enum Supervisor {
    /** A systemd unit where one can run and outlive the login, else detached. */
    Auto = "auto",
    /** A transient systemd unit: of the user's manager, or of the system's for root. */
    Systemd = "systemd",
    /** A process of its own session, without a supervisor: its death shows in the next preview. */
    Detached = "detached",
}

/** A long-running process, in terms of shell text. What HostService and the machines are made of. */
export interface ServiceResourceArgs {
    host: pulumi.Input<Host> | undefined;
    /** What the service is, in the user's words. A change restarts it. */
    spec: pulumi.Inputs;
    /** Shell text that ends in `exec` of the process; for Windows see `windowsRun`. */
    run: pulumi.Input<string>;
    /** Shell text run before the start, in the service's directory. */
    preStart?: pulumi.Input<string>;
    /** Shell text that succeeds when the service is healthy; KUBEDEV_PID is its process. Without it, it need only go on running. */
    health?: pulumi.Input<string>;
    /** How long it may take to become healthy. Known or not, it is also part of the time limit. */
    healthTimeoutSec: pulumi.Input<number>;
    /** Shell text that asks the process to end. Defaults to SIGTERM. */
    stop?: pulumi.Input<string>;
    /** How long it may take to end before it is killed. */
    stopTimeoutSec: number;
    /** Size at which the log is rotated. */
    logMaxMib: number;
    /** How many rotated logs are kept. */
    logKeep: number;
    supervisor: Supervisor;
    /** Shell of the texts on a Windows host. */
    shell?: WindowsShell;
    check?: HostResourceArgs["check"];
    /** False: it is declared, but does not run. Defaults to true. */
    running?: pulumi.Input<boolean>;
    parents?: pulumi.Input<string | undefined>[];
}

/** Declares a long-running process on a host. */
export function serviceResource(
    name: string,
    args: ServiceResourceArgs,
    opts: pulumi.CustomResourceOptions,
): HostResource {
    return hostResource(
        name,
        {
            host: args.host,
            create: "host/service-start.sh",
            delete: "host/service-remove.sh",
            spec: args.spec,
            parents: args.parents,
            environment: serviceEnvironment(args),
            check: args.check,
            timeoutSec: limitSec(args.healthTimeoutSec) + 2 * args.stopTimeoutSec + 120,
        },
        opts,
    );
}

/** What comes before the process in the text that runs it: its environment and its directory. */
export function surroundings(
    variables: Readonly<Record<string, string>> | undefined,
    directory: string | undefined,
): string {
    const where = directory === undefined ? "" : `${shellLine(["cd", directory])} || exit 1\n`;
    return `${shellExports(variables ?? {})}${where}`;
}

/** What service-start.sh and service-remove.sh take. */
export function serviceEnvironment(
    args: ServiceResourceArgs,
): Record<string, pulumi.Input<string>> {
    return {
        KUBEDEV_RUN: args.run,
        KUBEDEV_PRE_START: args.preStart ?? "",
        KUBEDEV_HEALTH: args.health ?? "",
        KUBEDEV_HEALTH_SEC: mapped(args.healthTimeoutSec, String),
        KUBEDEV_STOP: args.stop ?? "",
        KUBEDEV_STOP_SEC: String(args.stopTimeoutSec),
        KUBEDEV_LOG_MIB: String(args.logMaxMib),
        KUBEDEV_LOG_KEEP: String(args.logKeep),
        KUBEDEV_SUPERVISOR: args.supervisor,
        // Not a value more for those who have none.
        ...(args.shell === undefined ? {} : { KUBEDEV_SHELL: args.shell }),
        KUBEDEV_RUNNING: mapped(args.running ?? true, String),
    };
}

/** The time limit is a resource option, which must be known when the resource is declared. */
function limitSec(health: pulumi.Input<number>): number {
    return typeof health === "number" ? health : 86400;
}
