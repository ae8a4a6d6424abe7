import { Firmware } from "../../components/qemu/firmware";
import { IoScheduler } from "../../components/qemu/io-scheduler";
import { machineArgv, type MachineValues } from "../../components/qemu/machine-service";
import {
    asNobody,
    restoreArgv,
    snapshotArgv,
    snapshotKey,
    warmTexts,
} from "../../components/qemu/warm-start";

const boot = { directBoot: true, cloudInit: false };
const card = { network: "lan", address: "198.18.0.5/20", mac: "52:54:00:00:0a:01" };
const values: MachineValues = {
    name: "worker",
    uuid: "6f1f5d2c-8d3e-8f6a-9c1b-0d2e4f6a8b0c",
    memoryMib: 1024,
    cpus: 2,
    cpuTopology: undefined,
    firmware: Firmware.Bios,
    diskGib: 8,
    disks: [],
    hostname: "worker-host",
    mac: "52:54:2d:09:a3:d6",
    address: "127.3.4.5",
    sshPort: 2222,
    ports: [{ guestPort: 6443, hostPort: 6444 }],
    cards: [card],
    shares: [],
    indexPorts: { monitorPort: 7001, consolePort: 7101 },
    key: "worker-machine",
    kernelParameters: ["nokaslr"],
    ioScheduler: undefined,
    warmStart: true,
    running: true,
    readyTimeoutSec: 180,
};

/** All values of an option that may occur more than once. */
function options(argv: readonly string[], name: string): string[] {
    return argv.flatMap((word, at) => (word === name ? [argv[at + 1] ?? ""] : []));
}

describe("the machine that a snapshot is taken of", () => {
    const argv = snapshotArgv(machineArgv(asNobody(values), "tcg", boot));

    test("has nothing that is a machine's own", () => {
        const text = argv.join(" ");
        for (const own of [
            ...[values.name, values.uuid, values.hostname, values.mac, values.address],
            ...[card.mac, card.network, "6444", "../"],
        ]) {
            expect(text).not.toContain(own);
        }
    });

    test("has no user-mode network, whose leases would be part of the state, and nothing that listens", () => {
        expect(options(argv, "-netdev")).toEqual([
            "dgram,id=net0,local.type=unix,local.path=net0.sock,remote.type=unix,remote.path=nowhere.sock",
            "dgram,id=net1,local.type=unix,local.path=net1.sock,remote.type=unix,remote.path=nowhere.sock",
        ]);
        expect(argv.join(" ")).not.toContain("tcp:");
    });

    test("has the devices of one that is restored, in the same places, but for the port that is plugged in later", () => {
        const devices = (of: readonly string[]) =>
            options(of, "-device").map((device) => device.replace(/mac=[^,]*/, "mac="));
        const restored = devices(restoreArgv(machineArgv(values, "tcg", boot)));
        expect(restored.slice(0, -1)).toEqual(devices(argv));
        expect(restored.at(-1)).toContain("virtserialport,bus=personal.0,nr=1,");
    });
});

test("a restored machine is the cold one, with the snapshot's memory, of which it changes a copy", () => {
    const cold = machineArgv(values, "tcg", boot);
    const warm = restoreArgv(cold);
    expect(options(warm, "-object")).toEqual([
        "memory-backend-file,id=ram,mem-path=warm/memory,size=1024M,share=off",
    ]);
    expect(options(warm, "-machine")).toEqual(["q35,vmport=off,smm=off,memory-backend=ram"]);
    for (const name of ["-name", "-uuid", "-netdev", "-append", "-fw_cfg", "-blockdev"]) {
        expect(options(warm, name)).toEqual(options(cold, name));
    }
});

describe("the key of a snapshot", () => {
    const key = (changed: Partial<MachineValues> = {}) =>
        snapshotKey({ ...values, ...changed }, boot);

    test.each<Partial<MachineValues>>([
        { memoryMib: 2048 },
        { cpus: 3 },
        { cpuTopology: { sockets: 2, cores: 1, threads: 1 } },
        { diskGib: 9 },
        { cards: [] },
        { cards: [card, { ...card, network: "other", mac: "52:54:00:00:0a:02" }] },
        { kernelParameters: ["nokaslr", "systemd.unified_cgroup_hierarchy=0"] },
    ])("is another with %j", (changed) => {
        expect(key(changed)).not.toBe(key());
    });

    test.each<Partial<MachineValues>>([
        { name: "other", key: "other-machine" },
        { uuid: "00000000-8d3e-8f6a-9c1b-0d2e4f6a8b0c" },
        { hostname: "other" },
        { mac: "52:54:00:00:00:09" },
        { address: "127.9.9.9", sshPort: 2022, ports: [] },
        { cards: [{ network: "b", address: "198.18.0.9/20", mac: "52:54:00:00:0a:03" }] },
        { ioScheduler: IoScheduler.None },
        { readyTimeoutSec: 60 },
    ])("is the same with %j", (changed) => {
        expect(key(changed)).toBe(key());
    });
});

test("without it a machine has not a word more", () => {
    expect(warmTexts({ ...values, warmStart: false }, boot, "qcow2")).toEqual({
        run: "",
        preStart: "",
        health: "",
    });
});

test("with it no text holds the same twice: who is restored, and who it is restored as", () => {
    const { run, preStart, health } = warmTexts(values, boot, "qcow2");
    expect(run).toMatch(/^if \[ -d warm \]; then\n/);
    expect(preStart).toContain("systemd.hostname=worker-host");
    expect(preStart).toContain("systemd.hostname=localhost");
    expect(health).toContain("warm/failed");
});

test.each([
    [
        { directBoot: false, cloudInit: false },
        {},
        "an image that is started by its own boot loader",
    ],
    [{ directBoot: true, cloudInit: true }, {}, "an image with cloud-init"],
    [boot, { firmware: Firmware.Uefi }, "firmware uefi"],
    [boot, { disks: [{ serial: "data", sizeGib: 1 }] }, "disks"],
    [
        boot,
        { shares: [{ sourcePath: "/src", mountPath: "/src", readOnly: true, tag: "src" }] },
        "shares",
    ],
    [boot, { cards: [{ ...card, tap: "kd0" }] }, "a HostNetwork"],
])("is refused where a snapshot cannot hold it: %j %j", (as, changed, because) => {
    const refused = { ...values, ...changed } as MachineValues;
    expect(() => warmTexts(refused, as, "qcow2")).toThrow("VirtualMachine worker");
    try {
        warmTexts(refused, as, "qcow2");
    } catch (error) {
        expect(JSON.stringify(error) + String(error)).toContain("warmStart");
        expect(JSON.stringify(error) + String(error)).toContain(because);
    }
});
