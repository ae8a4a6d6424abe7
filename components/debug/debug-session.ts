import * as pulumi from "@pulumi/pulumi";
import { HealthCheckArgs, healthCheckText, healthTimeoutSec } from "../host/health-check";
import { Host, hostParts } from "../host/host";
import { HostArtifact } from "../host/host-artifact";
import { after, HostResource, textOf } from "../host/host-resource";
import { CommandCheck, preflight } from "../host/preflight";
import { serviceResource, Supervisor } from "../host/service-resource";
import { sshCommand } from "../host/ssh-argv";
import { lookAt } from "../host/thing-look";
import { delveHealthText, delveListen, DelveServer } from "../host/under-delve";
import { loopbackAddress } from "../internal/loopback-address";
import { machineIdentity } from "../internal/machine-identity";
import { assertArgs, checkedEach } from "../internal/validate";
import { type Binary, Build } from "../source/build";
import { placeOf, presetsOf } from "./breakpoints";
import {
    connectCommand,
    containerTunnel,
    DebugPlace,
    golandRun,
    initScript,
    launchJson,
    nvimDap,
    tunnelCommand,
} from "./client-settings";
import { debugged } from "./debugged";
import { sessionProblems, sessionRules } from "./session-rules";

/** Arguments of a DebugSession. Give binary alone for a program of a Cluster, with arguments for one that it runs itself, or processId or processName. */
export interface DebugSessionArgs {
    /** Where the program runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Absolute path of a debug build on the host, as a Build with debug has it. A stripped or optimized one is refused, before anything is stopped. */
    binary?: pulumi.Input<string>;
    /** Arguments of the binary, which then runs under delve as a service of this session. A change restarts it. */
    arguments?: pulumi.Input<pulumi.Input<string>[]>;
    /** Environment variables beside PATH and HOME. Make secrets pulumi.secret. A change restarts it. */
    environment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Absolute path of the directory it runs in. Defaults to a directory of its own, which is removed with it. A change restarts it. */
    workingDirectory?: pulumi.Input<string>;
    /** How to tell that the program is healthy under delve, within 600 seconds unless it says otherwise. Defaults to: delve answers, and lets it run. */
    healthCheck?: pulumi.Input<HealthCheckArgs>;
    /** Process that runs already, as a HostService's pid: delve takes hold of it, and leaves it running in the end. */
    processId?: pulumi.Input<number>;
    /** Name of a program of which one process runs, as "kubelet" in a node of kind: delve takes hold of it, whichever it is by then, and leaves it running in the end. */
    processName?: pulumi.Input<string>;
    /** Ids of things on the same host that it stands on, as the instanceId of the service that is attached to; a change restarts it. */
    parentIds?: pulumi.Input<string>[];
    /** Absolute path of dlv on the host. Defaults to delve 1.27.1, built there from its module; beside processName built here, and sent. */
    delvePath?: pulumi.Input<string>;
    /** Address in 127.0.0.0/8 that delve listens on. Defaults to one derived from user, project, stack and name. */
    address?: string;
    /** TCP port of delve. Defaults to 38697. */
    port?: number;
    /** Where to stop: names of presets, as "deployment", or places as delve takes them, as "main.go:12". They are in initScript. */
    breakpoints?: string[];
    /** Directories of this machine by those that the binary was built from, where these differ. */
    sourcePaths?: Record<string, string>;
}

const delveModule = "github.com/go-delve/delve@v1.27.1";
/** Of the notes that this replaces. */
const usualPort = 38697;
/** Delve reads all symbols first, and a client may hold the program at once. */
const healthyWithinSec = 600;

const mayAttach: CommandCheck = {
    what: "debugging of processes that run",
    command:
        '[ "$(id -u)" -eq 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" -eq 0 ] || { echo "kernel.yama.ptrace_scope above 0, not as root"; exit 1; }',
    expected: "root, or kernel.yama.ptrace_scope = 0",
    fix: "sudo sysctl kernel.yama.ptrace_scope=0",
};

