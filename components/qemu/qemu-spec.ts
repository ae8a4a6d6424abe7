import { isLoopbackAddress } from "../internal/loopback-address";
import { indexEnds, type IndexPorts } from "./numbered-ports";

/** How guest code is run. */
export type Accelerator = "kvm" | "tcg";

/** Port of the host that leads into the guest. */
export interface PortForward {
    /** Loopback address of the host to listen on. */
    address: string;
    /** TCP port on the host. */
    hostPort: number;
    /** TCP port in the guest. */
    guestPort: number;
}

/** A disk of the machine, in qcow2. */
export interface DiskDrive {
    /** Path of the image. */
    path: string;
    /** Serial number that the guest sees: /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_<serial>. */
    serial: string;
}

/** A network card whose cable is a pair of datagram sockets. */
export interface CableCard {
    mac: string;
    /** Unix socket that QEMU makes and gets frames by. */
    localPath: string;
    /** Unix socket that it sends them to; nobody need listen there yet. */
    switchPath: string;
}

/** A network card that is plugged into a tap device, which is there already. */
export interface TapCard {
    mac: string;
    /** Name of the device. */
    tap: string;
}

/** A directory of the host that the guest can mount. */
export interface ShareDevice {
    /** What the guest mounts it by. */
    tag: string;
    /** Unix socket of the virtiofsd that serves it. */
    socketPath: string;
}

/** A file that the guest sees as a systemd credential. */
export interface CredentialFile {
    /** One of `credentialNames`, or a name that a unit in the guest loads. */
    name: string;
    /** Path on the host; mode 0600 where the content is secret. */
    path: string;
}

/** Kernel that QEMU loads itself, instead of the disk's boot loader. */
export interface DirectBoot {
    /** Linux kernel image. */
    kernelPath: string;
    /** Initial RAM disk. Default: none. */
    initrdPath?: string;
    /** Command line of the kernel, see `kernelLine`. */
    kernelLine: string;
}

/** UEFI firmware in flash memory. */
export interface UefiFlash {
    /** Its code, in raw format. */
    codePath: string;
    /** Its variables, in raw format; it writes to them. */
    variablesPath: string;
}

/** How virtual CPUs are arranged. Their product is the number of CPUs. */
export interface CpuTopology {
    sockets: number;
    /** Cores of a socket. */
    cores: number;
    /** Threads of a core. */
    threads: number;
}

/**
 * All that a QEMU process is started with. Paths may be relative to the directory that QEMU is
 * started in. For the sockets that is best: the kernel takes 107 bytes for their paths.
 */
export interface MachineSpec {
    /** Name of the machine. */
    name: string;
    /** UUID of the machine; the guest's machine-id is made from it. */
    uuid: string;
    accelerator: Accelerator;
    /** Number of virtual CPUs. */
    cpus: number;
    /** Default: QEMU's own arrangement, all cores of one socket. */
    cpuTopology?: CpuTopology;
    /** Memory in MiB. */
    memoryMib: number;
    /** Default: QEMU's BIOS. */
    uefi?: UefiFlash;
    /** Default: the firmware starts the boot loader on the system disk. */
    directBoot?: DirectBoot;
    /** Disk that holds the root file system. */
    systemDisk: DiskDrive;
    dataDisks: DiskDrive[];
    /** Image with the seed of cloud-init, which the guest sees as its last disk and cannot write to. Default: none. */
    seedPath?: string;
    /** MAC address of the network card. */
    mac: string;
    forwards: PortForward[];
    /** Further cards, in networks of machines. Default: none. */
    cableCards?: CableCard[];
    /** Further cards, in networks on a bridge. Default: none. */
    tapCards?: TapCard[];
    /** Directories of the host. Default: none. */
    shares?: ShareDevice[];
    credentials: CredentialFile[];
    /** Unix socket of the serial console. */
    serialSocketPath: string;
    /** In place of that socket TCP ports for all users of the host. Default: none. */
    indexPorts?: IndexPorts;
    /** File that gets a copy of all serial output; /dev/stdout puts it into the process's own log. */
    serialLogPath: string;
    /** Unix socket of the QEMU machine protocol (control of the machine by programs). */
    qmpSocketPath: string;
}

