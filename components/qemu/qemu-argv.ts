import { runError } from "../internal/errors";
import { indexAddress } from "./numbered-ports";
import { cardArguments } from "./qemu-cards";
import { diskArguments, seedArguments } from "./qemu-disks";
import { escaped, option } from "./qemu-option";
import { shareArguments, sharedMemory } from "./qemu-shares";
import {
    credentialPrefix,
    DirectBoot,
    MachineSpec,
    machineSpecProblems,
    UefiFlash,
} from "./qemu-spec";

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
        ...sharedMemory(spec).arguments,
        ...firmwareArguments(spec.uefi),
        ...bootArguments(spec.directBoot),
        ...diskArguments(spec),
        ...seedArguments(spec),
        ...cardArguments(spec),
        // Without it the guest's first random numbers, such as sshd's, wait for entropy.
        ...["-device", "virtio-rng-pci"],
        ...shareArguments(spec),
        ...spec.credentials.flatMap(({ name, path }) => [
            "-fw_cfg",
            option(`name=${credentialPrefix}${name}`, `file=${escaped(path)}`),
        ]),
        ...consoleArguments(spec),
    ];
}

function cpuArguments(spec: MachineSpec): string[] {
    const { accelerator, cpus, cpuTopology, uefi } = spec;
    const flash = uefi === undefined ? [] : ["pflash0=firmware-code", "pflash1=firmware-variables"];
    const { sockets, cores, threads } = cpuTopology ?? {};
    const topology =
        cpuTopology === undefined
            ? []
            : [`sockets=${sockets}`, `cores=${cores}`, `threads=${threads}`];

    return [
        "-machine",
        // vmport is VMware's back door, smm serves firmware setup: no guest of ours uses them.
        option("q35", "vmport=off", "smm=off", ...flash, ...sharedMemory(spec).machine),
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
