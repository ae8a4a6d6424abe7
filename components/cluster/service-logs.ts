import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts } from "../host/host";
import { after, HostResource, textOf } from "../host/host-resource";

/** Paths of the logs of services on their host, by what they are called. */
export function logPathsOf(
    host: pulumi.Input<Host> | undefined,
    services: Record<string, HostResource | undefined>,
): pulumi.Output<Record<string, string>> {
    const there = hostParts(host);
    return pulumi.output(
        Object.fromEntries(
            Object.entries(services).flatMap(([key, service]) =>
                service === undefined
                    ? []
                    : [
                          [
                              key,
                              after(service.resource, there.ssh).apply((login) =>
                                  login === undefined
                                      ? pulumi.output(path.join(service.dir, "log"))
                                      : service.result().apply((result) => textOf(result, "log")),
                              ),
                          ],
                      ],
            ),
        ) as Record<string, pulumi.Output<string>>,
    );
}
