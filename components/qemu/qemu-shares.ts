import { escaped, option } from "./qemu-option";
import { MachineSpec } from "./qemu-spec";

/** Memory that the daemons behind a machine's shares can see: what is read goes right into the guest's. Nothing without any. */
export function sharedMemory({ shares = [], memoryMib }: MachineSpec) {
    return shares.length === 0
        ? { arguments: [], machine: [] }
        : {
              arguments: [
                  "-object",
                  option("memory-backend-memfd", "id=ram", `size=${memoryMib}M`, "share=on"),
              ],
              machine: ["memory-backend=ram"],
          };
}

/** The directories of the host, behind all other devices: those keep their places on the bus. */
export function shareArguments({ shares = [] }: MachineSpec): string[] {
    return shares.flatMap(({ tag, socketPath }, at) => [
        "-chardev",
        option("socket", `id=share${at}`, `path=${escaped(socketPath)}`),
        "-device",
        option("vhost-user-fs-pci", `chardev=share${at}`, `tag=${tag}`),
    ]);
}
