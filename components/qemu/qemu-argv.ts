import { runError } from "../internal/errors";
import { isLoopbackAddress } from "../internal/loopback-address";
import { indexAddress, indexEnds, type IndexPorts } from "./numbered-ports";

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
const credentialPrefix = "opt/io.systemd.credentials/";
const maxCredentialNameBytes = 55 - credentialPrefix.length;
/** Translated code is kept up to this size; QEMU's default on big hosts is 1 GiB. */
const tcgCacheMib = 512;

/** Argument vector of the QEMU process for a machine. Throws one error that names every problem. */
export function qemuArgv(spec: MachineSpec): string[] {
    const problems = machineSpecProblems(spec);
    if (problems.length > 0) {
        throw runError(`machine ${spec.name}: ${problems.join("; ")}`);
    }
    return [
        "qemu-system-x86_64",
        // What is not listed here is not there: no floppy, no VGA, no /etc/qemu/*.conf.
        "-nodefaults",
        "-no-user-config",
        ...["-display", "none"],
        // QEMU itself may neither start programs nor change its identity.
        "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
        // process= is what ps and top show.
        ...["-name", option(`guest=${escaped(spec.name)}`, `process=vm-${escaped(spec.name)}`)],
        ...["-uuid", spec.uuid],
        ...cpuArguments(spec),
        ...["-m", String(spec.memoryMib)],
        ...firmwareArguments(spec.uefi),
        ...bootArguments(spec.directBoot),
        ...diskArguments(spec),
        ...seedArguments(spec),
        ...networkArguments(spec),
        // Without it the guest's first random numbers, such as sshd's, wait for entropy.
        ...["-device", "virtio-rng-pci"],
        ...spec.credentials.flatMap(({ name, path }) => [
            "-fw_cfg",
            option(`name=${credentialPrefix}${name}`, `file=${escaped(path)}`),
        ]),
        ...consoleArguments(spec),
    ];
}

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
    const ends = cables.flatMap(({ localPath, switchPath }) => [localPath, switchPath]);
    for (const path of [spec.serialSocketPath, spec.qmpSocketPath, ...ends]) {
        const bytes = Buffer.byteLength(path);
        expect(
            bytes <= maxSocketPathBytes,
            `socket path ${path} has ${bytes} bytes, expected at most ${maxSocketPathBytes}; ` +
                "give a path relative to the directory that QEMU is started in",
        );
    }
    return problems;
}

function cpuArguments({ accelerator, cpus, cpuTopology, uefi }: MachineSpec): string[] {
    const flash = uefi === undefined ? [] : ["pflash0=firmware-code", "pflash1=firmware-variables"];
    const { sockets, cores, threads } = cpuTopology ?? {};
    const topology =
        cpuTopology === undefined
            ? []
            : [`sockets=${sockets}`, `cores=${cores}`, `threads=${threads}`];

    return [
        "-machine",
        // vmport is VMware's back door, smm serves firmware setup: no guest of ours uses them.
        option("q35", "vmport=off", "smm=off", ...flash),
        "-accel",
        accelerator === "kvm" ? "kvm" : option("tcg", "thread=multi", `tb-size=${tcgCacheMib}`),
        // ERMS and FSRM promise a fast "rep movsb"; emulated, it copies byte by byte, and with the
        // promise the guest's kernel copies everything so: 10 % of a boot.
        ...["-cpu", accelerator === "kvm" ? "host" : "max,erms=off,fsrm=off"],
        ...["-smp", option(String(cpus), ...topology)],
    ];
}

function firmwareArguments(uefi: UefiFlash | undefined): string[] {
    if (uefi === undefined) {
        return [];
    }
    const raw = (name: string, path: string, ...more: string[]) => [
        "-blockdev",
        option(
            `node-name=${name}`,
            "driver=raw",
            "file.driver=file",
            `file.filename=${escaped(path)}`,
            ...more,
        ),
    ];
    return [
        ...raw("firmware-code", uefi.codePath, "read-only=on"),
        ...raw("firmware-variables", uefi.variablesPath),
    ];
}

function bootArguments(boot: DirectBoot | undefined): string[] {
    if (boot === undefined) {
        return [];
    }
    const { kernelPath, initrdPath, kernelLine } = boot;
    const initrd = initrdPath === undefined ? [] : ["-initrd", initrdPath];
    return ["-kernel", kernelPath, ...initrd, "-append", kernelLine];
}

