import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts } from "../host/host";
import { after, hostResource, HostResource, textOf } from "../host/host-resource";

/** Declares what waits, on this machine, until a node is Ready. */
export function kubeadmReady(
    name: string,
    nodeName: string,
    kubelet: HostResource,
    beside: Record<string, pulumi.Input<string | undefined>>,
    nodeLabels: pulumi.Output<Record<string, string> | undefined>,
    readySec: number,
    opts: pulumi.CustomResourceOptions,
): HostResource {
    return hostResource(
        `${name}-ready`,
        {
            host: undefined,
            create: "cluster/node-ready.sh",
            delete: "host/forget.sh",
            spec: { nodeName },
            parents: [kubelet.resource.id],
            environment: {
                ...beside,
                KUBEDEV_KUBELET_VERSION: kubelet
                    .result()
                    .apply((result) => textOf(result, "kubeletVersion")),
                KUBEDEV_LABELS: nodeLabels.apply(labelLines),
                KUBEDEV_READY_SEC: String(readySec),
            },
            timeoutSec: readySec + 60,
        },
        opts,
    );
}

/** Paths of the logs of services on a host. The kubelet's is in the host's journal. */
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

/** As lines key=value, in the order of the keys. */
function labelLines(values: Readonly<Record<string, string>> | undefined): string {
    return Object.entries(values ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${value}`)
        .join("\n");
}
