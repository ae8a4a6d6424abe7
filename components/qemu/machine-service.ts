import { shellExports, shellLine } from "../internal/quote";
import { script } from "../internal/scripts";
import { kernelLine } from "./kernel-line";
import { Accelerator, qemuArgv } from "./qemu-argv";

/** All that is decided about a machine. */
export interface MachineValues {
    name: string;
    uuid: string;
    memoryMib: number;
    cpus: number;
    diskGib: number;
    hostname: string;
    mac: string;
    address: string;
    sshPort: number;
    ports: { guestPort: number; hostPort: number }[];
    kernelParameters: string[];
    running: boolean;
    readyTimeoutSec: number;
}

/** Where the files of a machine are, absolute. */
export interface MachineFiles {
    diskDir: string;
    imageDir: string;
    hostKeyPath: string;
    loginPublicKeyPath: string;
}

/**
 * Shell text that becomes QEMU. All paths are relative to the machine's directory, where machine-prepare.sh has put what
 * is needed: the argument vector is the same for every user, and socket paths stay short.
 */
export function runText(values: MachineValues, directBoot: boolean): string {
    const line = (accelerator: Accelerator) =>
        `exec ${shellLine(machineArgv(values, accelerator, directBoot))}`;
    return [
        'case "$(cat accelerator)" in',
        `kvm) ${line("kvm")} ;;`,
        `*) ${line("tcg")} ;;`,
        "esac",
    ].join("\n");
}

/** QEMU's argument vector for a machine in its directory. */
export function machineArgv(
    values: MachineValues,
    accelerator: Accelerator,
    directBoot: boolean,
): string[] {
    const { address } = values;
    return qemuArgv({
        name: values.name,
        uuid: values.uuid,
        accelerator,
        cpus: values.cpus,
        memoryMib: values.memoryMib,
        directBoot: directBoot
            ? {
                  kernelPath: "kernel",
                  initrdPath: "initrd",
                  kernelLine: kernelLine({
                      hostname: values.hostname,
                      extra: values.kernelParameters,
                  }),
              }
            : undefined,
        systemDisk: { path: "disk", serial: "system" },
        dataDisks: [],
        mac: values.mac,
        forwards: [
            { address, hostPort: values.sshPort, guestPort: 22 },
            ...values.ports.map((port) => ({ address, ...port })),
        ],
        credentials: [{ name: "tmpfiles.extra", path: "credential-tmpfiles" }],
        serialSocketPath: "serial.sock",
        serialLogPath: "/dev/stdout",
        qmpSocketPath: "qmp.sock",
    });
}

/** Shell text that makes the machine's directory ready for `runText`. */
export function prepareText(values: MachineValues, files: MachineFiles): string {
    return (
        shellExports({
            MACHINE_ACCELERATOR_PROBE: script("qemu/probe-accel.sh"),
            MACHINE_DISK_DIR: files.diskDir,
            MACHINE_DISK_GIB: String(values.diskGib),
            MACHINE_HOST_KEY: files.hostKeyPath,
            MACHINE_IMAGE_DIR: files.imageDir,
            MACHINE_LOGIN_KEY: files.loginPublicKeyPath,
            MACHINE_PORTS: [values.sshPort, ...values.ports.map((port) => port.hostPort)]
                .map((port) => `${values.address}:${String(port)}`)
                .join(" "),
        }) + script("qemu/machine-prepare.sh")
    );
}

/** Shell text that succeeds when the guest's sshd answers. */
export function healthText(values: MachineValues): string {
    return (
        shellExports({
            MACHINE_ADDRESS: values.address,
            MACHINE_SSH_PORT: String(values.sshPort),
        }) + script("qemu/machine-health.sh")
    );
}

/** Shell text that shuts the guest down. */
export function stopText(): string {
    return script("qemu/stop-machine.sh");
}
