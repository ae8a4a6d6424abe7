import * as pulumi from "@pulumi/pulumi";
import { hostResource, HostResource, textOf } from "../host/host-resource";
import { labelLines } from "./node-labels";

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
