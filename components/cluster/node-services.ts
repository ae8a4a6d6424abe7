import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { HostResource } from "../host/host-resource";
import { serviceResource, Supervisor } from "../host/service-resource";
import { NodeService } from "./node-programs";

/** Programs that a host must have to be a node, with Debian's packages of them. */
export const nodeTools = [
    { program: "containerd", package: "containerd" },
    { program: "runc", package: "runc" },
    { program: "curl", package: "curl" },
];

/** A program of a node that is to run as a service. */
export interface NodeServiceArgs {
    host: pulumi.Input<Host>;
    service: pulumi.Output<NodeService>;
    /** How long it may take to become healthy. */
    readySec: number;
    stopTimeoutSec: number;
    /** With which it is made anew. */
    parent: HostResource;
    /** What it waits for. */
    after: HostResource[];
}

/** Declares a program of a node as a service of its host. */
export function nodeService(
    name: string,
    { host, service, readySec, stopTimeoutSec, parent, after }: NodeServiceArgs,
    own: { parent: pulumi.Resource },
): HostResource {
    return serviceResource(
        name,
        {
            host,
            spec: { service: service.spec },
            parents: [parent.resource.id],
            run: service.run,
            preStart: service.preStart,
            health: service.health,
            healthTimeoutSec: readySec,
            stopTimeoutSec,
            logMaxMib: 16,
            logKeep: 3,
            supervisor: Supervisor.Auto,
        },
        { ...own, dependsOn: after.map(({ resource }) => resource) },
    );
}
