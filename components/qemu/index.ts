/** QEMU machines and their images. */
export {
    BaseImage,
    type BaseImageArgs,
    type BaseImageFiles,
    DiskFormat,
    type ImageFileArgs,
} from "./base-image";
export { type ForwardedPortArgs, VirtualMachine, type VirtualMachineArgs } from "./virtual-machine";
