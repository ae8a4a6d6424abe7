/** QEMU machines and their images. */
export {
    BaseImage,
    type BaseImageArgs,
    type BaseImageFiles,
    DiskFormat,
    type ImageFileArgs,
} from "./base-image";
export {
    MachineNetwork,
    type MachineNetworkArgs,
    type MachineNetworkMembers,
    type NetworkMachine,
    type NetworkMachineArgs,
} from "./machine-network";
export { type ForwardedPortArgs, VirtualMachine, type VirtualMachineArgs } from "./virtual-machine";
