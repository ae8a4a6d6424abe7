/**
 * What a Linux agent of Azure is made by, proven in a guest: the very user data that its customData is rendered to, read by
 * cloud-init; and the scripts of its run commands, run as Azure's handler runs them. What stands in for Azure: a VirtualMachine
 * hands the user data over, a further part of it makes the administrator, a udev rule names disks by their LUN as
 * azure-vm-utils does. It is as well the test of userData on an image with cloud-init.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { agentPackages, linuxUserData } from "../../components/azure/linux-user-data";
import { shellExports, shellLine } from "../../components/internal/quote";
import { script } from "../../components/internal/scripts";
import { ScratchStack } from "../support/engine";
import { machineProgram, machineStack, recordPath } from "../support/local-kvm";
import { PackageServer } from "../support/package-server";
import { qmp } from "../support/qmp";

jest.setTimeout(600_000);

// In the image, so that nothing but one small package is installed under an emulated CPU. Docker needs iptables, which
// apt installs beside it by itself.
const image = JSON.stringify({
    cloudInit: true,
    packages: ["iptables", ...agentPackages],
    rootSizeMib: 3072,
});
const proof = "kubedev-agent-proof";
const odd = ["yes", "0644", "1:30", "two  words", 'it\'s "so"', "$HOME", "é\u0085\u2028."];

let server: PackageServer;
let stack: ScratchStack;
let outputs: Record<string, unknown>;
let dataDisk: string;
/** Pins the host key that the agent has at that time. */
let knownHosts: string | undefined;

const agentData = (aptSource: string) =>
    linuxUserData({
        user: "dev",
        packages: [proof],
        files: [
            { path: "/etc/apt/sources.list", content: `${aptSource}\n` },
            // The sources of the image are not to be had on every machine.
            {
                path: "/etc/apt/apt.conf.d/99proof",
                content: 'Dir::Etc::SourceParts "/dev/null";\n',
            },
            { path: "/usr/local/bin/odd", content: odd.join("\n"), permissions: "0755" },
            // azure-vm-utils, udev/80-azure-disk.rules: the LUN is the last number of the SCSI address. Target 0 is the system's.
            {
                path: "/etc/udev/rules.d/80-azure-disk.rules",
                content: `SUBSYSTEM=="block", ENV{DEVTYPE}=="disk", KERNELS=="0:0:1:*", PROGRAM="/bin/sh -c 'readlink /sys/class/block/%k/device | cut -d: -f4'", SYMLINK+="disk/azure/data/by-lun/%c"\n`,
            },
        ],
        commands: [["sh", "-c", 'printf "%s\\n" "$@" >>/root/argv', "sh", ...odd]],
    });

/** The agent's user data, and what Azure's data source makes of the administrator; root's login is nothing to lose by it. */
const userData = (marker: string) => {
    const parts = [
        agentData(server.servePackage(proof, stack.dir)),
        `#cloud-config\n${stringify({
            users: [{ name: "dev", lock_passwd: true, shell: "/bin/bash" }],
            disable_root: true,
            ssh_deletekeys: true,
        })}`,
        `#!/bin/sh\necho "${marker}" >/root/marker\n`,
    ];
    const types = ["cloud-config", "cloud-config", "x-shellscript"];
    return [
        'Content-Type: multipart/mixed; boundary="users"\nMIME-Version: 1.0\n\n',
        ...parts.map((text, at) =>
            [
                `--users\nContent-Type: text/${String(types[at])}; charset="utf-8"`,
                "Content-Transfer-Encoding: base64\n",
                `${Buffer.from(text).toString("base64")}\n`,
            ].join("\n"),
        ),
        "--users--\n",
    ].join("");
};
const program = (given: string) =>
    machineProgram(
        {
            memoryMib: "1536",
            userData: given,
            readyTimeoutSec: "400",
            // Switched off soon, as by a host that fails: what was synced is on the disk.
            stopTimeoutSec: "5",
        },
        { name: "agent", image, more: "export const qmp = vm.qmpSocketPath;" },
    );

