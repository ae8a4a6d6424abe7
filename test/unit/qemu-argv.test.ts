import * as fc from "fast-check";
import { indexEnds, indexPorts, maxIndex } from "../../components/qemu/numbered-ports";
import { qemuArgv } from "../../components/qemu/qemu-argv";
import { machineSpecProblems, type MachineSpec } from "../../components/qemu/qemu-spec";

const spec: MachineSpec = {
    name: "master",
    uuid: "6f1f5d2c-8d3e-8f6a-9c1b-0d2e4f6a8b0c",
    accelerator: "tcg",
    cpus: 2,
    memoryMib: 1024,
    directBoot: { kernelPath: "kernel", initrdPath: "initrd", kernelLine: "console=ttyS0 quiet" },
    systemDisk: { path: "../disk/system.qcow2", serial: "system" },
    dataDisks: [],
    mac: "52:54:2d:09:a3:d6",
    forwards: [{ address: "127.3.4.5", hostPort: 2222, guestPort: 22 }],
    credentials: [{ name: "kubedev.ssh-host-key", path: "host-key" }],
    serialSocketPath: "serial.sock",
    serialLogPath: "/dev/stdout",
    qmpSocketPath: "qmp.sock",
};

/** All values of an option that may occur more than once. */
function values(argv: string[], name: string): string[] {
    return argv.flatMap((word, index) => (word === name ? [argv[index + 1] ?? ""] : []));
}

/** Splits an option's value as QEMU does: at commas, of which a doubled one is a literal comma. */
function properties(value: string): Map<string, string> {
    const parts = value.replaceAll(",,", "\0").split(",");
    return new Map(
        parts.map((part) => {
            const [key = "", ...rest] = part.replaceAll("\0", ",").split("=");
            return [key, rest.join("=")];
        }),
    );
}

