import { shellExports, shellLine } from "../internal/quote";
import { digestOf } from "../internal/hash";
import { script } from "../internal/scripts";
import { inputError } from "../internal/validate";
import { Firmware } from "./firmware";
import { machineArgv, type MachineBoot, type MachineValues } from "./machine-service";
import { type Accelerator } from "./qemu-spec";

/** A machine that is nobody's, as a snapshot is taken of it. */
const nobody = {
    name: "snapshot",
    uuid: "00000000-0000-8000-8000-000000000001",
    hostname: "localhost",
    mac: "52:54:00:00:00:01",
    address: "127.0.0.1",
    sshPort: 2222,
};

/** The same machine, but nobody's: what is one of a kind about it is taken out. */
export function asNobody(values: MachineValues): MachineValues {
    return {
        ...values,
        ...nobody,
        ports: [],
        indexPorts: undefined,
        key: nobody.name,
        cards: values.cards.map((_card, at) => ({
            network: `net${String(at + 1)}`,
            address: "",
            mac: `52:54:00:00:01:${at.toString(16).padStart(2, "0")}`,
        })),
        // Its cables end nowhere: what waits for a network would wait for ever.
        kernelParameters: [
            ...values.kernelParameters,
            "systemd.mask=systemd-networkd-wait-online.service",
        ],
        // What systemd-tmpfiles sets comes with the machine's own credential.
        ioScheduler: undefined,
    };
}

/** QEMU's arguments for the machine that a snapshot is taken of; those of a cold start are given. */
export function snapshotArgv(cold: readonly string[]): string[] {
    // No user-mode network: its leases would be part of the state. All cables end nowhere.
    const cards = cold.map((argument, at) => {
        const id = /^(?:user|dgram),id=(net\d+)/.exec(argument)?.[1];
        return cold[at - 1] === "-netdev" && id !== undefined
            ? `dgram,id=${id},local.type=unix,local.path=${id}.sock,remote.type=unix,remote.path=nowhere.sock`
            : argument;
    });
    return [...withMemoryFile(cards, "memory", true), ...personalPort];
}

/** QEMU's arguments for a machine that is restored in its directory. Its memory is the snapshot's, copied where it is written to. */
export function restoreArgv(cold: readonly string[]): string[] {
    return [
        ...withMemoryFile(cold, "warm/memory", false),
        ...personalPort,
        // Plugged into the machine that the snapshot was taken of.
        ...[
            "-device",
            "virtserialport,bus=personal.0,nr=1,chardev=personal0,name=kubedev.personal,id=personal1",
        ],
        // personalise.sh says what it is restored from: first that the state comes without the memory.
        ...["-incoming", "defer"],
    ];
}

/** Where guest-agent.pl and the host talk. */
const personalPort = [
    ...["-device", "virtio-serial-pci,id=personal"],
    ...["-chardev", "socket,id=personal0,path=personal.sock,server=on,wait=off"],
];

function withMemoryFile(cold: readonly string[], path: string, share: boolean): string[] {
    const machine = cold.indexOf("-machine");
    const memoryMib = cold[cold.indexOf("-m") + 1] ?? "";
    return [
        ...cold.slice(0, machine),
        "-object",
        `memory-backend-file,id=ram,mem-path=${path},size=${memoryMib}M,share=${share ? "on" : "off"}`,
        "-machine",
        `${cold[machine + 1] ?? ""},memory-backend=ram`,
        ...cold.slice(machine + 2),
    ];
}

/** Refuses a warm start of what a snapshot cannot hold. */
export function assertWarmStart(values: MachineValues, boot: MachineBoot): void {
    const because = [
        ...(boot.directBoot ? [] : ["an image that is started by its own boot loader"]),
        ...(boot.cloudInit ? ["an image with cloud-init"] : []),
        ...(values.firmware === Firmware.Uefi ? ["firmware uefi"] : []),
        ...(values.disks.length > 0 ? ["disks"] : []),
        ...(values.shares.length > 0 ? ["shares"] : []),
        ...(values.cards.some(({ tap }) => tap !== undefined) ? ["a HostNetwork"] : []),
    ];
    if (because.length > 0) {
        throw inputError(`VirtualMachine ${values.name}`, [
            {
                propertyPath: "warmStart",
                reason: `got true with ${because.join(" and ")}; expected a BaseImage that is built or has kernel and initrd, without cloud-init, and none of firmware uefi, disks, shares and HostNetwork: leave out warmStart, and the machine starts cold`,
            },
        ]);
    }
}