beforeAll(async () => {
    server = await PackageServer.start();
    stack = await machineStack("");
    stack.program(program(JSON.stringify(userData("first"))));
    dataDisk = path.join(stack.dir, "data.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", dataDisk, "1G"]);
    await stack.up({ timeoutMs: 1_200_000 });
    outputs = await stack.outputs();
}, 1_200_000);
afterAll(async () => {
    await giveUpConnection();
    await stack.dispose();
    await server.stop();
}, 120_000);

interface Said {
    code: number | null;
    stdout: string;
    stderr: string;
}

/** A login costs seconds under an emulated CPU: commands share a connection, until it is given up. */
let connection = 0;
async function giveUpConnection(): Promise<void> {
    await ssh("true", { more: ["-O", "exit"] });
    connection++;
}
const apart = ["-o", "ControlPath=none"];

/** Never blocks this process, which answers the guest's cloud-init. */
async function ssh(command: string, { stdin = "", more = [] as string[] } = {}): Promise<Said> {
    const shared = path.join(stack.dir, `ssh-${String(connection)}`);
    const options = [
        ...["-o", "ConnectTimeout=10"],
        ...(knownHosts === undefined ? [] : ["-o", `UserKnownHostsFile=${knownHosts}`]),
        ...[...more, "-o", `ControlPath=${shared}`],
        ...["-o", "ControlMaster=auto", "-o", "ControlPersist=60"],
    ];
    // Options behind the host's name count as well; of several the first one.
    const login = `exec ${String(outputs["ssh"])} ${shellLine(options)} "$0"`;
    const child = spawn("sh", ["-c", login, command], { timeout: 180_000 });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...out };
}

async function inAgent(command: string): Promise<string> {
    const said = await ssh(command);
    if (said.code !== 0) {
        throw new Error(`"${command}" ended with ${String(said.code)}: ${said.stderr}`);
    }
    return said.stdout.trim();
}

/** Runs scripts/azure/<name>.sh as Azure's handler does (internal/exec/exec.go): root, bash -c FILE, values in the environment. */
async function runCommand(name: string, values: Record<string, string>): Promise<unknown> {
    const text = [
        "set -e",
        "umask 077",
        `${shellLine(["printf", "%s", script(`azure/${name}.sh`)])} >/run/script.sh`,
        "chmod 700 /run/script.sh",
        shellExports(values),
        "exec env --unset=HOME /bin/bash -c /run/script.sh </dev/null",
    ].join("\n");
    const said = await ssh("sh -s", { stdin: text });
    if (said.code !== 0) {
        throw new Error(`${name} ended with ${String(said.code)}: ${said.stderr}`);
    }
    expect(said.stdout.split("\n")).toHaveLength(2);
    return JSON.parse(said.stdout) as unknown;
}

/** As Azure attaches a data disk to a machine that runs. */
async function attach(lun: number): Promise<void> {
    const name = `data${String(lun)}`;
    const file = { driver: "file", filename: dataDisk };
    const device = { driver: "scsi-hd", id: name, drive: name, bus: "scsi0.0", channel: 0 };
    await qmp(
        String(outputs["qmp"]),
        {
            execute: "blockdev-add",
            arguments: { "node-name": name, driver: "qcow2", file },
        },
        { execute: "device_add", arguments: { ...device, "scsi-id": 1, lun } },
    );
}

const disks = (gib = 1) =>
    runCommand("linux-disks", {
        KUBEDEV_DISKS: "3 /data ext4 /srv/tree\n",
        KUBEDEV_SIZES: `3 ${String(gib)}\n`,
    });
let uuid: string;

