/**
 * A cloud image as distributions publish them: its own boot loader for UEFI alone, its own kernel, cloud-init, and
 * NetworkManager in place of systemd-networkd. Nothing in it knows kubedev.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { foreignImage } from "../support/foreign-image";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { inGuest, machineProgram, machineStack, recordPath } from "../support/local-kvm";

/** The second network is on a bridge, where this machine can have one: in a namespace that the CLI runs in. */
const bridged = networkNamespaceMissing === undefined;
const networks = `const network = (name: string, kind: typeof kubedev.MachineNetwork | typeof kubedev.HostNetwork, cidr: string) =>
    new kind(name, { cidr, machines: [{ name: "node", address: cidr.replace("0/24", "7") }] });
const lan = network("lan", kubedev.MachineNetwork, "198.18.64.0/24");
const san = network("san", kubedev.${bridged ? "HostNetwork" : "MachineNetwork"}, "198.18.65.0/24");
`;
const userData = `#cloud-config
write_files:
    - { path: /etc/given, content: "file\\n" }
runcmd:
    - [sh, -c, "echo command >>/etc/given"]
`;
const restart = { "node-machine": "replace", "node-ready": "replace" };
const longRun = { timeoutMs: 900_000 };

let image: string;
let host: NetworkNamespace | undefined;
let stack: ScratchStack;

const program = (args: Record<string, string> = {}) =>
    machineProgram(
        {
            ...{ firmware: "kubedev.Firmware.Uefi", diskGib: "4" },
            ...{ cpuTopology: "{ sockets: 2 }", networks: "[lan.network, san.network]" },
            ...{ ioScheduler: "kubedev.IoScheduler.MqDeadline" },
            ...{ userData: JSON.stringify(userData), readyTimeoutSec: "400" },
            ...args,
        },
        { image: JSON.stringify({ disk: { path: image }, cloudInit: true }), before: networks },
    );

beforeAll(async () => {
    image = foreignImage();
    stack = await machineStack(program());
    if (bridged) {
        host = await NetworkNamespace.alone();
        host.runsCliOf(stack.env, stack.dir);
    }
    await stack.up(longRun);
}, 1_500_000);
afterAll(async () => {
    await stack.dispose();
    await host?.stop();
}, 120_000);

/** What a preview of the machine with other arguments would do to commands, and what of the machine has changed. */
async function previewed(args: Record<string, string> = {}) {
    stack.program(program(args));
    const preview = await stack.preview();
    const commands = preview.changed.filter((step) => step.type.startsWith("command:"));
    const ops = preview.ops();
    return {
        ops: Object.fromEntries(commands.map(({ name }) => [name, ops[name]])),
        machine: commands.find(({ name }) => name === "node-machine")?.detailedDiff,
    };
}

/** What commands print in the guest, by name, in one login, which takes seconds there. */
async function answers<Name extends string>(
    commands: Record<Name, string>,
): Promise<Record<Name, string>> {
    const names = Object.keys(commands) as Name[];
    const mark = "=====";
    const text = names.map((name) => `{ ${commands[name]}; } 2>&1; echo ${mark}`).join("\n");
    const login = [...(host?.within ?? []), String((await stack.outputs())["ssh"])];
    const said = (await inGuest(stack, text, login.join(" "))).split(mark);
    return Object.fromEntries(names.map((name, at) => [name, said[at]?.trim() ?? ""])) as Record<
        Name,
        string
    >;
}

/** A variable of the firmware, of no meaning to it. */
const variable = "/sys/firmware/efi/efivars/KubedevTest-6f1f5d2c-8d3e-4f6a-9c1b-0d2e4f6a8b0c";
const addresses = "ip -o -4 address | awk '{ print $4 }' | sort | paste -s -d ' '";
const variables = () =>
    path.join(path.dirname(recordPath(stack, "node-disk")), "firmware-variables");

