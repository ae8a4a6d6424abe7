/** BaseImage and VirtualMachine against mocks, as far as cloud-init goes: what depends on it, and what stays as it was without. */
import * as pulumi from "@pulumi/pulumi";
import { type BaseImageArgs, BaseImage } from "../../components/qemu/base-image";
import { Firmware } from "../../components/qemu/firmware";
import { IoScheduler } from "../../components/qemu/io-scheduler";
import { macFromName } from "../../components/qemu/mac-address";
import { VirtualMachine } from "../../components/qemu/virtual-machine";
import { type VirtualMachineArgs } from "../../components/qemu/virtual-machine-args";
import { known, MockedRun, RegisteredCommand } from "../support/mocked-run";

let run: MockedRun;
const looks: string[] = [];
/** Shell texts of checks. */
const checks: string[] = [];

beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    looks.length = 0;
    checks.length = 0;
    run = new MockedRun({ path: "/cached", publicKey: "ssh-ed25519 A" }, (asked) => {
        const tools = asked["KUBEDEV_TOOLS"];
        if (tools === undefined) {
            return "absent=7\n";
        }
        looks.push(tools);
        const texts = (asked["KUBEDEV_COMMANDS"] ?? "").split("\n").filter((text) => text !== "");
        checks.push(...texts.map((text) => Buffer.from(text, "base64").toString()));
        const found = tools.split("\n").map(() => "tool=9.0");
        const passed = texts.map(() => "command=0 ");
        return ["manager=apt-get", "root=true", ...found, "space=99999", ...passed].join("\n");
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const disk = { path: "/images/cloud.qcow2", sha256: "0".repeat(64) };

/** Declares a machine on an image; answers its commands by name. */
async function declared(
    image: BaseImageArgs,
    args: Partial<VirtualMachineArgs> = {},
): Promise<Record<string, RegisteredCommand["inputs"]>> {
    const base = new BaseImage("image", image);
    const machine = new VirtualMachine("vm", { baseImage: base.files, ...args });
    await known(machine.instanceId);
    await pulumi.runtime.disconnect();
    return Object.fromEntries(run.commands().map(({ name, inputs }) => [name, inputs]));
}
const seedPart = "xorrisofs -quiet";

test("without cloud-init nothing of it is in any command", async () => {
    const commands = await declared({ disk });
    const spec = (name: string) => (commands[name]?.triggers as Record<string, unknown>[])[0];
    expect(Object.keys(spec("vm-disk") ?? {}).sort()).toEqual([
        "baseImage",
        "format",
        "incarnation",
    ]);
    expect(Object.keys(spec("image-base-image") ?? {})).not.toContain("cloudInit");
    const machine = commands["vm-machine"]?.environment ?? {};
    expect(machine["KUBEDEV_PRE_START"]).not.toContain(seedPart);
    expect(machine["KUBEDEV_RUN"]).not.toContain("seed.iso");
    expect(commands["vm-ready"]?.environment["KUBEDEV_SCRIPT_CREATE"]).not.toContain("cloud-init");
    expect(looks.join()).not.toContain("xorrisofs");
});

test("with it the disk depends on what is provisioned once; seed and readiness follow", async () => {
    const userData = "#cloud-config\npackages: [git]\n";
    const commands = await declared({ disk, cloudInit: true }, { userData, hostname: "node-1" });
    expect(commands["vm-disk"]?.triggers).toEqual([
        {
            baseImage: expect.any(String) as string,
            format: "qcow2",
            userData,
            hostname: "node-1",
            mac: macFromName("vm"),
            incarnation: 7,
        },
        { parents: ["image-base-image-id"] },
    ]);
    const machine = commands["vm-machine"]?.environment ?? {};
    expect(machine["KUBEDEV_PRE_START"]).toContain(seedPart);
    expect(machine["KUBEDEV_PRE_START"]).toContain('"local-hostname":"node-1"');
    expect(machine["KUBEDEV_RUN"]).toContain("file.filename=seed.iso");
    const ready = commands["vm-ready"]?.environment["KUBEDEV_SCRIPT_CREATE"] ?? "";
    expect(ready.indexOf("/run/cloud-init/result.json")).toBeGreaterThan(0);
    expect(ready.indexOf("os-release")).toBeGreaterThan(ready.indexOf("result.json"));
    expect(looks).toContain("xorrisofs");
});

test("an image that is built with it has the package and its settings", async () => {
    const commands = await declared({ packages: ["git"], cloudInit: true });
    const image = commands["image-base-image"];
    expect(image?.triggers).toMatchObject([
        { packages: ["cloud-init", "git"], cloudInit: true },
        {},
    ]);
    expect(image?.environment["IMAGE_PACKAGES"]).toMatch(/,cloud-init,git$/);
    expect(image?.environment["IMAGE_GUEST_SETUP"]).toContain("datasource_list: [NoCloud, None]");
});

test("firmware, topology and scheduler are in a machine that has them, and in no other", async () => {
    const commands = await declared(
        { disk },
        {
            ...{ firmware: Firmware.Uefi, cpuTopology: { cores: 2, threads: 2 } },
            ioScheduler: IoScheduler.None,
        },
    );
    const machine = commands["vm-machine"];
    expect((machine?.triggers as object[])[0]).toMatchObject({
        ...{ firmware: "uefi", cpus: 4, cpuTopology: { sockets: 1, cores: 2, threads: 2 } },
        ioScheduler: "none",
    });
    expect(machine?.environment["KUBEDEV_RUN"]).toContain("pflash1=firmware-variables");
    const before = machine?.environment["KUBEDEV_PRE_START"] ?? "";
    expect(before).toContain("w /sys/block/sd*/queue/scheduler - - - - none");
    expect(before).toContain("firmware_template=");
    // The disk is the same with any firmware.
    expect(Object.keys((commands["vm-disk"]?.triggers as object[])[0] ?? {}).sort()).toEqual([
        "baseImage",
        "format",
        "incarnation",
    ]);
    expect(checks.join()).toContain("OVMF_CODE");
});

test("a warm start is in no trigger: switched on or off it counts at the next new disk", async () => {
    const { "vm-machine": machine, "vm-disk": made } = await declared({}, { warmStart: true });
    expect(machine?.environment["KUBEDEV_RUN"]).toMatch(/^if \[ -d warm \]; then\n/);
    expect(machine?.environment["KUBEDEV_PRE_START"]).toContain("export WARM_KEY=");
    expect(machine?.environment["KUBEDEV_HEALTH"]).toContain("warm/done");
    expect(JSON.stringify([machine?.triggers, made?.triggers])).not.toContain("warm");
});

test("without them not a word of it", async () => {
    const { "vm-machine": machine } = await declared({ disk });
    expect(Object.keys((machine?.triggers as object[])[0] ?? {}).sort()).toEqual([
        ...["address", "cpus", "diskGib", "hostname", "incarnation", "kernelParameters"],
        ...["mac", "memoryMib", "ports", "running", "sshPort"],
    ]);
    const texts = Object.values(machine?.environment ?? {}).join();
    for (const word of [
        "MACHINE_FIND_FIRMWARE",
        "pflash",
        "bootindex",
        "sockets=",
        "scheduler",
        "warm",
    ]) {
        expect(texts).not.toContain(word);
    }
    expect(checks.join()).not.toContain("OVMF_CODE");
});

test("user data that is secret makes nothing else a secret", async () => {
    const base = new BaseImage("image", { disk, cloudInit: true });
    const machine = new VirtualMachine("vm", {
        baseImage: base.files,
        userData: pulumi.secret("#!/bin/sh\necho hidden\n"),
    });
    expect(await pulumi.isSecret(machine.address)).toBe(false);
    expect(await pulumi.isSecret(machine.host)).toBe(false);
    expect(await pulumi.isSecret(machine.sshCommand)).toBe(false);
});
