/** What is put into a cluster, of kind or any other. */
export { Addon, type AddonArgs } from "./addon";
export { AzureDiskVolume, type AzureDiskVolumeArgs } from "./azure-disk-volume";
export { CalicoEncapsulation, CalicoNetwork, type CalicoNetworkArgs } from "./calico-network";
export { CephDemo, type CephDemoArgs } from "./ceph-demo";
export { type ClusterAccessArgs, ImagePullPolicy } from "./cluster-access";
export { ClusterDns, type ClusterDnsArgs } from "./cluster-dns";
export { ClusterMetrics, type ClusterMetricsArgs } from "./cluster-metrics";
export { ClusterUi, type ClusterUiArgs } from "./cluster-ui";
export { VolumeFileSystem } from "./mounted-volume";
export { type ManifestArgs } from "./published-manifest";
export { RbdVolume, type RbdVolumeArgs } from "./rbd-volume";