test("it boots by UEFI, and is what it was declared to be", async () => {
    const said = await answers({
        efi: "cat /sys/firmware/efi/fw_platform_size",
        loader: `printf '\\7\\0\\0\\0kept' >${variable}; sync; ls /sys/firmware/efi/efivars | grep -c LoaderInfo`,
        hostname: "hostname",
        instance: "cat /run/cloud-init/.instance-id",
        given: "cat /etc/given",
        hostKey: "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub; ls /etc/ssh/ssh_host_*_key",
        addresses,
        manager: "systemctl is-active NetworkManager systemd-networkd | paste -s -d ' '",
        hosts: "grep -c '198.18.64.7 node node.lan' /etc/hosts",
        rootMib: "df -BM --output=size / | tail -n 1 | tr -dc 0-9",
        discard: "findmnt -no OPTIONS / | grep -o discard; lsblk -b -dno DISC-MAX /dev/sda",
        scheduler: "cat /sys/block/sda/queue/scheduler",
        cpus: "lscpu | sed -n 's/^\\(Thread\\|Core\\|Socket\\).*: *//p' | paste -s -d ' '",
        failed: "systemctl list-units --failed --no-legend",
    });
    expect(said).toEqual({
        efi: "64",
        loader: "1",
        hostname: "node",
        instance: expect.stringMatching(/^kubedev-[0-9a-f]{16}$/) as string,
        given: "file\ncommand",
        hostKey: `${publicHostKey()}\n/etc/ssh/ssh_host_ed25519_key`,
        addresses: "10.0.2.15/24 127.0.0.1/8 198.18.64.7/24 198.18.65.7/24",
        manager: "active inactive",
        hosts: "1",
        rootMib: expect.stringMatching(/^3[89]\d\d$/) as string,
        discard: expect.stringMatching(/^discard\n[1-9]\d*$/) as string,
        scheduler: expect.stringContaining("[mq-deadline]") as string,
        cpus: "1 1 2",
        failed: "",
    });
}, 120_000);

function publicHostKey(): string {
    const key = path.join(path.dirname(recordPath(stack, "node-host-key-pair")), "id_ed25519.pub");
    return fs.readFileSync(key, "utf8").split(" ").slice(0, 2).join(" ");
}

test("what changes do: nothing to do, a restart, another instance on a new disk", async () => {
    expect(await previewed()).toEqual({ ops: {} });
    const other = {
        ...{ firmware: "kubedev.Firmware.Bios", cpuTopology: "{ cores: 2 }" },
        ioScheduler: "kubedev.IoScheduler.None",
    };
    expect(await previewed(other)).toEqual({
        ops: restart,
        machine: expect.objectContaining({
            "triggers[0].firmware": "delete-replace",
            "triggers[0].cpuTopology.sockets": "update-replace",
            "triggers[0].ioScheduler": "update-replace",
        }) as object,
    });
    expect(await previewed({ userData: '"#!/bin/sh\\n"' })).toMatchObject({
        ops: { ...restart, "node-disk": "replace" },
    });
}, 180_000);

test("restarted without its first network: disk and firmware variables are kept, the card on the bridge has its lease", async () => {
    stack.program(program({ networks: "[san.network]" }));
    await stack.up(longRun);
    const said = await answers({
        variable: `tail -c 4 ${variable}`,
        given: "cat /etc/given",
        addresses,
        wayOut: "ip route show default | head -n 1",
        nameServer: "sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1",
    });
    const router = bridged ? "198.18.65.1" : "10.0.2.2";
    expect(said).toEqual({
        variable: "kept",
        wayOut: expect.stringMatching(`^default via ${router} `) as string,
        nameServer: bridged ? router : "10.0.2.3",
        // Provisioned once.
        given: "file\ncommand",
        addresses: "10.0.2.15/24 127.0.0.1/8 198.18.65.7/24",
    });
}, 900_000);

test("destroyed: no file of it is left, and the image is what it was", async () => {
    expect(fs.statSync(variables()).mode & 0o777).toBe(0o600);
    await stack.destroy();
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev"))).toBe(false);
    execFileSync("qemu-img", ["check", "-q", image]);
}, 120_000);
