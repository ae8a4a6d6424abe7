import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";

/** What a ClusterNode takes of a Cluster, as plain data: its output `controlPlane`. */
export interface ClusterControlPlane {
    /** Where it runs. */
    host: pulumi.Input<Host>;
    /** Name of the cluster. */
    clusterName: pulumi.Input<string>;
    /** Version of its API server. */
    kubernetesVersion: pulumi.Input<string>;
    /** Address of its API server: of loopback, or in a network of machines. */
    address: pulumi.Input<string>;
    /** TCP port of its API server. */
    port: pulumi.Input<number>;
    /** IPv4 range of Service addresses. */
    serviceCidr: pulumi.Input<string>;
    /** IPv4 range that nodes get their pods' addresses from. */
    podCidr: pulumi.Input<string>;
    /** Directory with its keys and kubeconfigs, as seen from those of other things on its host. */
    stateDir: pulumi.Input<string>;
    /** Path of kubeadm on its host. */
    kubeadmPath: pulumi.Input<string>;
    /** Path of kubectl on its host. */
    kubectlPath: pulumi.Input<string>;
    /** Changes whenever the cluster was made anew. */
    instanceId: pulumi.Input<string>;
}
