/** Clusters of processes on hosts, from binaries that were built. */
export { Cluster } from "./cluster";
export {
    type ClusterArgs,
    type ClusterBinariesArgs,
    type ClusterDebugArgs,
    type ClusterFlagsArgs,
    type ClusterPortsArgs,
    type ClusterVerbosityArgs,
    type ClusterVersionsArgs,
} from "./cluster-args";
export { type ProfileCommands } from "./profile-paths";
export { ClusterNode } from "./cluster-node";
export {
    type ClusterNodeArgs,
    type ClusterNodeBinariesArgs,
    type ClusterNodeVerbosityArgs,
} from "./cluster-node-args";
export { type ClusterControlPlane } from "./control-plane-ref";
export { KubeadmControlPlane } from "./kubeadm-control-plane";
export { KubeadmNode } from "./kubeadm-node";
export {
    type KubeadmBinariesArgs,
    type KubeadmControlPlaneArgs,
    type KubeadmFlagsArgs,
    type KubeadmImagesArgs,
    type KubeadmJoining,
    type KubeadmLocalBinariesArgs,
    type KubeadmNodeArgs,
    type KubeadmNodeFlagsArgs,
    type KubeadmNodeImagesArgs,
    type KubeadmNodeVerbosityArgs,
    type KubeadmVerbosityArgs,
} from "./kubeadm-args";
export { KubeadmAddon } from "./kubeadm-objects";
export { CgroupDriver } from "./kubelet-config";
export { ProxyMode } from "./proxy-config";
export { UnitDialect } from "./unit-texts";
export { type VerbosityCommands } from "./verbosity-commands";
export { WindowsNode } from "./windows-node";
export {
    type WindowsNodeArgs,
    type WindowsNodeProgramArgs,
    type WindowsNodeProgramsArgs,
} from "./windows-node-args";
