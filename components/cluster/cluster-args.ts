import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { DelveServer } from "../host/under-delve";
import { UnitDialect } from "./unit-texts";

/** Programs of a Cluster: absolute paths on its host, as a Build's `paths` has them. Another path restarts what runs it. */
export interface ClusterBinariesArgs {
    /** etcd, module go.etcd.io/etcd/server/v3. Another path restarts it; its data is kept. */
    etcd: pulumi.Input<string>;
    /** kube-apiserver. Another path restarts it. */
    kubeApiserver: pulumi.Input<string>;
    /** kube-controller-manager. Another path restarts it. */
    kubeControllerManager: pulumi.Input<string>;
    /** kube-scheduler. Another path restarts it. */
    kubeScheduler: pulumi.Input<string>;
    /** kubeadm, whose phases make keys, certificates and kubeconfigs. A change touches nothing that is there. */
    kubeadm: pulumi.Input<string>;
    /** kubectl. A change touches nothing that is there. */
    kubectl: pulumi.Input<string>;
}

/** TCP ports of a Cluster. */
export interface ClusterPortsArgs {
    /** Of the API server. Defaults to 6443. A change replaces the cluster. */
    kubeApiserver?: number;
    /** Of etcd for the API server. Defaults to 2379. A change restarts both. */
    etcdClients?: number;
    /** Of etcd for its like. Defaults to 2380. A change restarts etcd. */
    etcdPeers?: number;
    /** Of the controller manager, for health and metrics. Defaults to 10257. A change restarts it. */
    kubeControllerManager?: number;
    /** Of the scheduler, for health and metrics. Defaults to 10259. A change restarts it. */
    kubeScheduler?: number;
}

/** Versions of programs that are not of the API server's release. */
export interface ClusterVersionsArgs {
    /** Of the controller manager. Defaults to kubernetesVersion. */
    kubeControllerManager?: pulumi.Input<string>;
    /** Of the scheduler. Defaults to kubernetesVersion. */
    kubeScheduler?: pulumi.Input<string>;
    /** Of kubeadm. Defaults to kubernetesVersion. */
    kubeadm?: pulumi.Input<string>;
    /** Of kubectl. Defaults to kubernetesVersion. */
    kubectl?: pulumi.Input<string>;
}

/** How much the programs of a Cluster say, 0 to 10. */
export interface ClusterVerbosityArgs {
    /** Of the API server. Defaults to 0. A change restarts it. */
    kubeApiserver?: pulumi.Input<number>;
    /** Of the controller manager. Defaults to 0. A change restarts it. */
    kubeControllerManager?: pulumi.Input<number>;
    /** Of the scheduler. Defaults to 0. A change restarts it. */
    kubeScheduler?: pulumi.Input<number>;
}

/** Further flags of the programs of a Cluster, by name without dashes, as {"max-requests-inflight": "800"}. */
export interface ClusterFlagsArgs {
    /** Of etcd. A change restarts it. */
    etcd?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the API server. A change restarts it. */
    kubeApiserver?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the controller manager. A change restarts it. */
    kubeControllerManager?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the scheduler. A change restarts it. */
    kubeScheduler?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** Programs of a Cluster that run under delve, each as the `server` of a DebugSession says. */
export interface ClusterDebugArgs {
    /** etcd. To begin or end it restarts it. */
    etcd?: pulumi.Input<DelveServer>;
    /** The API server. To begin or end it restarts it. */
    kubeApiserver?: pulumi.Input<DelveServer>;
    /** The controller manager. To begin or end it restarts it. */
    kubeControllerManager?: pulumi.Input<DelveServer>;
    /** The scheduler. To begin or end it restarts it. */
    kubeScheduler?: pulumi.Input<DelveServer>;
}

/** Arguments of a Cluster. */
export interface ClusterArgs {
    /** Where its control plane runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Version of the API server, and of all others that versions does not name, as "v1.36.1": 1.34 or later. Nothing is fetched by it: it decides which flags and versions go together. */
    kubernetesVersion: pulumi.Input<string>;
    /** Versions of programs of another release. */
    versions?: ClusterVersionsArgs;
    /** The programs that it runs. */
    binaries: ClusterBinariesArgs;
    /** Address that it listens on: one in 127.0.0.0/8, or of its host in a MachineNetwork, where nodes on other machines and pods find the API server; all else stays on loopback. Defaults to one in 127.0.0.0/8, derived from user, project, stack and name. A change replaces the cluster. */
    address?: pulumi.Input<string>;
    /** kubectl on this computer, for the output kubectlCommand of a cluster with an address in a MachineNetwork. Defaults to kubectl in PATH. A change touches nothing that is there. */
    localKubectlPath?: pulumi.Input<string>;
    /** Its ports. Defaults to the usual ones. */
    ports?: ClusterPortsArgs;
    /** IPv4 range of Service addresses. Defaults to 10.100.0.0/24. A change replaces the cluster, with all that is in it. */
    serviceCidr?: pulumi.Input<string>;
    /** IPv4 range that nodes get their pods' addresses from, a /24 each. Defaults to 172.19.0.0/16. A change restarts the controller manager; nodes keep the range that they have. */
    podCidr?: pulumi.Input<string>;
    /** Feature gates of Kubernetes. A change restarts API server, controller manager and scheduler. */
    featureGates?: pulumi.Input<Record<string, pulumi.Input<boolean>>>;
    /** APIs that the API server serves, as {"api/alpha": "true"}. A change restarts the API server. */
    runtimeConfig?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** How much its programs say. */
    verbosity?: ClusterVerbosityArgs;
    /** Further flags of its programs. A flag that was removed from Kubernetes, or that would undo what the cluster depends on, is refused. */
    extraFlags?: ClusterFlagsArgs;
    /** Debuggers by program: its debug build runs under delve in place of its binary, with the same flags. Defaults to none. */
    debug?: ClusterDebugArgs;
    /** What `unitTexts` shows: "modern" units of what runs, or the by-hand cluster of 2015 as "seed", for reading. Defaults to "modern". A change touches nothing else. */
    dialect?: pulumi.Input<UnitDialect>;
    /** How long each program may take to be ready, in seconds. Defaults to 120, under delve to 600. */
    readyTimeoutSec?: number;
}
