import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { hostResource } from "../host/host-resource";
import { script } from "../internal/scripts";
import { RegistryRef } from "./local-registry";

/** A cluster whose nodes pull from a registry. */
interface PullingCluster {
    name: string;
    host: pulumi.Input<Host> | undefined;
    /** As scripts/kind/engine.sh takes it. */
    engine: pulumi.Input<string>;
    clusterName: string;
    /** Id of the resource that makes the cluster. */
    id: pulumi.Input<string>;
}

/** Lets nodes that run pull from a registry, and tells tools of developers that there is one. @internal */
export function wireRegistry(
    cluster: PullingCluster,
    registry: pulumi.Input<RegistryRef>,
    opts: pulumi.CustomResourceOptions,
): void {
    const known = pulumi.output(registry);
    hostResource(
        `${cluster.name}-registry`,
        {
            host: cluster.host,
            create: "kind/registry-wire.sh",
            delete: "kind/registry-unwire.sh",
            spec: {},
            environment: {
                KUBEDEV_ENGINE: cluster.engine,
                KUBEDEV_CLUSTER: cluster.clusterName,
                KUBEDEV_REGISTRY: known.container,
                KUBEDEV_REGISTRY_HOST: known.host,
                KUBEDEV_NODE_REGISTRY: script("kind/node-registry.sh"),
            },
            parents: [cluster.id],
        },
        opts,
    );
}