/** Most bytes in the path of a Unix socket: sizeof(sun_path) less the final NUL. */
const maxSocketPathBytes = 107;
/** fw_cfg takes 55 bytes for a name, and systemd looks below this prefix. */
export const credentialPrefix = "opt/io.systemd.credentials/";
const maxCredentialNameBytes = 55 - credentialPrefix.length;
/** What is wrong with a spec: each problem says what, what was given, and what is expected. */
export function machineSpecProblems(spec: MachineSpec): string[] {
    const problems: string[] = [];
    const expect = (holds: boolean, problem: string) => {
        if (!holds) {
            problems.push(problem);
        }
    };
    const { cpus, memoryMib, mac, uuid } = spec;
    expect(
        Number.isInteger(cpus) && cpus >= 1 && cpus <= 255,
        `cpus is ${cpus}, expected 1 to 255`,
    );
    expect(
        Number.isInteger(memoryMib) && memoryMib >= 128,
        `memoryMib is ${memoryMib}, expected a whole number from 128 MiB`,
    );
    expect(
        /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac),
        `mac is ${mac}, expected a unicast address such as 52:54:00:12:34:56`,
    );
    expect(
        /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid),
        `uuid is ${uuid}, expected one in lower case`,
    );
    for (const { address, hostPort, guestPort } of spec.forwards) {
        expect(
            isLoopbackAddress(address),
            `forward listens on ${address}, expected an address in 127.0.0.0/8: nothing of a ` +
                "machine is reachable from outside this host",
        );
        for (const port of [hostPort, guestPort]) {
            expect(
                Number.isInteger(port) && port >= 1 && port <= 65535,
                `port of a forward is ${port}, expected 1 to 65535`,
            );
        }
    }
    const listening = [
        ...spec.forwards.map(({ address, hostPort }) => `${address}:${hostPort}`),
        ...indexEnds(spec.indexPorts),
    ];
    for (const [at, one] of listening.entries()) {
        expect(
            listening.indexOf(one) === at,
            `${one} is twice among its ports, expected each once`,
        );
    }
    const cables = spec.cableCards ?? [];
    const taps = spec.tapCards ?? [];
    const macs = [mac, ...[...cables, ...taps].map((card) => card.mac)];
    for (const [at, one] of macs.entries()) {
        expect(
            macs.indexOf(one) === at,
            `mac ${one} is that of two cards, expected one of its own for each`,
        );
    }
    for (const { tap } of taps) {
        expect(
            /^[A-Za-z0-9_.-]{1,15}$/.test(tap),
            `tap device is ${JSON.stringify(tap)}, expected the name of a network device`,
        );
    }
    for (const { name } of spec.credentials) {
        expect(
            /^[A-Za-z0-9._-]+$/.test(name) && name.length <= maxCredentialNameBytes,
            `credential name is ${JSON.stringify(name)}, expected at most ` +
                `${maxCredentialNameBytes} letters, digits, ".", "_" and "-"`,
        );
    }
    for (const { serial } of [spec.systemDisk, ...spec.dataDisks]) {
        expect(
            /^[A-Za-z0-9_-]{1,36}$/.test(serial),
            `disk serial is ${JSON.stringify(serial)}, expected 1 to 36 letters, digits, "_", "-"`,
        );
    }
    const shares = spec.shares ?? [];
    for (const { tag } of shares) {
        expect(
            /^[A-Za-z0-9_-]{1,36}$/.test(tag),
            `share tag is ${JSON.stringify(tag)}, expected 1 to 36 letters, digits, "_", "-"`,
        );
    }
    const ends = cables.flatMap(({ localPath, switchPath }) => [localPath, switchPath]);
    const served = shares.map(({ socketPath }) => socketPath);
    for (const path of [spec.serialSocketPath, spec.qmpSocketPath, ...ends, ...served]) {
        const bytes = Buffer.byteLength(path);
        expect(
            bytes <= maxSocketPathBytes,
            `socket path ${path} has ${bytes} bytes, expected at most ${maxSocketPathBytes}; ` +
                "give a path relative to the directory that QEMU is started in",
        );
    }
    return problems;
}
