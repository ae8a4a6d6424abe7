/** QEMU machines and their images. */
export {
    BaseImage,
    type BaseImageArgs,
    type BaseImageFiles,
    DiskFormat,
    type ImageFileArgs,
} from "./base-image";
export { type CpuTopologyArgs } from "./cpu-topology";
export { Firmware } from "./firmware";
export { type HostShareArgs } from "./host-share";
export { IoScheduler } from "./io-scheduler";
export { HostNetwork } from "./host-network";
export { type HostNetworkArgs } from "./host-network-args";
export { MachineDisk, type MachineDiskArgs, type MachineDiskRef } from "./machine-disk";
export { type GroupMachineArgs, MachineGroup, type MachineGroupArgs } from "./machine-group";
export { type MachineDiskMountArgs } from "./machine-disks";
export {
    MachineNetwork,
    type MachineNetworkArgs,
    type MachineNetworkMembers,
    type NetworkMachine,
    type NetworkMachineArgs,
} from "./machine-network";
export { VirtualMachine } from "./virtual-machine";
export {
    type ForwardedPortArgs,
    type SharedMachineArgs,
    type VirtualMachineArgs,
} from "./virtual-machine-args";
