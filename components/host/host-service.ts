import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { shellExports, shellLine } from "../internal/quote";
import { assertArgs, checked } from "../internal/validate";
import { healthCheckRule, HealthCheckArgs, healthCheckText } from "./health-check";
import { Host, hostRule } from "./host";
import { serviceResource, Supervisor } from "./service-resource";

/** Arguments of a HostService. */
export interface HostServiceArgs {
    /** Where it runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Argument vector of the process; the first is the program, found on the host's PATH. It must stay in the foreground. A change restarts it. */
    command: pulumi.Input<pulumi.Input<string>[]>;
    /** Environment variables beside PATH and HOME. Make secrets pulumi.secret. A change restarts it. */
    environment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Absolute path of the directory it runs in. Defaults to a directory of its own, which is removed with it. A change restarts it. */
    workingDirectory?: pulumi.Input<string>;
    /** Values whose change restarts it, such as the sha256 of a config file that it reads. Keys say what they are. */
    restartOn?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Ids of things on the same host that it stands on; a change replaces it. */
    parentIds?: pulumi.Input<string>[];
    /** Shell command run before each start. */
    preStartCommand?: pulumi.Input<string>;
    /** How to tell that it is healthy. Defaults to: it goes on running for half a second. */
    healthCheck?: pulumi.Input<HealthCheckArgs>;
    /** Shell command that asks it to end; KUBEDEV_PID is its process. Defaults to SIGTERM. */
    stopCommand?: pulumi.Input<string>;
    /** How long it may take to end before it and all that it started are killed, in seconds. Defaults to 10. */
    stopTimeoutSec?: number;
    /** Size at which the log is rotated, in MiB. Defaults to 16. */
    logMaxMib?: number;
    /** Number of rotated logs that are kept. Defaults to 3. */
    logKeep?: number;
    /** How it is kept running. Defaults to a systemd unit where one can run, else detached. */
    supervisor?: Supervisor;
}

const word = z.string({ error: "expected a string" });
const rules = {
    host: hostRule,
    command: z.array(word).min(1, { error: "expected a program and its arguments" }),
    environment: z
        .record(
            z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "expected a variable name" }),
            word,
        )
        .optional(),
    workingDirectory: z.string().regex(/^\//, { error: "expected an absolute path" }).optional(),
    healthCheck: healthCheckRule,
    stopTimeoutSec: z.int().min(1).max(3600, { error: "expected 1 to 3600 s" }).optional(),
    logMaxMib: z.int().min(1).max(65536, { error: "expected 1 to 65536 MiB" }).optional(),
    logKeep: z.int().min(1).max(100, { error: "expected 1 to 100 logs" }).optional(),
    supervisor: z
        .enum(Supervisor, { error: 'expected "auto", "systemd" or "detached"' })
        .optional(),
};

/**
 * A long-running process on a host, with a log that is rotated, a health check and a graceful stop. Its death shows in
 * the next preview, and the next up starts it again.
 */
export class HostService extends pulumi.ComponentResource {
    /** Changes whenever the process was started anew. What depends on it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;
    /** Process id on the host. Unknown in a preview that restarts it. */
    public readonly pid: pulumi.Output<number>;
    /** Path of the log on the host. */
    public readonly logPath: pulumi.Output<string>;

    constructor(name: string, args: HostServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostService", name, args, opts);
        assertArgs(`HostService ${name}`, args, rules);
        const known = checked(`HostService ${name}`, args, rules);

        const service = serviceResource(
            `${name}-service`,
            {
                host: args.host,
                spec: {
                    command: args.command,
                    environment: args.environment,
                    workingDirectory: args.workingDirectory,
                    restartOn: args.restartOn,
                },
                parents: args.parentIds,
                run: known.apply(runText),
                preStart: args.preStartCommand,
                health: known.apply((a) => healthCheckText(a.healthCheck)),
                healthTimeoutSec: healthTimeoutSec(args.healthCheck),
                stop: args.stopCommand,
                stopTimeoutSec: args.stopTimeoutSec ?? 10,
                logMaxMib: args.logMaxMib ?? 16,
                logKeep: args.logKeep ?? 3,
                supervisor: args.supervisor ?? Supervisor.Auto,
            },
            { parent: this },
        );
        this.instanceId = service.resource.id;
        this.pid = service.result().apply((result) => Number(result["pid"]));
        this.logPath = service.result().apply((result) => String(result["log"]));
        this.registerOutputs({
            instanceId: this.instanceId,
            pid: this.pid,
            logPath: this.logPath,
        });
    }
}

function runText(args: pulumi.Unwrap<HostServiceArgs>): string {
    const where =
        args.workingDirectory === undefined
            ? ""
            : `${shellLine(["cd", args.workingDirectory])} || exit 1\n`;
    return `${shellExports(args.environment ?? {})}${where}exec ${shellLine(args.command)}`;
}

function healthTimeoutSec(check: pulumi.Input<HealthCheckArgs> | undefined): number {
    // The time limit becomes a resource option, which must be known when the resource is declared.
    return check !== undefined && !pulumi.Output.isInstance(check) && !(check instanceof Promise)
        ? (check.timeoutSec ?? 60)
        : 60;
}
