import * as pulumi from "@pulumi/pulumi";
import { type HealthCheckArgs } from "../host/health-check";
import { type Host } from "../host/host";

/** The new program: one of a Build's binaries, or any other ELF or PE file for the host's system and machine. */
export interface SwapBinaryArgs {
    /** Absolute path on the machine that runs Pulumi. */
    path: pulumi.Input<string>;
    /** What tells it from another one, as the fingerprint of a Build's binary: known in preview. */
    fingerprint: pulumi.Input<string>;
    /** SHA-256 of the file, which is checked on the host. Defaults to that of the file here, which is then read in every preview. */
    sha256?: pulumi.Input<string>;
}

/** What a swap of one node and of several have in common. */
export interface SwapArgs {
    /** Name of the systemd unit, of the Windows service, or with staticPod of the pod. A change gives the one before its original back. */
    service: pulumi.Input<string>;
    /** True means a static pod of a Linux node that containerd runs: service is the name of its manifest in /etc/kubernetes/manifests, path one in its container, dependents are static pods, too. Defaults to false. A change gives the one before its original back. */
    staticPod?: pulumi.Input<boolean>;
    /** The new program. A change swaps it in place; what is not healthy is taken back, and `up` fails. */
    binary: pulumi.Input<SwapBinaryArgs>;
    /** Absolute path of the program on the host, or in the container of a static pod. Defaults to what the service manager says that the service runs, or to what the container's first process is; give it where that is a wrapper. */
    path?: pulumi.Input<string>;
    /** Other services that are stopped before this one and started after it, beside those of which the service manager knows it. */
    dependents?: pulumi.Input<pulumi.Input<string>[]>;
    /** How to tell that the service is healthy. Defaults to: its process goes on for settleSec. On Windows a command is for cmd. */
    healthCheck?: pulumi.Input<HealthCheckArgs>;
    /** Shell command on the host that succeeds when the node does its work again; it is repeated as long as the health check may take. KUBEDEV_PID is the process, KUBEDEV_SINCE the second since 1970 in which the service was stopped. */
    nodeCheckCommand?: pulumi.Input<string>;
    /** Shell command on the host, run before the service is stopped, as `kubectl drain`. */
    drainCommand?: pulumi.Input<string>;
    /** Shell command on the host that takes drainCommand back, as `kubectl uncordon`. It must be idempotent. */
    undrainCommand?: pulumi.Input<string>;
    /** Arguments with which the new program must end well on the host before anything is touched, as ["--version"]. Defaults to none: it is not run before. */
    versionArguments?: pulumi.Input<pulumi.Input<string>[]>;
    /** How long a service may take to end before all that it started is killed, in seconds. Defaults to 30. */
    stopTimeoutSec?: number;
    /** How long the process must stay the same once it is healthy, in seconds. Defaults to 5. */
    settleSec?: number;
}

/** Arguments of a BinarySwap. */
export interface BinarySwapArgs extends SwapArgs {
    /** Where the service runs. The login must be root, or on Windows an administrator. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Ids of things on the same host that it stands on; a change replaces it. */
    parentIds?: pulumi.Input<string>[];
    /** Machine of a Linux host: "amd64" or "arm64". Defaults to that of the machine that runs Pulumi. */
    architecture?: pulumi.Input<string>;
}

/** What of the arguments the program on the host is asked by. A preview knows all of it. @internal */
export type SwapRequest = Omit<BinarySwapArgs, "host" | "binary" | "parentIds" | "architecture">;
