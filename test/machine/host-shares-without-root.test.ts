/** A machine of a user who is not root, with shares: QEMU and virtiofsd as that user, started as machines are, without Pulumi. */
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { sharesPreparation, shareTag } from "../../components/qemu/host-share";
import { guestFilesCredential } from "../../components/qemu/credentials";
import { Firmware } from "../../components/qemu/firmware";
import { MachineValues, runText } from "../../components/qemu/machine-service";
import { library, ScratchStack } from "../support/engine";
import { until, withArguments } from "../support/host-state";
import { describeUnless, namespaceMissing } from "../support/mount-namespace";
import { machineStack } from "../support/local-kvm";
import { scratchDirectory } from "../support/script-process";

/** The user nobody, with a range of ids as adduser gives to people. */
const [user, range] = [65534, 200000];

const share = (sourcePath: string, mountPath: string, readOnly: boolean) => ({
    ...{ sourcePath, mountPath, readOnly, tag: shareTag(mountPath) },
});

describeUnless(namespaceMissing, "a machine of a user", () => {
    let dir: string;
    let stack: ScratchStack;
    let machine: ChildProcess | undefined;
    const at = (name: string) => path.join(dir, name);
    const address = `127.99.${String((process.pid >> 8) & 255)}.${String(process.pid & 255)}`;

    beforeAll(async () => {
        dir = scratchDirectory();
        for (const name of ["tree", "out"]) {
            fs.mkdirSync(at(name));
        }
        fs.writeFileSync(at("tree/main.go"), "package main\n");
        stack = await machineStack(
            `import * as kubedev from "${library}";\nexport const files = new kubedev.BaseImage("debian", {}).files;\n`,
        );
        await stack.up({ timeoutMs: 900_000 });
        const { directory } = (await stack.outputs())["files"] as { directory: string };
        for (const name of ["disk", "kernel", "initrd"]) {
            fs.copyFileSync(path.join(directory, name), at(name));
        }
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at("key")]);
        const key = (file: string, mode: string, name: string) => ({
            ...{ path: `/etc/ssh/${file}`, mode, content: fs.readFileSync(at(name)) },
        });
        const files = [
            key("authorized_keys.d/root", "0644", "key.pub"),
            key("ssh_host_ed25519_key", "0600", "key"),
        ];
        fs.writeFileSync(at("credential-tmpfiles"), guestFilesCredential(files));
        fs.writeFileSync(at("accelerator"), "tcg\n");
        const shares = [share(at("tree"), "/src/tree", true), share(at("out"), "/src/out", false)];
        const values: MachineValues = {
            ...{ name: "node", uuid: "6f1f5d2c-8d3e-8f6a-9c1b-0d2e4f6a8b0c", hostname: "node" },
            ...{ memoryMib: 1024, cpus: 2, cpuTopology: undefined, firmware: Firmware.Bios },
            ...{ diskGib: 3, disks: [], cards: [], shares, ports: [], kernelParameters: [] },
            ...{ mac: "52:54:00:00:00:01", address, sshPort: 2222, key: "node-machine" },
            ...{
                indexPorts: undefined,
                ioScheduler: undefined,
                warmStart: false,
                running: true,
                readyTimeoutSec: 180,
            },
        };
        const boot = { directBoot: true, cloudInit: false };
        const fail = 'set -eu; fail() { echo "machine: $*" >&2; exit 1; }\n';
        fs.writeFileSync(at("prepare"), fail + sharesPreparation(shares));
        fs.writeFileSync(at("run"), runText(values, boot));
        fs.writeFileSync(at("ids"), `nobody:${String(range)}:65536\n`);
        execFileSync("chown", ["--recursive", `${String(user)}:${String(user)}`, dir]);
        // In groups, as people are.
        const started =
            'mount --bind ids /etc/subuid && mount --bind ids /etc/subgid && exec setpriv --reuid "$0" --regid "$0" --groups 4,100 sh -c "exec >log 2>&1; sh ./prepare && exec sh ./run"';
        machine = spawn("unshare", ["--mount", "sh", "-c", started, String(user)], {
            ...{ cwd: dir, stdio: "ignore" },
        });
        await until(
            () => machine?.exitCode !== null || inGuest("true").status === 0,
            "a login",
            180_000,
        );
        if (machine.exitCode !== null) {
            throw new Error(`QEMU has ended: ${fs.readFileSync(at("log"), "utf8")}`);
        }
    }, 900_000);

    afterAll(async () => {
        machine?.kill("SIGKILL");
        await until(() => withArguments(dir).length === 0, "the end of all processes");
        fs.rmSync(dir, { recursive: true, force: true });
        await stack.dispose();
    }, 120_000);

    function inGuest(command: string) {
        const trust = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
        const login = ["-F", "none", "-i", at("key"), ...trust, "-p", "2222", `root@${address}`];
        return spawnSync(
            "ssh",
            ["-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", ...login, command],
            {
                ...{ encoding: "utf8", timeout: 60_000 },
            },
        );
    }

    test("its files are those of the guest's root, and other users of the guest are ids of its range", () => {
        const [tree, out] = [shareTag("/src/tree"), shareTag("/src/out")];
        const ran = inGuest(
            [
                "mkdir -p /src/tree /src/out",
                `mount -t virtiofs ${tree} /src/tree && mount -t virtiofs ${out} /src/out`,
                "stat -c '%u %g' /src/tree/main.go",
                "touch /src/tree/a 2>&1",
                "touch /src/out/a && chmod 1777 /src/out",
                "setpriv --reuid 1000 --regid 1000 --clear-groups touch /src/out/b",
                "stat -c '%u %g' /src/out/b",
            ].join("; "),
        );
        expect(ran.stdout.trim().split("\n")).toEqual([
            "0 0",
            expect.stringContaining("Read-only file system"),
            "1000 1000",
        ]);
        expect(fs.readdirSync(at("tree"))).toEqual(["main.go"]);
        const owner = (name: string) => fs.statSync(at(name)).uid;
        // 0 is the user, and the range begins at 1.
        expect([owner("out/a"), owner("out/b")]).toEqual([user, range + 999]);
    }, 120_000);

    test("QEMU and virtiofsd run as the user, and nothing outlives QEMU", async () => {
        // QEMU itself, and for each share one that watches and two of the daemon.
        const processes = [machine?.pid, ...withArguments(dir)];
        expect(processes.length).toBeGreaterThanOrEqual(5);
        for (const pid of processes) {
            expect(fs.statSync(`/proc/${String(pid)}`).uid).toBe(user);
        }
        machine?.kill("SIGKILL");
        await until(() => withArguments(dir).length === 0, "the end of all processes", 10_000);
    }, 60_000);
});
