import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { KubeadmAddon } from "./kubeadm-objects";
import { CgroupDriver } from "./kubelet-config";
import { ProxyMode } from "./proxy-config";

/** Programs of a KubeadmControlPlane on the machine that runs Pulumi: absolute paths, as a Build's `paths` has them. A change touches nothing that is there. */
export interface KubeadmLocalBinariesArgs {
    /** kubeadm, whose phases make authorities and kubeconfigs before there is a host. */
    kubeadm: pulumi.Input<string>;
    /** kubectl, which looks after the nodes. */
    kubectl: pulumi.Input<string>;
}

/** Programs of a kubeadm node: absolute paths on its host, as `path` of a HostArtifact. */
export interface KubeadmBinariesArgs {
    /** kubeadm: of the API server's minor release, or the one after. A change touches nothing that is there. */
    kubeadm: pulumi.Input<string>;
    /** kubelet: of the API server's minor release, or up to three older. Another path restarts it; pods go on. */
    kubelet: pulumi.Input<string>;
    /** kube-proxy, as a service of the host. Another path restarts it. Defaults to none: the node then takes that of an add-on, or leads to no Services. */
    kubeProxy?: pulumi.Input<string>;
}

/** Static programs on the host of a kubeadm control plane that images are made of there, under the names that kubeadm asks for. Another path ends its container, and the kubelet makes it anew. */
export interface KubeadmImagesArgs {
    /** kube-apiserver. */
    kubeApiserver?: pulumi.Input<string>;
    /** kube-controller-manager. */
    kubeControllerManager?: pulumi.Input<string>;
    /** kube-scheduler. */
    kubeScheduler?: pulumi.Input<string>;
    /** etcd: of the release that kubeadm names. */
    etcd?: pulumi.Input<string>;
    /** What holds a pod's network. It is named as pauseImage says. */
    pause?: pulumi.Input<string>;
}

/** Static programs on the host of a kubeadm node that images are made of there. */
export interface KubeadmNodeImagesArgs {
    /** What holds a pod's network. It is named as pauseImage says. */
    pause?: pulumi.Input<string>;
}

/** How much the programs of a kubeadm control plane say, 0 to 10. Those that are not named say what kubeadm has them say. */
export interface KubeadmVerbosityArgs {
    /** Of the API server. A change makes it anew. */
    kubeApiserver?: pulumi.Input<number>;
    /** Of the controller manager. A change makes it anew. */
    kubeControllerManager?: pulumi.Input<number>;
    /** Of the scheduler. A change makes it anew. */
    kubeScheduler?: pulumi.Input<number>;
    /** Of the kubelet. Defaults to 0. A change restarts it. */
    kubelet?: pulumi.Input<number>;
    /** Of kube-proxy, where it is a service. Defaults to 0. A change restarts it. */
    kubeProxy?: pulumi.Input<number>;
}

/** How much the programs of a kubeadm node say, 0 to 10. */
export interface KubeadmNodeVerbosityArgs {
    /** Of the kubelet. Defaults to 0. A change restarts it. */
    kubelet?: pulumi.Input<number>;
    /** Of kube-proxy, where it is a service. Defaults to 0. A change restarts it. */
    kubeProxy?: pulumi.Input<number>;
}

