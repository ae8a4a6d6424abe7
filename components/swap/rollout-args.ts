import * as pulumi from "@pulumi/pulumi";
import { type HealthCheckArgs } from "../host/health-check";
import { type Host } from "../host/host";
import { type SwapArgs, type SwapBinaryArgs } from "./swap-args";

/** One node of a BinaryRollout: where it is, and what is another there than on the others. */
export interface RolloutNodeArgs {
    /** Name of the node within the rollout, which is part of resources' names. Under another name it is another node: remove it in one `up`, and add it in the next. */
    name: string;
    /** Where the service runs. The login must be root, or on Windows an administrator. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** The new program of this node, as for another system or machine. Defaults to that of the rollout. */
    binary?: pulumi.Input<SwapBinaryArgs>;
    /** Name of the systemd unit, or of the Windows service. Defaults to that of the rollout. */
    service?: pulumi.Input<string>;
    /** Absolute path of the program on the host. Defaults to that of the rollout. */
    path?: pulumi.Input<string>;
    /** Other services that are stopped before this one and started after it. Defaults to those of the rollout. */
    dependents?: pulumi.Input<pulumi.Input<string>[]>;
    /** How to tell that the service is healthy. Defaults to that of the rollout. */
    healthCheck?: pulumi.Input<HealthCheckArgs>;
    /** Shell command that succeeds when the node does its work again. Defaults to that of the rollout. */
    nodeCheckCommand?: pulumi.Input<string>;
    /** Shell command before the service is stopped. Defaults to that of the rollout. */
    drainCommand?: pulumi.Input<string>;
    /** Shell command that takes drainCommand back. Defaults to that of the rollout. */
    undrainCommand?: pulumi.Input<string>;
    /** Ids of things on the same host that it stands on; a change replaces it. */
    parentIds?: pulumi.Input<string>[];
    /** Machine of a Linux host: "amd64" or "arm64". Defaults to that of the machine that runs Pulumi. */
    architecture?: pulumi.Input<string>;
}

/** Arguments of a BinaryRollout. */
export interface BinaryRolloutArgs extends SwapArgs {
    /** The nodes, in the order in which they are swapped. One that is added is swapped, one that is removed gets its original back; neither touches the others, and nor does another order. */
    nodes: RolloutNodeArgs[];
    /** How many nodes may be in work at the same time. Defaults to 1. */
    maxUnavailable?: number;
}