describe("qemuArgv", () => {
    test("is the whole vector for a plain machine", () => {
        expect(qemuArgv(spec)).toEqual([
            "qemu-system-x86_64",
            "-nodefaults",
            "-no-user-config",
            ...["-display", "none"],
            "-sandbox",
            "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            ...["-name", "guest=master,process=vm-master"],
            ...["-uuid", "6f1f5d2c-8d3e-8f6a-9c1b-0d2e4f6a8b0c"],
            ...["-machine", "q35,vmport=off,smm=off"],
            ...["-accel", "tcg,thread=multi,tb-size=512"],
            ...["-cpu", "max,erms=off,fsrm=off"],
            ...["-smp", "2"],
            ...["-m", "1024"],
            ...["-kernel", "kernel"],
            ...["-initrd", "initrd"],
            ...["-append", "console=ttyS0 quiet"],
            ...["-device", "virtio-scsi-pci,id=scsi0"],
            "-blockdev",
            "node-name=disk0,driver=qcow2,file.driver=file,file.filename=../disk/system.qcow2," +
                "discard=unmap,file.discard=unmap,detect-zeroes=unmap",
            "-device",
            "scsi-hd,drive=disk0,bus=scsi0.0,channel=0,scsi-id=0,lun=0,serial=system," +
                "rotation_rate=1",
            ...["-netdev", "user,id=net0,ipv6=off,hostfwd=tcp:127.3.4.5:2222-:22"],
            ...["-device", "virtio-net-pci,netdev=net0,mac=52:54:2d:09:a3:d6,romfile="],
            ...["-device", "virtio-rng-pci"],
            "-fw_cfg",
            "name=opt/io.systemd.credentials/kubedev.ssh-host-key,file=host-key",
            "-chardev",
            "socket,id=serial0,path=serial.sock,server=on,wait=off,logfile=/dev/stdout",
            ...["-serial", "chardev:serial0"],
            ...["-chardev", "socket,id=qmp0,path=qmp.sock,server=on,wait=off"],
            ...["-mon", "chardev=qmp0,mode=control"],
        ]);
    });

    test("has its console by telnet and a monitor on loopback for a machine with a number, and no clash", () => {
        const argv = qemuArgv({ ...spec, indexPorts: indexPorts(1) });
        expect(values(argv, "-chardev")).toEqual([
            "socket,id=serial0,host=127.0.0.1,port=7101,server=on,wait=off,telnet=on,nodelay=on,logfile=/dev/stdout",
            "socket,id=qmp0,path=qmp.sock,server=on,wait=off",
            "socket,id=monitor0,host=127.0.0.1,port=7001,server=on,wait=off",
        ]);
        expect(values(argv, "-mon")).toEqual([
            "chardev=qmp0,mode=control",
            "chardev=monitor0,mode=readline",
        ]);
        const forwards = [{ address: "127.0.0.1", hostPort: 7101, guestPort: 22 }];
        expect(machineSpecProblems({ ...spec, forwards, indexPorts: indexPorts(1) })).toEqual([
            "127.0.0.1:7101 is twice among its ports, expected each once",
        ]);
    });

    test("two machines' numbers have no port in common", () => {
        const all = Array.from({ length: maxIndex }, (_none, at) => indexEnds(indexPorts(at + 1)));
        expect(new Set(all.flat()).size).toBe(2 * maxIndex);
        expect(all[2]).toEqual(["127.0.0.1:7003", "127.0.0.1:7103"]);
    });

    test("has further cards, each on a cable of its own, behind the first", () => {
        const card = (mac: string, network: string) => ({
            mac,
            localPath: `../m,1/net-${network}.sock`,
            switchPath: `../${network}-switch/switch.sock`,
        });
        const cableCards = [card("52:54:00:00:00:01", "lan"), card("52:54:00:00:00:02", "san")];
        const argv = qemuArgv({ ...spec, cableCards });
        expect(values(argv, "-netdev").slice(1)).toEqual([
            "dgram,id=net1,local.type=unix,local.path=../m,,1/net-lan.sock,remote.type=unix,remote.path=../lan-switch/switch.sock",
            "dgram,id=net2,local.type=unix,local.path=../m,,1/net-san.sock,remote.type=unix,remote.path=../san-switch/switch.sock",
        ]);
        expect(values(argv, "-device").filter((device) => device.includes("netdev"))).toEqual([
            "virtio-net-pci,netdev=net0,mac=52:54:2d:09:a3:d6,romfile=",
            "virtio-net-pci,netdev=net1,mac=52:54:00:00:00:01,romfile=",
            "virtio-net-pci,netdev=net2,mac=52:54:00:00:00:02,romfile=",
        ]);
    });

    test("runs on the host's own CPU with KVM", () => {
        const argv = qemuArgv({ ...spec, accelerator: "kvm" });
        expect(values(argv, "-accel")).toEqual(["kvm"]);
        expect(values(argv, "-cpu")).toEqual(["host"]);
    });

    test("leaves the kernel to the disk's boot loader without direct boot", () => {
        const argv = qemuArgv({ ...spec, directBoot: undefined });
        expect(argv).not.toContain("-kernel");
        expect(argv).not.toContain("-append");
    });

    test("has UEFI in flash, of which the machine writes the variables alone, and starts from its disk", () => {
        const uefi = { codePath: "code", variablesPath: "a,b/variables" };
        const argv = qemuArgv({ ...spec, directBoot: undefined, uefi });
        expect(values(argv, "-machine").map(properties)).toEqual([
            new Map([
                ...[["q35", ""] as const, ["vmport", "off"] as const, ["smm", "off"] as const],
                ...[["pflash0", "firmware-code"] as const],
                ...[["pflash1", "firmware-variables"] as const],
            ]),
        ]);
        expect(values(argv, "-blockdev").slice(0, 2)).toEqual([
            "node-name=firmware-code,driver=raw,file.driver=file,file.filename=code,read-only=on",
            "node-name=firmware-variables,driver=raw,file.driver=file,file.filename=a,,b/variables",
        ]);
        const disks = values(argv, "-device").filter((device) => device.startsWith("scsi-hd"));
        expect(properties(disks[0] ?? "").get("bootindex")).toBe("0");
    });

    test("arranges CPUs as it is told", () => {
        const cpuTopology = { sockets: 2, cores: 3, threads: 1 };
        const argv = qemuArgv({ ...spec, cpus: 6, cpuTopology });
        expect(values(argv, "-smp")).toEqual(["6,sockets=2,cores=3,threads=1"]);
    });

    test("boots a kernel that needs no initrd", () => {
        const argv = qemuArgv({ ...spec, directBoot: { kernelPath: "k", kernelLine: "ro" } });
        expect(values(argv, "-kernel")).toEqual(["k"]);
        expect(argv).not.toContain("-initrd");
    });

    test("puts data disks behind the system disk", () => {
        const dataDisks = [
            { path: "a.qcow2", serial: "data-a" },
            { path: "b.qcow2", serial: "data-b" },
        ];
        const disks = values(qemuArgv({ ...spec, dataDisks }), "-device")
            .filter((device) => device.startsWith("scsi-hd"))
            .map(properties);
        expect(disks.map((disk) => [disk.get("lun"), disk.get("serial")])).toEqual([
            ["0", "system"],
            ["1", "data-a"],
            ["2", "data-b"],
        ]);
    });

    test("the seed of cloud-init is the last disk, and read only", () => {
        const dataDisks = [{ path: "a.qcow2", serial: "data-a" }];
        const argv = qemuArgv({ ...spec, dataDisks, seedPath: "a,b/seed.iso" });
        expect(values(argv, "-blockdev").at(-1)).toBe(
            "node-name=seed,driver=raw,read-only=on,file.driver=file,file.filename=a,,b/seed.iso",
        );
        const disks = values(argv, "-device").filter((device) => device.startsWith("scsi-hd"));
        expect(disks.at(-1)).toBe(
            "scsi-hd,drive=seed,bus=scsi0.0,channel=0,scsi-id=0,lun=2,serial=seed",
        );
    });

    test("paths survive QEMU's option syntax, whatever is in them", () => {
        const path = fc.string({ minLength: 1, maxLength: 40 }).map((text) => `/${text}`);
        fc.assert(
            fc.property(path, path, path, (disk, key, socket) => {
                const argv = qemuArgv({
                    ...spec,
                    systemDisk: { path: disk, serial: "system" },
                    credentials: [{ name: "k", path: key }],
                    qmpSocketPath: socket,
                });
                const qmp = values(argv, "-chardev").map(properties)[1];
                expect(properties(values(argv, "-blockdev")[0] ?? "").get("file.filename")).toBe(
                    disk,
                );
                expect(properties(values(argv, "-fw_cfg")[0] ?? "").get("file")).toBe(key);
                expect(qmp?.get("path")).toBe(socket);
            }),
        );
    });
});