/** Further flags of the programs of a kubeadm control plane, by name without dashes, as {"max-requests-inflight": "800"}. */
export interface KubeadmFlagsArgs {
    /** Of etcd. A change makes it anew; its data is kept. */
    etcd?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the API server. A change makes it anew. */
    kubeApiserver?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the controller manager. A change makes it anew. */
    kubeControllerManager?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the scheduler. A change makes it anew. */
    kubeScheduler?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Of the kubelet. A change restarts it. */
    kubelet?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** Further flags of the programs of a kubeadm node, by name without dashes. */
export interface KubeadmNodeFlagsArgs {
    /** Of the kubelet. A change restarts it. */
    kubelet?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** Arguments of a KubeadmControlPlane. */
export interface KubeadmControlPlaneArgs {
    /** Where it runs: a Linux host with systemd, as root; a privileged container may be one. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** IPv4 address of the host that all nodes reach, as `addresses` of a MachineNetwork has it: API server and kubelet listen there, and nowhere else. A change replaces the cluster. */
    address: pulumi.Input<string>;
    /** True: others than the nodes may be in the network of that address, as in an office. What listens there asks for a certificate or token of the cluster. Defaults to false: such an address is refused, unless kubedev made the machine, or it is a container. A change touches nothing. */
    sharedNetwork?: pulumi.Input<boolean>;
    /** Version of the control plane, as "v1.36.1": 1.34 or later. A change replaces the cluster. */
    kubernetesVersion: pulumi.Input<string>;
    /** Programs on this machine. */
    localBinaries: KubeadmLocalBinariesArgs;
    /** Programs on the host. containerd, runc and the CNI plugins are packages of the host. */
    binaries: KubeadmBinariesArgs;
    /** Programs on the host that images are made of. Those that are not named come from imageArchives, or a registry. */
    images?: KubeadmImagesArgs;
    /** Archives of images on the host, absolute paths: as `docker save` and `crane pull` write them. A change imports them, too; what is there stays. */
    imageArchives?: pulumi.Input<pulumi.Input<string>[]>;
    /** Where kubeadm's images come from. Defaults to registry.k8s.io. A change replaces the cluster. */
    imageRepository?: pulumi.Input<string>;
    /** Image that holds a pod's network. Defaults to registry.k8s.io/pause:3.10.2. A change restarts containerd, and so all pods. */
    pauseImage?: pulumi.Input<string>;
    /** Add-ons of kubeadm. Defaults to none. Others are left out: ClusterDns is one for DNS. A change replaces the cluster. */
    addons?: pulumi.Input<pulumi.Input<KubeadmAddon>[]>;
    /** Name of its node in the cluster. Defaults to the component's name. A change replaces the cluster. */
    nodeName?: string;
    /** Labels of its node. A change is made in place; labels that others set are left alone. */
    nodeLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** True: its node takes pods of users. Defaults to false, kubeadm's taint. A change replaces the cluster. */
    runsPods?: pulumi.Input<boolean>;
    /** IPv4 range of Service addresses. Defaults to 10.100.0.0/24. A change replaces the cluster. */
    serviceCidr?: pulumi.Input<string>;
    /** IPv4 range that nodes get their pods' addresses from, a /24 each. Defaults to 172.19.0.0/16. A change replaces the cluster. */
    podCidr?: pulumi.Input<string>;
    /** How kube-proxy leads to Services. Defaults to nftables. A change restarts it; where it is an add-on, another kube-proxy takes it on with the next cluster. */
    proxyMode?: pulumi.Input<ProxyMode>;
    /** What makes the cgroups of pods. Defaults to systemd. A change restarts containerd and the kubelet, and so all pods. */
    cgroupDriver?: pulumi.Input<CgroupDriver>;
    /** True lets a kubelet of 1.35 or later start on a host with cgroup v1. A change restarts the kubelet. */
    allowCgroupV1?: pulumi.Input<boolean>;
    /** Feature gates of Kubernetes. A change makes the programs of the control plane anew and restarts kubelet and kube-proxy of its node. */
    featureGates?: pulumi.Input<Record<string, pulumi.Input<boolean>>>;
    /** How much its programs say. */
    verbosity?: KubeadmVerbosityArgs;
    /** Further flags of its programs. A flag that was removed from Kubernetes, or that the cluster depends on, is refused. */
    extraArgs?: KubeadmFlagsArgs;
    /** Checks of kubeadm that are only warnings, as ["NumCPU"]. Defaults to none. */
    ignorePreflightErrors?: pulumi.Input<pulumi.Input<string>[]>;
    /** Address in 127.0.0.0/8 of this machine where the tunnel to its API server begins. Defaults to one derived from user, project, stack and name. A change replaces the cluster. */
    tunnelAddress?: string;
    /** How long each step of kubeadm, and then the node, may take, in seconds. Defaults to 600. */
    readyTimeoutSec?: number;
}

/** What a KubeadmNode takes of a KubeadmControlPlane, as plain data: its output `joining`. It is there before the control plane is. */
export interface KubeadmJoining {
    /** Name of the cluster. */
    clusterName: pulumi.Input<string>;
    /** Name of its own node, which no other has. */
    nodeName: pulumi.Input<string>;
    /** Version of its API server. */
    kubernetesVersion: pulumi.Input<string>;
    /** Its API server for nodes, as address:port. */
    endpoint: pulumi.Input<string>;
    /** IPv4 range that nodes get their pods' addresses from. */
    podCidr: pulumi.Input<string>;
    /** Directory with its authorities, token and kubeconfigs, as seen from those of other things on this machine. */
    stateDir: pulumi.Input<string>;
    /** Path of kubectl on this machine. */
    kubectlPath: pulumi.Input<string>;
    /** Changes whenever its authorities were made anew. */
    keysId: pulumi.Input<string>;
}

/** Arguments of a KubeadmNode. */
export interface KubeadmNodeArgs {
    /** What it joins: `joining` of a KubeadmControlPlane. */
    cluster: pulumi.Input<KubeadmJoining>;
    /** `instanceId` of the KubeadmControlPlane: its kubelet is started again when the cluster was made anew. */
    clusterInstanceId: pulumi.Input<string>;
    /** Where it runs: a Linux host with systemd, as root; a privileged container may be one. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** IPv4 address of the host that the control plane reaches, as `addresses` of a MachineNetwork has it: its kubelet listens there, and nowhere else. A change restarts the kubelet. */
    address: pulumi.Input<string>;
    /** True: others than the nodes may be in the network of that address, as in an office. What listens there asks for a certificate or token of the cluster. Defaults to false: such an address is refused, unless kubedev made the machine, or it is a container. A change touches nothing. */
    sharedNetwork?: pulumi.Input<boolean>;
    /** Programs on the host. containerd, runc and the CNI plugins are packages of the host. */
    binaries: KubeadmBinariesArgs;
    /** Programs on the host that images are made of. */
    images?: KubeadmNodeImagesArgs;
    /** Archives of images on the host, absolute paths. A change imports them, too; what is there stays. */
    imageArchives?: pulumi.Input<pulumi.Input<string>[]>;
    /** Image that holds a pod's network. Defaults to registry.k8s.io/pause:3.10.2. A change restarts containerd, and so all pods. */
    pauseImage?: pulumi.Input<string>;
    /** Name of the node in the cluster. Defaults to the component's name. One that another node of the cluster has is refused. A change replaces the node. */
    nodeName?: string;
    /** Labels of the node. A change is made in place; labels that others set are left alone. */
    nodeLabels?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** How kube-proxy leads to Services. Defaults to nftables. A change restarts it. */
    proxyMode?: pulumi.Input<ProxyMode>;
    /** What makes the cgroups of pods. Defaults to systemd. A change restarts containerd and the kubelet, and so all pods. */
    cgroupDriver?: pulumi.Input<CgroupDriver>;
    /** True lets a kubelet of 1.35 or later start on a host with cgroup v1. A change restarts the kubelet. */
    allowCgroupV1?: pulumi.Input<boolean>;
    /** Feature gates of kubelet and kube-proxy. A change restarts both. */
    featureGates?: pulumi.Input<Record<string, pulumi.Input<boolean>>>;
    /** How much its programs say. */
    verbosity?: KubeadmNodeVerbosityArgs;
    /** Further flags of its programs. */
    extraArgs?: KubeadmNodeFlagsArgs;
    /** Checks of kubeadm that are only warnings, as ["NumCPU"]. Defaults to none. */
    ignorePreflightErrors?: pulumi.Input<pulumi.Input<string>[]>;
    /** How long it may try to join, and then take to be Ready, in seconds. Defaults to 900. */
    readyTimeoutSec?: number;
}