/** Texts that a machine with a warm start has more than others; empty for one without. */
export interface WarmTexts {
    /** Before what becomes QEMU. */
    run: string;
    /** Behind what makes its directory ready. */
    preStart: string;
    /** Before what waits for its sshd. */
    health: string;
}

/** Those of a machine that starts cold. */
export const coldTexts: WarmTexts = { run: "", preStart: "", health: "" };

export function warmTexts(values: MachineValues, boot: MachineBoot, baseFormat: string): WarmTexts {
    if (!values.warmStart) {
        return coldTexts;
    }
    assertWarmStart(values, boot);
    const cold = byAccelerator((accelerator) => machineArgv(values, accelerator, boot));
    return {
        run: [
            "if [ -d warm ]; then",
            "(sh warm/personalise </dev/null >/dev/null 2>&1 &)",
            become(
                byAccelerator((is) => restoreArgv(cold[is])),
                " 3<warm/state",
            ),
            "fi\n",
        ].join("\n"),
        preStart: preparation(values, boot, cold, baseFormat),
        health: script("qemu/warm/wait-personal.sh"),
    };
}

type ByAccelerator<T> = Readonly<Record<Accelerator, T>>;

function byAccelerator<T>(of: (accelerator: Accelerator) => T): ByAccelerator<T> {
    return { kvm: of("kvm"), tcg: of("tcg") };
}

function become(argv: ByAccelerator<readonly string[]>, redirections = ""): string {
    return [
        'case "$(cat accelerator)" in',
        `kvm) exec ${shellLine(argv.kvm)}${redirections} ;;`,
        `*) exec ${shellLine(argv.tcg)}${redirections} ;;`,
        "esac",
    ].join("\n");
}

function snapshotLines(values: MachineValues, boot: MachineBoot): ByAccelerator<readonly string[]> {
    const nobodys = asNobody(values);
    return byAccelerator((is) => snapshotArgv(machineArgv(nobodys, is, boot)));
}

/** Digest of all in a machine's snapshot that a program decides; the host adds QEMU, image and CPU. */
export function snapshotKey(values: MachineValues, boot: MachineBoot): string {
    const { diskGib } = values;
    return digestOf({ argv: snapshotLines(values, boot), diskGib, ...snapshotTexts() });
}

function snapshotTexts() {
    return {
        WARM_AGENT: script("qemu/warm/guest-agent.pl"),
        WARM_MAKE: script("qemu/warm/snapshot-make.sh"),
        WARM_RULES: script("qemu/warm/guest-udev.rules"),
        WARM_UNIT: script("qemu/warm/guest-unit.service"),
    };
}

function preparation(
    values: MachineValues,
    boot: MachineBoot,
    cold: ByAccelerator<readonly string[]>,
    baseFormat: string,
): string {
    const kernelLineOf = (argv: readonly string[]) => argv[argv.indexOf("-append") + 1] ?? "";
    return (
        shellExports({
            ...snapshotTexts(),
            MACHINE_BASE_FORMAT: baseFormat,
            SNAPSHOT_DISK_MIB: String(values.diskGib * 1024),
            SNAPSHOT_LIMIT_SEC: String(values.readyTimeoutSec),
            SNAPSHOT_RUN: become(snapshotLines(values, boot)),
            WARM_HOSTNAME: values.hostname,
            WARM_KEY: snapshotKey(values, boot),
            WARM_LINE_KVM: kernelLineOf(cold.kvm),
            WARM_LINE_TCG: kernelLineOf(cold.tcg),
            WARM_PERSONALISE: script("qemu/warm/personalise.sh"),
            WARM_PREPARE: script("qemu/warm/prepare.sh"),
            WARM_UUID: values.uuid,
        }) + 'sh -c "$WARM_PREPARE"\n'
    );
}
