import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts, hostRule } from "../host/host";
import { after, hostResource, recordedFacts, textOf } from "../host/host-resource";
import { lookAt } from "../host/thing-look";
import { stateRoot } from "../internal/paths";
import { script } from "../internal/scripts";
import { assertArgs } from "../internal/validate";

/** Arguments of a ContainerEngine. */
export interface ContainerEngineArgs {
    /** Where it runs, as root. Defaults to this machine. */
    host?: pulumi.Input<Host>;
}

/** Which container engine is meant: plain data, from ContainerEngine or config. */
export interface EngineRef {
    /** True: the one that a ContainerEngine runs. Defaults to the host's own. */
    own?: pulumi.Input<boolean>;
}

/** Settings of dockerd. @DIR@ is its directory. It listens on a socket of its own user alone. */
const settings = {
    "data-root": "@DIR@/data",
    "exec-root": "@DIR@/exec",
    pidfile: "@DIR@/docker.pid",
    hosts: ["unix://@DIR@/docker.sock"],
    "storage-driver": "overlay2",
    runtimes: { kubedev: { path: "@DIR@/runtime" } },
    "default-runtime": "kubedev",
    "log-opts": { "max-size": "16m", "max-file": "2" },
};

/**
 * A Docker engine of this user's own, beside none or a stopped one of the host: for hosts where nothing starts Docker, and
 * for those where privileged containers, which kind's nodes are, are refused because the host lacks CAP_SYS_RESOURCE. All
 * stacks of a user share it; the last one that gives it up ends it and removes all that it kept.
 */
export class ContainerEngine extends pulumi.ComponentResource {
    /** What NodeImage and KindCluster take as their engine. */
    public readonly engine: pulumi.Output<EngineRef>;
    /** Its address, as DOCKER_HOST. On a remote host unknown in a preview that starts it. */
    public readonly dockerHost: pulumi.Output<string>;
    /** Path of its log on the host. */
    public readonly logPath: pulumi.Output<string>;

    constructor(name: string, args: ContainerEngineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:ContainerEngine", name, args, opts);
        const what = `ContainerEngine ${name}`;
        assertArgs(what, args, { host: hostRule });
        const child = `${name}-engine`;
        const state = lookAt(what, "kind/engine-look.sh", child, args.host, {});
        // In place: what it keeps outlives it.
        const starts = pulumi
            .all([state, recordedFacts(child, args.host)])
            .apply(([seen, facts]) =>
                String(Number(facts?.["starts"] ?? "1") + (seen["state"] === "dead" ? 1 : 0)),
            );
        const engine = hostResource(
            child,
            {
                host: args.host,
                create: "kind/engine-start.sh",
                delete: "kind/engine-stop.sh",
                spec: {},
                environment: {
                    KUBEDEV_ENGINE: "own",
                    KUBEDEV_STARTS: starts,
                    KUBEDEV_SERVICE_START: script("host/service-start.sh"),
                    KUBEDEV_ENGINE_CONFIG: JSON.stringify(settings),
                    KUBEDEV_ENGINE_RUNTIME: script("kind/runtime-without-sys-resource.sh"),
                },
                timeoutSec: 300,
            },
            { parent: this },
        );
        // Known while it is started anew: what is in it is not made anew for that.
        this.engine = after(engine.resource, { own: true });
        const directory = path.join(stateRoot(), "engine");
        const local = (here: string, there: pulumi.Output<string>): pulumi.Output<string> =>
            pulumi
                .all([hostParts(args.host).ssh, engine.resource.urn])
                .apply(([ssh]) => (ssh === undefined ? pulumi.output(here) : there));
        const printed = (field: string) => engine.result().apply((result) => textOf(result, field));
        this.dockerHost = local(`unix://${directory}/docker.sock`, printed("dockerHost"));
        this.logPath = local(path.join(directory, "log"), printed("log"));
        this.registerOutputs({
            engine: this.engine,
            dockerHost: this.dockerHost,
            logPath: this.logPath,
        });
    }
}
