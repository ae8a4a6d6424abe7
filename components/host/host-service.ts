import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { orEmpty } from "../internal/outputs";
import { shellLine } from "../internal/quote";
import { environment, namedValues, parentIds, shellText, whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import {
    healthCheckRule,
    HealthCheckArgs,
    healthCheckText,
    healthTimeoutSec,
} from "./health-check";
import { anyHostRule, Host, HostOs, hostParts, osOf } from "./host";
import { textOf } from "./host-resource";
import { absolutePathOn, checkOn, shellOn } from "./os-rules";
import { serviceResource, Supervisor, surroundings } from "./service-resource";
import { windowsHealth, windowsRun, WindowsShell } from "./windows-service";

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
    /** Shell command that asks it to end; KUBEDEV_PID is its process. Defaults to SIGTERM, on Windows to Ctrl-Break. */
    stopCommand?: pulumi.Input<string>;
    /** Shell of these commands on a Windows host. Defaults to powershell. On Linux it is sh, and this is refused. */
    shell?: WindowsShell;
    /** How long it may take to end before it and all that it started are killed, in seconds. Defaults to 10. */
    stopTimeoutSec?: number;
    /** Size at which the log is rotated, in MiB. Defaults to 16. */
    logMaxMib?: number;
    /** Number of rotated logs that are kept. Defaults to 3. */
    logKeep?: number;
    /** How it is kept running. Defaults to a systemd unit where one can run, else detached; on Windows it is always a service of the system. */
    supervisor?: Supervisor;
}

const rulesOn = (os: HostOs | undefined) => ({
    host: anyHostRule,
    command: z
        .array(z.string({ error: "expected a string" }), {
            error: "expected a program and its arguments, as a list",
        })
        .min(1, { error: "expected a program and its arguments" }),
    environment: environment.optional(),
    workingDirectory: absolutePathOn(os).optional(),
    restartOn: namedValues.optional(),
    parentIds: parentIds.optional(),
    preStartCommand: shellText("a shell command").optional(),
    healthCheck: healthCheckRule,
    stopCommand: shellText("a shell command").optional(),
    shell: shellOn(os),
    stopTimeoutSec: whole(1, 3600, "seconds").optional(),
    logMaxMib: whole(1, 65536, "MiB").optional(),
    logKeep: whole(1, 100, "logs").optional(),
    supervisor:
        os === HostOs.Windows
            ? z
                  .literal(Supervisor.Auto, {
                      error: 'expected "auto", or nothing: on Windows a service of the system runs it',
                  })
                  .optional()
            : z.enum(Supervisor, { error: 'expected "auto", "systemd" or "detached"' }).optional(),
});

/**
 * A long-running process on a host, with a log that is rotated, a health check and a graceful stop. Its death shows in
 * the next preview, and the next up starts it again.
 */
export class HostService extends pulumi.ComponentResource {
    /** Changes whenever the process was started anew. What depends on it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;
    /** Process id on the host; 0 while the host is declared as stopped. Unknown in a preview that restarts it. */
    public readonly pid: pulumi.Output<number>;
    /** Path of the log on the host. */
    public readonly logPath: pulumi.Output<string>;

    constructor(name: string, args: HostServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostService", name, args, opts);
        const what = `HostService ${name}`;
        const rules = rulesOn(osOf(args.host));
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const { os } = hostParts(args.host);

        const service = serviceResource(
            `${name}-service`,
            {
                host: args.host,
                spec: {
                    command: known.command,
                    environment: args.environment === undefined ? undefined : known.environment,
                    workingDirectory: args.workingDirectory,
                    restartOn: args.restartOn === undefined ? undefined : known.restartOn,
                },
                parents: args.parentIds,
                run: pulumi
                    .all([known.environment, known.workingDirectory, known.command, os])
                    .apply(([variables, directory, argv, system]) =>
                        (system === HostOs.Windows ? windowsRun : runText)(
                            variables,
                            directory,
                            argv,
                        ),
                    ),
                preStart: orEmpty(known.preStartCommand),
                health: pulumi
                    .all([known.healthCheck, os])
                    .apply(([check, system]) =>
                        (system === HostOs.Windows ? windowsHealth : healthCheckText)(check),
                    ),
                healthTimeoutSec: healthTimeoutSec(args.healthCheck),
                stop: orEmpty(known.stopCommand),
                stopTimeoutSec: args.stopTimeoutSec ?? 10,
                logMaxMib: args.logMaxMib ?? 16,
                logKeep: args.logKeep ?? 3,
                supervisor: args.supervisor ?? Supervisor.Auto,
                shell: args.shell,
                check: checkOn(what, args, rulesOn, args.shell !== undefined),
            },
            { parent: this },
        );
        this.instanceId = service.resource.id;
        this.pid = service.result().apply((result) => Number(result["pid"] ?? 0));
        this.logPath = service.result().apply((result) => textOf(result, "log"));
        this.registerOutputs({
            instanceId: this.instanceId,
            pid: this.pid,
            logPath: this.logPath,
        });
    }
}

function runText(
    variables: Record<string, string> | undefined,
    directory: string | undefined,
    argv: readonly string[],
): string {
    return `${surroundings(variables, directory)}exec ${shellLine(argv)}`;
}
