/** Clusters by kind, their node images, container engine and registry. */
export { ContainerEngine, type ContainerEngineArgs, type EngineRef } from "./container-engine";
export { KindCluster, type KindClusterArgs } from "./kind-cluster";
export {
    type KindConfigArgs,
    type KindMountArgs,
    type KindNetworkingArgs,
    type KindNodeArgs,
    type KindPortArgs,
    KindRole,
} from "./kind-config";
export { type NodeBinaryArgs } from "./node-binaries";
export { LocalRegistry, type LocalRegistryArgs, type RegistryRef } from "./local-registry";
export { NodeImage } from "./node-image";
export { type NodeImageArgs } from "./node-image-args";
export { ProgramImage, type ProgramImageArgs } from "./program-image";
