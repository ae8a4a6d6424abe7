import { Ssh } from "../host/host";
import { sshConfig } from "../host/ssh-config";
import { shellExports, shellLine } from "../internal/quote";
import { script } from "../internal/scripts";
import { moreGuestFiles } from "./credentials";
import { kernelLine } from "./kernel-line";
import { AttachedDisk, diskLink, disksPreparation } from "./machine-disks";
import { indexEnds, type IndexPorts } from "./numbered-ports";
import { Firmware, firmwarePreparation, uefiPaths } from "./firmware";
import { IoScheduler, schedulerFiles } from "./io-scheduler";
import { HostShare, shareCommands, shareSocket, sharesPreparation } from "./host-share";
import { cablePaths, cardFiles, MachineCard } from "./network-cards";
import { qemuArgv } from "./qemu-argv";
import { Accelerator, CpuTopology } from "./qemu-spec";

/** All that is decided about a machine. */
export interface MachineValues {
    name: string;
    uuid: string;
    memoryMib: number;
    cpus: number;
    /** Undefined: QEMU's own arrangement. */
    cpuTopology: CpuTopology | undefined;
    firmware: Firmware;
    diskGib: number;
    /** Further disks. */
    disks: AttachedDisk[];
    hostname: string;
    mac: string;
    address: string;
    sshPort: number;
    ports: { guestPort: number; hostPort: number }[];
    /** Undefined: a Unix socket for its console, and no monitor for people. */
    indexPorts: IndexPorts | undefined;
    /** Cards in networks that it shares with others. */
    cards: MachineCard[];
    /** Directories of this machine that it sees. */
    shares: HostShare[];
    /** Name of the machine's directory. */
    key: string;
    kernelParameters: string[];
    /** Undefined: the guest's own choice. */
    ioScheduler: IoScheduler | undefined;
    /** Whether a new disk starts from a snapshot. */
    warmStart: boolean;
    running: boolean;
    readyTimeoutSec: number;
}

/** What a machine is started by, as its image says. */
export interface MachineBoot {
    /** Whether a kernel is booted directly. */
    directBoot: boolean;
    /** Whether cloud-init of the guest gets a seed. */
    cloudInit: boolean;
}

/** Where the files of a machine are, absolute. */
export interface MachineFiles {
    diskDir: string;
    imageDir: string;
    hostKeyPath: string;
    loginPublicKeyPath: string;
}

/** Name of the file in the machine's directory with which a person logs in: `ssh -F ssh_config <name>`. */
export const sshConfigName = "ssh_config";

/**
 * Shell text that becomes QEMU. All paths are relative to the machine's directory, where machine-prepare.sh has put what
 * is needed: the argument vector is the same for every user, and socket paths stay short.
 */
export function runText(values: MachineValues, boot: MachineBoot): string {
    const line = (accelerator: Accelerator) =>
        `exec ${shellLine(machineArgv(values, accelerator, boot))}`;
    return [
        ...shareCommands(values.shares),
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
    { directBoot, cloudInit }: MachineBoot,
): string[] {
    const { address } = values;
    return qemuArgv({
        name: values.name,
        uuid: values.uuid,
        accelerator,
        cpus: values.cpus,
        cpuTopology: values.cpuTopology,
        memoryMib: values.memoryMib,
        uefi: values.firmware === Firmware.Uefi ? uefiPaths : undefined,
        directBoot: directBoot
            ? {
                  kernelPath: "kernel",
                  initrdPath: "initrd",
                  kernelLine: kernelLine({
                      hostname: values.hostname,
                      accelerator,
                      extra: values.kernelParameters,
                  }),
              }
            : undefined,
        systemDisk: { path: "disk", serial: "system" },
        dataDisks: values.disks.map((disk) => ({ path: diskLink(disk), serial: disk.serial })),
        seedPath: cloudInit ? "seed.iso" : undefined,
        mac: values.mac,
        forwards: [
            { address, hostPort: values.sshPort, guestPort: 22 },
            ...values.ports.map((port) => ({ address, ...port })),
        ],
        cableCards: values.cards
            .filter(({ tap }) => tap === undefined)
            .map(({ network, mac }) => ({ mac, ...cablePaths(values.key, network) })),
        tapCards: values.cards.flatMap(({ mac, tap }) => (tap === undefined ? [] : [{ mac, tap }])),
        shares: values.shares.map(({ tag }) => ({ tag, socketPath: shareSocket(tag) })),
        credentials: [{ name: "tmpfiles.extra", path: "credential-tmpfiles" }],
        serialSocketPath: "serial.sock",
        serialLogPath: "/dev/stdout",
        indexPorts: values.indexPorts,
        qmpSocketPath: "qmp.sock",
    });
}

/** All TCP ports of this computer that are the machine's, as address:port. */
export function listeningAt({ address, sshPort, ports, indexPorts }: MachineValues): string[] {
    return [
        ...[sshPort, ...ports.map(({ hostPort }) => hostPort)].map(
            (port) => `${address}:${String(port)}`,
        ),
        ...indexEnds(indexPorts),
    ];
}

/** Shell text that makes the machine's directory ready for `runText`. */
export function prepareText(values: MachineValues, files: MachineFiles, ssh: Ssh): string {
    return (
        shellExports({
            MACHINE_PROBE_ACCEL: script("qemu/probe-accel.sh"),
            MACHINE_GROW_OVERLAY: script("qemu/grow-overlay.sh"),
            MACHINE_DISK_DIR: files.diskDir,
            MACHINE_DISK_SIZE_MIB: String(values.diskGib * 1024),
            MACHINE_HOST_KEY: files.hostKeyPath,
            MACHINE_IMAGE_DIR: files.imageDir,
            MACHINE_LOGIN_KEY: files.loginPublicKeyPath,
            MACHINE_SSH_CONFIG: sshConfig(values.name, ssh),
            MACHINE_PORTS: listeningAt(values).join(" "),
        }) +
        script("qemu/machine-prepare.sh") +
        firmwarePreparation(values.firmware) +
        disksPreparation(values.disks) +
        sharesPreparation(values.shares) +
        moreGuestFiles("MACHINE_CARD_FILES", cardFiles(values.cards)) +
        moreGuestFiles("MACHINE_SCHEDULER_FILES", schedulerFiles(values.ioScheduler))
    );
}

/** Shell text that succeeds when the guest's sshd answers. It is tried again and again, so each try is short. */
export function healthText(values: MachineValues): string {
    return (
        shellExports({
            KUBEDEV_ADDRESS: values.address,
            KUBEDEV_PORT: String(values.sshPort),
            KUBEDEV_SERIAL_LOG: "log",
            KUBEDEV_WAIT_SEC: "10",
        }) + `exec ${shellLine(["bash", "-c", script("qemu/wait-ssh-banner.sh")])}\n`
    );
}

/** Shell text that shuts the guest down. */
export function stopText(powerdownSec: number): string {
    return (
        shellExports({ KUBEDEV_POWERDOWN_SEC: String(powerdownSec) }) +
        script("qemu/stop-machine.sh")
    );
}
