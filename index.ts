/** kubedev: Pulumi components that declare a whole Kubernetes development environment. */
export { type Host, HostOs, type SshArgs } from "./components/host/host";
export { type HealthCheckArgs } from "./components/host/health-check";
export { HostArtifact, type HostArtifactArgs } from "./components/host/host-artifact";
export { HostCommand, type HostCommandArgs } from "./components/host/host-command";
export { HostFile, type HostFileArgs } from "./components/host/host-file";
export { HostService, type HostServiceArgs } from "./components/host/host-service";
export { type SshKeyFiles, SshKeyPair, type SshKeyPairArgs } from "./components/host/ssh-key-pair";
export { Supervisor } from "./components/host/service-resource";
export {
    BaseImage,
    type BaseImageArgs,
    type BaseImageFiles,
    DiskFormat,
    type ImageFileArgs,
} from "./components/qemu/base-image";
export {
    type ForwardedPortArgs,
    VirtualMachine,
    type VirtualMachineArgs,
} from "./components/qemu/virtual-machine";
export {
    AgentNetwork,
    type AgentNetworkArgs,
    type AgentNetworkRef,
} from "./components/azure/agent-network";
export { AzureDisk, type AzureDiskArgs, type AzureDiskRef } from "./components/azure/azure-disk";
export { AzureDiskSku } from "./components/azure/disk-sku";
export {
    type AgentDiskArgs,
    type AgentImageArgs,
    type PaidFor,
} from "./components/azure/agent-args";
export { LinuxAgent, type LinuxAgentArgs } from "./components/azure/linux-agent";
export { type RdpAccess } from "./components/azure/rdp-access";
export {
    type AgentDownloadArgs,
    WindowsAgent,
    type WindowsAgentArgs,
} from "./components/azure/windows-agent";
export { WindowsRelease } from "./components/azure/agent-image";
export {
    ContainerEngine,
    type ContainerEngineArgs,
    type EngineRef,
} from "./components/kind/container-engine";
export { KindCluster, type KindClusterArgs } from "./components/kind/kind-cluster";
export {
    type KindConfigArgs,
    type KindMountArgs,
    type KindNetworkingArgs,
    type KindNodeArgs,
    type KindPortArgs,
    KindRole,
} from "./components/kind/kind-config";
export { type NodeBinaryArgs } from "./components/kind/node-binaries";
export {
    LocalRegistry,
    type LocalRegistryArgs,
    type RegistryRef,
} from "./components/kind/local-registry";
export { NodeImage, type NodeImageArgs } from "./components/kind/node-image";
export { ProgramImage, type ProgramImageArgs } from "./components/kind/program-image";
export { Addon, type AddonArgs } from "./components/addons/addon";
export { AzureDiskVolume, type AzureDiskVolumeArgs } from "./components/addons/azure-disk-volume";
export {
    CalicoEncapsulation,
    CalicoNetwork,
    type CalicoNetworkArgs,
} from "./components/addons/calico-network";
export { CephDemo, type CephDemoArgs } from "./components/addons/ceph-demo";
export { type ClusterAccessArgs, ImagePullPolicy } from "./components/addons/cluster-access";
export { ClusterDns, type ClusterDnsArgs } from "./components/addons/cluster-dns";
export { ClusterMetrics, type ClusterMetricsArgs } from "./components/addons/cluster-metrics";
export { ClusterUi, type ClusterUiArgs } from "./components/addons/cluster-ui";
export { VolumeFileSystem } from "./components/addons/mounted-volume";
export { type ManifestArgs } from "./components/addons/published-manifest";
export { RbdVolume, type RbdVolumeArgs } from "./components/addons/rbd-volume";
export { type Binary, Build, type BuildArgs } from "./components/source/build";
export { BuildHost, type BuildHostArgs } from "./components/source/build-host";
export { BuildMode } from "./components/source/go-build";
export { CheckSuite } from "./components/source/check-commands";
export { type CheckResults, Checks, type ChecksArgs } from "./components/source/checks";
export { type SourceFiles } from "./components/source/source-files";
export { SourceTree, type SourceTreeArgs, TreeRemoval } from "./components/source/source-tree";