test("cloud-init delivers what the user data says", async () => {
    // No waiting: the machine is ready when cloud-init is through.
    const result = await inAgent("cat /run/cloud-init/result.json");
    expect(JSON.parse(result)).toMatchObject({
        v1: { datasource: expect.stringContaining("NoCloud") as string, errors: [] },
    });
    expect(await inAgent("hostname")).toBe("agent");
    expect(await inAgent(`cat /usr/share/${proof}/file`)).toBe("installed");
    expect(
        await inAgent(
            `dpkg-query -W -f '\${db:Status-Abbrev}\\n' ${agentPackages.join(" ")} | sort -u`,
        ),
    ).toBe("ii");
    expect(await inAgent("cat /usr/local/bin/odd; stat -c ' %a %U' /usr/local/bin/odd")).toBe(
        `${odd.join("\n")} 755 root`,
    );
    expect(await inAgent("cat /root/argv")).toBe(odd.join("\n"));
    // The administrator has the container engine, without being root.
    expect(await inAgent("systemctl is-enabled docker; systemctl is-active docker")).toBe(
        "enabled\nactive",
    );
    expect(await inAgent("runuser -u dev -- docker version --format '{{.Server.Os}}'")).toBe(
        "linux",
    );
    expect(await inAgent("cat /etc/ssh/sshd_config.d/50-cloud-init.conf")).toBe(
        "PasswordAuthentication no",
    );
    expect(await inAgent("cat /root/marker")).toBe("first");
    // What can be read there holds no secret, and the seed is root's.
    expect(await inAgent("grep -rl 'PRIVATE KEY' /var/lib/cloud || :")).toBe("");
    expect(await inAgent("stat -L -c '%a %U %G' /dev/disk/by-label/cidata")).toBe("660 root disk");
    const iso = path.join(path.dirname(recordPath(stack, "agent-machine")), "seed.iso");
    expect(fs.statSync(iso).mode & 0o777).toBe(0o600);
    expect(fs.existsSync(path.join(path.dirname(iso), "seed"))).toBe(false);
    expect(await inAgent("systemctl list-units --failed --no-legend")).toBe("");
});

test("linux-access: sshd proves itself with the given key alone, takes no passwords, and lets the administrator in", async () => {
    const keys = ["host", "client"].map((name) => {
        const file = path.join(stack.dir, `new-${name}`);
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
        return { file, publicKey: fs.readFileSync(`${file}.pub`, "utf8").trim() };
    });
    const [host, client] = keys as [(typeof keys)[0], (typeof keys)[0]];
    const hostKey = host.publicKey.split(" ").slice(0, 2).join(" ");
    // As in images that take passwords.
    await inAgent(
        "echo PasswordAuthentication yes >/etc/ssh/sshd_config.d/05-image.conf && systemctl reload ssh",
    );
    const scan = async () => {
        const { stdout } = await ssh("ssh-keyscan 127.0.0.1");
        return stdout
            .trim()
            .split("\n")
            .map((line) => line.split(" ").slice(1).join(" "));
    };
    const asDev = [...apart, "-o", "User=dev", "-o", "BatchMode=yes"];
    const nobody = { more: [...asDev, "-o", "PreferredAuthentications=none"] };
    await until(async () => (await ssh("true", nobody)).stderr.includes("password"));
    const before = await scan();
    expect(before).not.toContain(hostKey);

    const values = {
        KUBEDEV_USER: "dev",
        KUBEDEV_AUTHORIZED_KEYS: `${client.publicKey}\n`,
        KUBEDEV_HOST_KEY: fs.readFileSync(host.file).toString("base64"),
    };
    expect(await runCommand("linux-access", values)).toEqual({
        changed: ["hostKey", "sshd", "authorizedKeys"],
        hostKey,
    });
    // The key that it had before is not its own any more.
    await until(async () =>
        (await ssh("true", { more: apart })).stderr.includes("Host key verification failed"),
    );
    await giveUpConnection();
    knownHosts = path.join(stack.dir, "new-known-hosts");
    fs.writeFileSync(knownHosts, `[${String(outputs["address"])}]:2222 ${hostKey}\n`);
    expect(await scan()).toEqual([hostKey]);
    expect((await ssh("true", nobody)).stderr).toContain("Permission denied (publickey).");
    const dev = { more: [...asDev, "-o", `IdentityFile=${client.file}`] };
    expect((await ssh("id -un; docker ps -q", dev)).stdout).toBe("dev\n");

    expect(await runCommand("linux-access", values)).toEqual({ changed: [], hostKey });
});

test("linux-disks: a disk that is attached is formatted once, mounted and bound", async () => {
    await attach(3);
    const made = (await disks()) as { disks: { uuid: string }[] };
    uuid = made.disks[0]?.uuid ?? "";
    expect(made).toMatchObject({
        disks: [{ lun: 3, formatted: true, mounted: true, bound: true }],
        unmounted: [],
    });
    await inAgent("echo kept >/srv/tree/file && sync");
    expect(await disks()).toMatchObject({
        disks: [{ uuid, formatted: false, mounted: false, bound: false }],
    });
    expect(await inAgent("findmnt -no FSTYPE,OPTIONS /data")).toMatch(/^ext4 /);
});