function diskArguments({ systemDisk, dataDisks, uefi }: MachineSpec): string[] {
    return [
        // virtio-scsi rather than NVMe: QEMU refuses snapshots of a machine with an NVMe disk.
        ...["-device", "virtio-scsi-pci,id=scsi0"],
        ...[systemDisk, ...dataDisks].flatMap(({ path, serial }, lun) => [
            "-blockdev",
            option(
                `node-name=disk${lun}`,
                "driver=qcow2",
                "file.driver=file",
                `file.filename=${escaped(path)}`,
                // What the guest frees or zeroes is given back to the host's file system.
                "discard=unmap",
                "file.discard=unmap",
                "detect-zeroes=unmap",
            ),
            "-device",
            // The initrd takes target 0, LUN 0 as the system disk. rotation_rate=1 means SSD.
            option(
                "scsi-hd",
                `drive=disk${lun}`,
                "bus=scsi0.0",
                "channel=0",
                "scsi-id=0",
                `lun=${lun}`,
                `serial=${serial}`,
                "rotation_rate=1",
                // UEFI would look for boot loaders on the network, too.
                ...(uefi !== undefined && lun === 0 ? ["bootindex=0"] : []),
            ),
        ]),
    ];
}

function seedArguments({ seedPath, dataDisks }: MachineSpec): string[] {
    if (seedPath === undefined) {
        return [];
    }
    return [
        "-blockdev",
        option(
            "node-name=seed",
            "driver=raw",
            "read-only=on",
            "file.driver=file",
            `file.filename=${escaped(seedPath)}`,
        ),
        "-device",
        // A disk rather than a CD: those belong to a group that users of cloud images are in.
        option(
            "scsi-hd",
            "drive=seed",
            "bus=scsi0.0",
            "channel=0",
            "scsi-id=0",
            `lun=${dataDisks.length + 1}`,
            "serial=seed",
        ),
    ];
}

function networkArguments(spec: MachineSpec): string[] {
    const { forwards, mac, cableCards = [], tapCards = [] } = spec;
    const ports = forwards.map(
        ({ address, hostPort, guestPort }) => `hostfwd=tcp:${address}:${hostPort}-:${guestPort}`,
    );
    return [
        "-netdev",
        // The user-mode network has no IPv6 way out, and with an address in it guests try one.
        option("user", "id=net0", "ipv6=off", ...ports),
        "-device",
        // No option ROM: nothing boots from the network.
        option("virtio-net-pci", "netdev=net0", `mac=${mac}`, "romfile="),
        ...cableCards.flatMap((card, at) => [
            "-netdev",
            option(
                "dgram",
                `id=net${at + 1}`,
                "local.type=unix",
                `local.path=${escaped(card.localPath)}`,
                "remote.type=unix",
                `remote.path=${escaped(card.switchPath)}`,
            ),
            "-device",
            option("virtio-net-pci", `netdev=net${at + 1}`, `mac=${card.mac}`, "romfile="),
        ]),
        ...tapCards.flatMap((card, at) => {
            const id = `net${cableCards.length + at + 1}`;
            return [
                "-netdev",
                // No script: QEMU may start none, and the device is on its bridge already.
                option("tap", `id=${id}`, `ifname=${card.tap}`, "script=no", "downscript=no"),
                "-device",
                option("virtio-net-pci", `netdev=${id}`, `mac=${card.mac}`, "romfile="),
            ];
        }),
    ];
}

function consoleArguments(spec: MachineSpec): string[] {
    const socket = (id: string, path: string, ...more: string[]) => [
        "-chardev",
        option("socket", `id=${id}`, `path=${escaped(path)}`, "server=on", "wait=off", ...more),
    ];
    const listener = (id: string, port: number, ...more: string[]) => [
        "-chardev",
        option(
            ...["socket", `id=${id}`, `host=${indexAddress}`, `port=${port}`],
            ...["server=on", "wait=off", ...more],
        ),
    ];
    const { indexPorts } = spec;
    const log = `logfile=${escaped(spec.serialLogPath)}`;
    return [
        ...(indexPorts === undefined
            ? socket("serial0", spec.serialSocketPath, log)
            : listener("serial0", indexPorts.consolePort, "telnet=on", "nodelay=on", log)),
        ...["-serial", "chardev:serial0"],
        ...socket("qmp0", spec.qmpSocketPath),
        ...["-mon", "chardev=qmp0,mode=control"],
        ...(indexPorts === undefined
            ? []
            : [
                  ...listener("monitor0", indexPorts.monitorPort),
                  ...["-mon", "chardev=monitor0,mode=readline"],
              ]),
    ];
}

function option(...parts: string[]): string {
    return parts.join(",");
}

/** QEMU reads a doubled comma in an option's value as one comma. */
function escaped(value: string): string {
    return value.replaceAll(",", ",,");
}
