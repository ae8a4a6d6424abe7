import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts, loginOf } from "../host/host";
import { HostResource } from "../host/host-resource";
import { serviceResource, Supervisor } from "../host/service-resource";
import { shellLine } from "../internal/quote";
import { endpointAt } from "./kubeadm-objects";
import { askAt, tunnel } from "./ssh-tunnel";

/**
 * Address by which this machine reaches the API server: that of a tunnel to a host that is logged in to, else the server's own,
 * since this machine has it, or has the bridge that a container is on.
 */
export function reachedFromHere(
    host: pulumi.Input<Host> | undefined,
    address: pulumi.Output<string>,
    tunnelAddress: string,
): pulumi.Output<string> {
    return pulumi
        .all([hostParts(host).ssh, address])
        .apply(([ssh, there]) => (loginOf(ssh) === undefined ? there : tunnelAddress));
}

/** Declares the tunnel from this machine to the API server, which runs where one is needed. */
export function kubeadmTunnel(
    name: string,
    host: pulumi.Input<Host> | undefined,
    reachedAt: pulumi.Output<string>,
    address: pulumi.Output<string>,
    controlPlane: HostResource,
    own: { parent: pulumi.Resource },
): HostResource {
    const { ssh, running } = hostParts(host);
    // Of a container it is that of its machine, which is on the container's network.
    const login = ssh.apply(loginOf);
    const [from, to] = [reachedAt.apply(endpointAt), address.apply(endpointAt)];
    return serviceResource(
        `${name}-tunnel`,
        {
            host: undefined,
            spec: { from, to },
            parents: [controlPlane.resource.id],
            running: pulumi
                .all([login, running])
                .apply(([known, runs]) => known !== undefined && runs !== false),
            run: pulumi
                .all([login, from, to])
                .apply(([known, here, there]) => tunnel(known, ["-L", `${here}:${there}`])),
            health: from.apply((at) => shellLine(askAt(at))),
            healthTimeoutSec: 120,
            stopTimeoutSec: 5,
            logMaxMib: 1,
            logKeep: 1,
            supervisor: Supervisor.Auto,
        },
        own,
    );
}