test("linux-disks: a disk that is made larger is grown where it is mounted, and keeps its files", async () => {
    await inAgent("head -c 64M /dev/urandom >/data/noise && sha256sum /data/noise >/data/sum");
    await qmp(String(outputs["qmp"]), {
        execute: "block_resize",
        arguments: { "node-name": "data3", size: 2 * 2 ** 30 },
    });
    const facts = { uuid, formatted: false, mounted: false, bound: false };
    expect(await disks(2)).toMatchObject({ disks: [{ ...facts, grown: true }], unmounted: [] });
    expect(Number(await inAgent("df --output=size -m /srv/tree | tail -n 1"))).toBeGreaterThan(
        1900,
    );
    expect(await inAgent("sha256sum --check --status /data/sum && cat /srv/tree/file")).toBe(
        "kept",
    );
    expect(await disks(2)).toMatchObject({ disks: [{ ...facts, grown: false }] });
});

test("linux-clean-temp: old files go", async () => {
    await inAgent("echo >/tmp/old; sleep 1.1");
    expect(await runCommand("linux-clean-temp", { KUBEDEV_TEMP_AGE_SEC: "0" })).toMatchObject({
        removed: expect.any(Number) as number,
        kept: 0,
    });
    expect(await inAgent("ls /tmp/old 2>/dev/null || echo gone")).toBe("gone");
});

test("after a reboot the disk is mounted with its files, and nothing is delivered twice", async () => {
    const before = await inAgent("cat /proc/sys/kernel/random/boot_id");
    await ssh("systemctl reboot");
    await giveUpConnection();
    await until(async () => {
        const { code, stdout } = await ssh("cat /proc/sys/kernel/random/boot_id");
        return code === 0 && stdout.trim() !== before;
    }, 400_000);
    expect(await inAgent("cat /data/file /srv/tree/file")).toBe("kept\nkept");
    expect(await inAgent("findmnt -no UUID /data")).toBe(uuid);
    expect(await disks()).toMatchObject({
        disks: [{ uuid, formatted: false, mounted: false, bound: false }],
    });
    expect(await inAgent("systemctl list-units --failed --no-legend")).toBe("");
    // To cloud-init it is the machine that it was.
    const [previous, present] = (
        await inAgent("cd /var/lib/cloud/data; cat previous-instance-id instance-id")
    ).split("\n");
    expect(previous).toBe(present);
});

test("other user data: provisioned anew on a new disk, with the same keys; a data disk keeps its files", async () => {
    const hostKey = await inAgent("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key");
    const before = await inAgent("cat /var/lib/cloud/data/instance-id");
    await giveUpConnection();
    knownHosts = undefined;
    stack.program(program(JSON.stringify(userData("second"))));
    const preview = await stack.preview({ timeoutMs: 300_000 });
    expect(preview.ops()).toEqual({
        agent: "update",
        "agent-disk": "replace",
        "agent-machine": "replace",
        "agent-ready": "replace",
    });
    expect(preview.step("agent-disk").detailedDiff).toMatchObject({
        "triggers[0].userData": "update-replace",
    });
    await stack.up({ timeoutMs: 600_000 });
    outputs = await stack.outputs();
    expect(await inAgent("ls -A /data 2>/dev/null; cat /root/marker; hostname")).toBe(
        "second\nagent",
    );
    expect(await inAgent("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key")).toBe(hostKey);
    expect(await inAgent("cat /var/lib/cloud/data/instance-id")).not.toBe(before);
    await attach(3);
    expect(await disks()).toMatchObject({
        disks: [{ uuid, formatted: false, mounted: true, bound: true }],
    });
    expect(await inAgent("cat /data/file /srv/tree/file")).toBe("kept\nkept");
});

async function until(condition: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!(await condition())) {
        if (Date.now() > end) {
            throw new Error(`waited ${String(timeoutMs)} ms in vain`);
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
}
