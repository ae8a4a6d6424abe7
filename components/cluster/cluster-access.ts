import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HostParts } from "../host/host";
import { after, hostResource, HostResource, textOf } from "../host/host-resource";
import { serviceResource, Supervisor } from "../host/service-resource";
import { keyOf, stackDir } from "../host/scope";
import { shellLine } from "../internal/quote";
import { endpointOf, Layout } from "./control-plane-flags";
import { askAt, tunnel } from "./ssh-tunnel";

/** What a control plane in a machine is known by on this computer. */
export interface ClusterAccess {
    /** Kubeconfig for its end here. */
    kubeconfig: pulumi.Output<string>;
    kubeconfigPath: pulumi.Output<string>;
    resources: HostResource[];
}

/**
 * The way from this computer to a control plane in a network that it is not in: a service holds an ssh login, whose ends here
 * have the ports of the control plane on its address of loopback, so that no two clusters meet.
 */
export function clusterAccess(
    name: string,
    layout: pulumi.Output<Layout>,
    state: HostResource,
    apiserver: HostResource,
    host: HostParts,
    opts: pulumi.CustomResourceOptions,
): ClusterAccess {
    const held = serviceResource(
        `${name}-tunnel`,
        {
            host: undefined,
            spec: { forwards: layout.apply(forwardsOf) },
            parents: [host.parentId],
            running: host.running.apply((running) => running ?? true),
            run: pulumi.all([host.ssh, layout]).apply(([ssh, all]) =>
                tunnel(
                    ssh,
                    forwardsOf(all).flatMap((forward) => ["-L", forward]),
                ),
            ),
            health: layout.apply(({ loopback, ports }) =>
                shellLine(askAt(`${loopback}:${String(ports.kubeApiserver)}`)),
            ),
            healthTimeoutSec: 60,
            stopTimeoutSec: 5,
            logMaxMib: 1,
            logKeep: 1,
            supervisor: Supervisor.Auto,
        },
        { ...opts, dependsOn: apiserver.resource },
    );
    const file = path.join(stackDir(), keyOf(`${name}-kubeconfig`), "kubeconfig");
    const kubeconfig = pulumi
        .all([layout, pulumi.secret(state.result())])
        .apply(([all, result]) => {
            const text = textOf(result, "kubeconfig");
            // A machine that is shut down says nothing: what was written while it ran holds on.
            return text === "" && fs.existsSync(file)
                ? fs.readFileSync(file, "utf8")
                : kubeconfigHere(text, all);
        });
    const written = hostResource(
        `${name}-kubeconfig`,
        {
            host: undefined,
            create: "host/file-write.sh",
            delete: "host/file-remove.sh",
            spec: {},
            environment: {
                KUBEDEV_PATH: file,
                KUBEDEV_MODE: "0600",
                KUBEDEV_OWNER: "",
                KUBEDEV_OVERWRITE: "true",
            },
            stdin: kubeconfig,
        },
        opts,
    );
    return {
        kubeconfig,
        kubeconfigPath: after(written.resource, file),
        resources: [held, written],
    };
}

/** What of the control plane is reached here, as `ssh -L` takes it: what serves kubectl, and profiles. @internal */
export function forwardsOf({ address, loopback, ports }: Layout): string[] {
    const forward = (from: string, port: number) =>
        `${loopback}:${String(port)}:${from}:${String(port)}`;
    return [
        forward(address, ports.kubeApiserver),
        forward(loopback, ports.kubeControllerManager),
        forward(loopback, ports.kubeScheduler),
    ];
}

/** A kubeconfig of the control plane's own host, for the end of the way there. @internal */
export function kubeconfigHere(text: string, layout: Layout): string {
    const here = endpointOf({ ...layout, address: layout.loopback });
    return text.replaceAll(`server: ${endpointOf(layout)}\n`, `server: ${here}\n`);
}