/**
 * A debugger, delve, that listens on loopback for a Go program: of a Cluster, which runs it under the `server` of this session;
 * one that the session runs itself; or a process that runs already. The program goes on running until a client stops it.
 */
export class DebugSession extends pulumi.ComponentResource {
    /** For `debug` of a Cluster: what its program runs under. Known in preview on this machine. */
    public readonly server: pulumi.Output<DelveServer>;
    /** Address that delve listens on. Known in preview. */
    public readonly address: pulumi.Output<string>;
    /** TCP port of delve. Known in preview. */
    public readonly port: pulumi.Output<number>;
    /** Command line of delve's client, ready to paste. */
    public readonly connectCommand: pulumi.Output<string>;
    /** Command that leads to a remote host, to be left running beside a client. Empty on this machine. */
    public readonly tunnelCommand: pulumi.Output<string>;
    /** Commands for `dlv connect --init`: sourcePaths and breakpoints. */
    public readonly initScript: pulumi.Output<string>;
    /** Places of Kubernetes' programs to stop at, by name; none for other programs. */
    public readonly presets: pulumi.Output<Record<string, string>>;
    /** Content of .vscode/launch.json. */
    public readonly launchJson: pulumi.Output<string>;
    /** Lua for nvim-dap. */
    public readonly nvimDap: pulumi.Output<string>;
    /** Content of a file in GoLand's directory .run. */
    public readonly golandRun: pulumi.Output<string>;
    /** Path of the log on the host, of delve and of a program that the session runs itself. Empty of a Cluster's program, whose log the Cluster has. */
    public readonly logPath: pulumi.Output<string>;
    /** Changes whenever delve was started anew. Empty of a Cluster's program. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: DebugSessionArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:DebugSession", name, args, opts);
        const what = `DebugSession ${name}`;
        assertArgs(what, args, sessionRules, ...sessionProblems(args));
        const known = checkedEach(what, args, sessionRules);
        const parent = { parent: this };
        const attaches = args.processId !== undefined || args.processName !== undefined;
        const runs = attaches || args.arguments !== undefined;

        const listen = {
            address: args.address ?? loopbackAddress(machineIdentity(name)),
            port: args.port ?? usualPort,
        };
        const processId = known.processId as pulumi.Output<number>;
        const processName = known.processName as pulumi.Output<string>;
        const byName = args.processName !== undefined;
        // Which process it is is not known before delve comes.
        const binary = byName
            ? processName
            : args.binary === undefined
              ? processId.apply((pid) => `/proc/${String(pid)}/exe`)
              : (known.binary as pulumi.Output<string>);
        const refused = lookAt(what, "debug/binary-look.sh", `${name}-service`, args.host, {
            KUBEDEV_BINARY: binary,
            KUBEDEV_PREVIEW: String(pulumi.runtime.isDryRun()),
            // Not before what it stands on is there, as another program in its place.
            ...(byName ? { KUBEDEV_PROCESS_NAME: awaited(args.parentIds, processName) } : {}),
        });
        const delve = delveFor(name, args, known.delvePath, this);
        const server: pulumi.Output<DelveServer> = pulumi
            .all([delve.there, binary, refused])
            .apply(([program, file]) => ({ delvePath: program, binaryPath: file, ...listen }));

        let service: HostResource | undefined;
        if (runs) {
            const subject = debugged(
                byName ? "name" : attaches ? "process" : "own",
                known as unknown as Parameters<typeof debugged>[1],
                server,
            );
            service = serviceResource(
                `${name}-service`,
                {
                    host: preflight(args.host, {
                        tools: [{ program: "bash", package: "bash" }],
                        ...(attaches ? { commands: [mayAttach] } : {}),
                    }),
                    spec: {
                        ...subject.spec,
                        environment: args.environment === undefined ? undefined : known.environment,
                        workingDirectory: args.workingDirectory,
                        delve: { program: delve.known, listen: delveListen(listen) },
                    },
                    parents: args.parentIds,
                    run: subject.run,
                    health: known.healthCheck.apply((check) =>
                        [delveHealthText(listen), healthCheckText(check)]
                            .filter((text) => text !== "")
                            .join(" && "),
                    ),
                    healthTimeoutSec: healthTimeoutSec(args.healthCheck, healthyWithinSec),
                    stopTimeoutSec: 20,
                    logMaxMib: 16,
                    logKeep: 3,
                    supervisor: Supervisor.Auto,
                },
                parent,
            );
        }

        const place: DebugPlace = { name, ...listen, sourcePaths: args.sourcePaths ?? {} };
        const { ssh } = hostParts(args.host);
        const ready = <T>(value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> =>
            service === undefined ? pulumi.output(value) : after(service.resource, value);
        this.server = server;
        this.address = ready(listen.address);
        this.port = ready(listen.port);
        this.connectCommand = ready(
            pulumi
                .all([ssh, delve.here])
                .apply(([login, dlv]) =>
                    connectCommand(login === undefined || byName ? dlv : "dlv", place),
                ),
        );
        this.tunnelCommand = ssh.apply((login) =>
            login === undefined
                ? ""
                : login.container === undefined
                  ? tunnelCommand(sshCommand(login), place)
                  : containerTunnel(login, place),
        );
        this.initScript = binary.apply((file) =>
            initScript(
                place,
                (args.breakpoints ?? []).map((one) => placeOf(file, one)),
            ),
        );
        this.presets = binary.apply((file) => ({ ...presetsOf(file) }));
        this.launchJson = pulumi.output(launchJson(place));
        this.nvimDap = pulumi.output(nvimDap(place));
        this.golandRun = pulumi.output(golandRun(place));
        this.logPath =
            service?.result().apply((result) => textOf(result, "log")) ?? pulumi.output("");
        this.instanceId = service?.resource.id ?? pulumi.output("");
        this.registerOutputs({
            server: this.server,
            address: this.address,
            port: this.port,
            connectCommand: this.connectCommand,
            tunnelCommand: this.tunnelCommand,
            initScript: this.initScript,
            presets: this.presets,
            launchJson: this.launchJson,
            nvimDap: this.nvimDap,
            golandRun: this.golandRun,
            logPath: this.logPath,
            instanceId: this.instanceId,
        });
    }
}

/** A value that is known once all others are. */
function awaited<T>(
    others: pulumi.Input<string>[] = [],
    value: pulumi.Output<T>,
): pulumi.Output<T> {
    return pulumi.all([pulumi.all(others), value]).apply(([, known]) => known) as pulumi.Output<T>;
}

/** Delve on the host, and on this machine for clients: beside a name it is sent, since nodes have nothing to build with. */
function delveFor(
    name: string,
    { host, processName, delvePath }: DebugSessionArgs,
    given: pulumi.Output<string | undefined>,
    parent: pulumi.Resource,
): {
    there: pulumi.Output<string>;
    here: pulumi.Output<string>;
    /** What tells it from another one, known in preview as long as it stays. */
    known: pulumi.Output<string>;
} {
    if (delvePath !== undefined) {
        const there = given as pulumi.Output<string>;
        const here = processName === undefined ? there : pulumi.output("dlv");
        return { there, here, known: there };
    }
    const built = new Build(
        `${name}-delve`,
        {
            module: delveModule,
            targets: ["github.com/go-delve/delve/cmd/dlv"],
            host: processName === undefined ? host : undefined,
        },
        { parent },
    );
    if (processName === undefined) {
        const there = built.paths.apply((all) => Object.values(all)[0] ?? "");
        return { there, here: there, known: there };
    }
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    const { path: sourcePath, sha256 } = built.binaries[
        `dlv-linux-${architecture}`
    ] as pulumi.Output<Binary>;
    const sent = new HostArtifact(`${name}-delve`, { host, sourcePath, sha256 }, { parent });
    return { there: sent.path, here: sourcePath, known: sha256 };
}