describe("machineSpecProblems", () => {
    test("finds none in a good spec", () => {
        expect(machineSpecProblems(spec)).toEqual([]);
    });

    test("a card on a bridge is plugged into its tap device, behind those of other networks", () => {
        const cable = { mac: "52:54:00:00:00:01", localPath: "a", switchPath: "b" };
        const tapped = { mac: "52:54:00:00:00:02", tap: "kt0123456789" };
        const argv = qemuArgv({ ...spec, cableCards: [cable], tapCards: [tapped] });
        expect(argv.filter((word) => /^(dgram|tap|virtio-net)/.test(word))).toEqual([
            expect.stringContaining("netdev=net0"),
            expect.stringContaining("dgram,id=net1,"),
            "virtio-net-pci,netdev=net1,mac=52:54:00:00:00:01,romfile=",
            "tap,id=net2,ifname=kt0123456789,script=no,downscript=no",
            "virtio-net-pci,netdev=net2,mac=52:54:00:00:00:02,romfile=",
        ]);
        expect(() => qemuArgv({ ...spec, tapCards: [{ ...tapped, mac: spec.mac }] })).toThrow(
            /is that of two cards/,
        );
        expect(() => qemuArgv({ ...spec, tapCards: [{ ...tapped, tap: "a,br=b" }] })).toThrow(
            /tap device is "a,br=b"/,
        );
    });

    test("shares take memory that others can see, behind all other devices; the rest is as without them", () => {
        const shares = [
            { tag: "src", socketPath: "share-src.sock" },
            { tag: "out", socketPath: "a,b.sock" },
        ];
        const [without, argv] = [qemuArgv(spec), qemuArgv({ ...spec, shares })];
        expect(argv.filter((word) => !without.includes(word))).toEqual([
            "q35,vmport=off,smm=off,memory-backend=ram",
            ...["-object", "memory-backend-memfd,id=ram,size=1024M,share=on"],
            "socket,id=share0,path=share-src.sock",
            "vhost-user-fs-pci,chardev=share0,tag=src",
            "socket,id=share1,path=a,,b.sock",
            "vhost-user-fs-pci,chardev=share1,tag=out",
        ]);
        const devices = values(without, "-device");
        expect(values(argv, "-device").slice(0, devices.length)).toEqual(devices);
        expect(qemuArgv({ ...spec, shares: [] })).toEqual(without);
    });

    test("UEFI and shares are both said of the board", () => {
        const uefi = { codePath: "code", variablesPath: "variables" };
        const shares = [{ tag: "src", socketPath: "share-src.sock" }];
        const [board] = values(
            qemuArgv({ ...spec, directBoot: undefined, uefi, shares }),
            "-machine",
        );
        expect(board).toContain(",pflash1=firmware-variables,memory-backend=ram");
    });

    const forward = { address: "127.3.4.5", hostPort: 2222, guestPort: 22 };
    test.each<[string, Partial<MachineSpec>, RegExp]>([
        [
            "a tag with an option in it",
            { shares: [{ tag: "a,b=c", socketPath: "s" }] },
            /share tag is "a,b=c", expected 1 to 36/,
        ],
        [
            "a tag that virtiofs cuts off",
            { shares: [{ tag: "t".repeat(37), socketPath: "s" }] },
            /share tag is "t+"/,
        ],
        [
            "a share's socket path over the kernel's limit",
            { shares: [{ tag: "t", socketPath: "d".repeat(108) }] },
            /has 108 bytes/,
        ],
        ["no CPU", { cpus: 0 }, /cpus is 0, expected 1 to 255/],
        ["half a CPU", { cpus: 1.5 }, /cpus is 1.5/],
        ["too little memory", { memoryMib: 64 }, /memoryMib is 64, expected .* 128 MiB/],
        ["a multicast MAC", { mac: "53:54:00:00:00:01" }, /mac is 53:.*unicast/],
        ["an unpadded MAC", { mac: "52:54:f:1c:61:58" }, /mac is 52:54:f/],
        [
            "two cards with the same MAC",
            { cableCards: [{ mac: spec.mac, localPath: "a", switchPath: "b" }] },
            /mac 52:54:2d:09:a3:d6 is that of two cards/,
        ],
        [
            "a cable's path over the kernel's limit",
            {
                cableCards: [
                    { mac: "52:54:00:00:00:01", localPath: "d".repeat(108), switchPath: "b" },
                ],
            },
            /has 108 bytes/,
        ],
        ["a UUID in capitals", { uuid: spec.uuid.toUpperCase() }, /uuid is .*lower case/],
        [
            "a forward on all addresses",
            { forwards: [{ ...forward, address: "0.0.0.0" }] },
            /listens on 0\.0\.0\.0.*reachable from outside/,
        ],
        ["port 0", { forwards: [{ ...forward, hostPort: 0 }] }, /port of a forward is 0/],
        [
            "a credential name that fw_cfg cuts off",
            { credentials: [{ name: "x".repeat(29), path: "p" }] },
            /credential name .* at most 28/,
        ],
        [
            "a serial with an option in it",
            { systemDisk: { path: "p", serial: "a,share-rw=on" } },
            /disk serial is "a,share-rw=on"/,
        ],
        [
            "a socket path over the kernel's limit",
            { qmpSocketPath: `/${"d".repeat(107)}` },
            /has 108 bytes, expected at most 107; give a path relative/,
        ],
        [
            "a socket path over the limit in bytes alone",
            { serialSocketPath: "ü".repeat(54) },
            /has 108 bytes/,
        ],
    ])("finds %s", (_what, change, problem) => {
        const problems = machineSpecProblems({ ...spec, ...change });
        expect(problems).toEqual([expect.stringMatching(problem)]);
        expect(() => qemuArgv({ ...spec, ...change })).toThrow(problem);
    });

    test("takes the longest socket path that the kernel takes", () => {
        expect(machineSpecProblems({ ...spec, qmpSocketPath: "d".repeat(107) })).toEqual([]);
    });

    test("reports every problem at once", () => {
        expect(() => qemuArgv({ ...spec, cpus: 0, memoryMib: 1 })).toThrow(/cpus.*memoryMib/);
    });
});
