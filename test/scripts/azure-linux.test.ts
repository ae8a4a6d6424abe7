/**
 * scripts/azure/linux-*.sh as root on a copy of /etc, with a real sshd and real disks (loop devices). What they do in a
 * guest, over a reboot, is in test/machine/azure-linux-agent.test.ts.
 */
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { MountNamespace, namespaceMissing } from "../support/mount-namespace";
import { json, type Ran, runScript, scratchDirectory, shells } from "../support/script-process";
import { freePort, sshdMissing, sshdPath } from "../support/sshd";

const sh = (command: string, ...words: string[]) =>
    execFileSync("sh", ["-ec", command, ...words], { encoding: "utf8" }).trim();

/** All tests of a group, or none of them, with the reason. */
function describeUnless(reason: string | undefined, title: string, tests: () => void): void {
    if (reason === undefined) {
        describe(title, tests);
    } else {
        describe.skip(`${title}: ${reason}`, tests);
    }
}

let space: MountNamespace;

function keyPair(name: string, type = "ed25519"): { privateKey: string; publicKey: string } {
    const file = space.at(name);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", file]);
    return {
        privateKey: fs.readFileSync(file, "utf8"),
        publicKey: fs.readFileSync(`${file}.pub`, "utf8").trim(),
    };
}

describeUnless(namespaceMissing ?? sshdMissing, "linux-access", () => {
    describe.each(shells)("%s", (shell) => {
        let port: number;
        let sshd: ChildProcess;
        let host: ReturnType<typeof keyPair>;
        let client: ReturnType<typeof keyPair>;

        const debian = () =>
            [
                "# a comment first",
                "Include /etc/ssh/sshd_config.d/*.conf",
                `Port ${String(port)}`,
                "ListenAddress 127.0.0.1",
                "PidFile /run/sshd.pid",
                "UsePAM no",
                "",
            ].join("\n");

        beforeEach(async () => {
            space = await MountNamespace.start();
            port = await freePort();
            host = keyPair("host");
            client = keyPair("client");
            space.output(
                ...["sh", "-ec"],
                `useradd -m -s /bin/sh agent
                echo agent:secret-of-agent | chpasswd
                rm -rf /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d
                mkdir -p /etc/ssh/sshd_config.d /run/sshd
                ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
                ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
                echo PasswordAuthentication yes >/etc/ssh/sshd_config.d/50-cloud-init.conf`,
            );
            await serve(debian());
        });
        afterEach(async () => {
            await stop();
            await space.dispose();
        });

        async function stop(): Promise<void> {
            // The process of nsenter has become sshd.
            const ended = once(sshd, "exit");
            sshd.kill();
            await ended;
        }

        async function serve(config: string): Promise<void> {
            fs.writeFileSync(space.at("etc/ssh/sshd_config"), config, { mode: 0o644 });
            sshd = space.spawn([sshdPath ?? "", "-D", "-e"]);
            await until(() => presented().length > 0);
        }

        /** Host keys that sshd proves itself with. */
        function presented(): string[] {
            const scan = spawnSync("ssh-keyscan", ["-p", String(port), "127.0.0.1"], {
                encoding: "utf8",
            });
            const lines = scan.stdout.split("\n").filter((line) => /^\S+ \S+ /.test(line));
            return [...new Set(lines.map((line) => line.split(" ").slice(1).join(" ")))].sort();
        }

        /** What sshd says to somebody without a key. */
        const offered = () => login(["-o", "PreferredAuthentications=none"]).stderr;
        const login = (more: string[]) =>
            spawnSync(
                "ssh",
                [
                    ...["-F", "none", "-p", String(port), "-o", "BatchMode=yes"],
                    ...["-o", "IdentitiesOnly=yes", "-o", "GlobalKnownHostsFile=none"],
                    ...["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"],
                    ...[...more, "agent@127.0.0.1", "id -un"],
                ],
                { encoding: "utf8" },
            );
        const pinned = () => {
            fs.writeFileSync(
                space.at("known hosts"),
                `[127.0.0.1]:${String(port)} ${host.publicKey}\n`,
            );
            return login([
                ...["-o", `UserKnownHostsFile="${space.at("known hosts")}"`],
                ...["-o", "StrictHostKeyChecking=yes", "-i", space.at("client")],
            ]);
        };

        const access = (more: Record<string, string> = {}) =>
            space.run(
                "azure/linux-access",
                {
                    KUBEDEV_USER: "agent",
                    KUBEDEV_AUTHORIZED_KEYS: `# mine\n${client.publicKey}\n\n`,
                    KUBEDEV_HOST_KEY: Buffer.from(host.privateKey).toString("base64"),
                    ...more,
                },
                shell,
            );
        const bare = (publicKey: string) => publicKey.split(" ").slice(0, 2).join(" ");
        const files = () =>
            sh('cd "$0" && find . -type f | sort | xargs sha256sum', space.at("etc/ssh"));

        test("sshd proves itself with that key alone, takes no password, and lets the user in", async () => {
            expect(presented()).toHaveLength(2);
            expect(offered()).toContain("(publickey,password");
            expect(pinned().status).toBe(255);
            const pid = space.output("cat", "/run/sshd.pid");

            expect(json(await access())).toEqual({
                changed: ["hostKey", "sshd", "authorizedKeys"],
                hostKey: bare(host.publicKey),
            });
            await until(() => presented().join() === bare(host.publicKey));
            expect(offered()).toContain("(publickey)");
            expect(pinned()).toMatchObject({ status: 0, stdout: "agent\n" });
            expect(space.output("cat", "/run/sshd.pid")).toBe(pid);
            expect(
                space.output(
                    ...["stat", "-c", "%a %U", "/home/agent/.ssh"],
                    ...["/home/agent/.ssh/authorized_keys", "/etc/ssh/kubedev_host_ed25519_key"],
                ),
            ).toBe("700 agent\n600 agent\n600 root");
            expect(space.output("cat", "/home/agent/.ssh/authorized_keys")).toBe(client.publicKey);
            expect(fs.readdirSync(space.at("etc/ssh")).filter((name) => /^\./.test(name))).toEqual(
                [],
            );

            const before = files();
            expect(json(await access())).toMatchObject({ changed: [] });
            expect(files()).toBe(before);
            expect(pinned().status).toBe(0);
        });

        test("another key, another user's key: only that is changed", async () => {
            await access();
            host = keyPair("host-2");
            expect(json(await access())).toMatchObject({ changed: ["hostKey"] });
            await until(() => presented().join() === bare(host.publicKey));
            const second = keyPair("client-2");
            const keys = `${client.publicKey}\n${second.publicKey}`;
            expect(json(await access({ KUBEDEV_AUTHORIZED_KEYS: keys }))).toMatchObject({
                changed: ["authorizedKeys"],
            });
            expect(space.output("cat", "/home/agent/.ssh/authorized_keys")).toBe(keys);
        });

        test.each([
            ["without drop-in files", (text: string) => text.replace(/^Include.*\n/m, "")],
            [
                "with drop-in files that come too late, and a host key of its own",
                (text: string) =>
                    `PasswordAuthentication yes\nhostkey /etc/ssh/ssh_host_ecdsa_key\n${text}`,
            ],
        ])("a configuration %s", async (_what, edited) => {
            await stop();
            await serve(edited(debian()));
            expect(json(await access())).toMatchObject({
                changed: ["hostKey", "sshd", "authorizedKeys"],
            });
            await until(() => presented().join() === bare(host.publicKey));
            expect(offered()).toContain("(publickey)");
            expect(pinned().status).toBe(0);
            expect(json(await access())).toMatchObject({ changed: [] });
            expect(fs.readFileSync(space.at("etc/ssh/sshd_config"), "utf8")).toMatch(
                /^# kubedev: begin\nHostKey .*\n[^]*# kubedev: end\n/,
            );
        });

        test("what sshd does not take, or what leaves passwords on, is taken back", async () => {
            const config = space.at("etc/ssh/sshd_config");
            const before = () => {
                const then = files();
                return () => expect(files()).toBe(then);
            };
            fs.appendFileSync(config, "NoSuchWord yes\n");
            const unchanged = before();
            const broken = await access();
            expect(broken.code).toBe(1);
            expect(broken.stderr).toMatch(/does not take.*taken back: .*NoSuchWord/);
            unchanged();

            fs.writeFileSync(
                config,
                `${debian()}Match User agent\n    PasswordAuthentication yes\n`,
            );
            const unchangedToo = before();
            const refused = await access();
            expect(refused.code).toBe(1);
            expect(refused.stderr).toContain("passwordauthentication yes");
            unchangedToo();
            expect(presented()).toHaveLength(2);
        });

        test("a run that was broken off before sshd took it over is finished by the next one", async () => {
            // There all is as it ends, but sshd was not told, and what was there is kept for taking back.
            await access();
            await stop();
            const saved = space.at("etc/ssh/.kubedev-undo/old");
            fs.mkdirSync(saved, { recursive: true });
            fs.writeFileSync(path.join(saved, "sshd_config"), debian());
            const mine = fs.readFileSync(space.at("etc/ssh/sshd_config"), "utf8");
            fs.renameSync(
                space.at("etc/ssh/sshd_config.d/00-kubedev.conf"),
                space.at("aside.conf"),
            );
            await serve(mine);
            fs.renameSync(
                space.at("aside.conf"),
                space.at("etc/ssh/sshd_config.d/00-kubedev.conf"),
            );
            expect(presented()).toHaveLength(2);

            expect(json(await access())).toMatchObject({ changed: [] });
            await until(() => presented().join() === bare(host.publicKey));
            expect(fs.existsSync(path.dirname(saved))).toBe(false);
        });

        test("links of the user lead root nowhere", async () => {
            space.output(
                ...["sh", "-ec"],
                "mkdir -p /home/agent/.ssh; ln -s /etc/passwd /home/agent/.ssh/authorized_keys; chown -hR agent /home/agent/.ssh",
            );
            const passwd = fs.readFileSync(space.at("etc/passwd"), "utf8");
            expect((await access()).code).toBe(0);
            expect(fs.readFileSync(space.at("etc/passwd"), "utf8")).toBe(passwd);
            await until(() => presented().join() === bare(host.publicKey));
            expect(pinned().status).toBe(0);
        });

        test("refused, nothing is changed, and no secret is shown", async () => {
            const ecdsa = Buffer.from(keyPair("ecdsa", "ecdsa").privateKey).toString("base64");
            const cases: [Record<string, string>, string][] = [
                [{ KUBEDEV_USER: "" }, 'got the user ""'],
                [{ KUBEDEV_USER: "nobody-here" }, 'got the user "nobody-here"'],
                [{ KUBEDEV_AUTHORIZED_KEYS: "\n# x\n" }, "expected at least one"],
                [
                    { KUBEDEV_AUTHORIZED_KEYS: "ssh-rsa nonsense" },
                    'got the line "ssh-rsa nonsense"',
                ],
                [{ KUBEDEV_AUTHORIZED_KEYS: client.privateKey }, "expected public ones"],
                [{ KUBEDEV_HOST_KEY: "" }, "got no KUBEDEV_HOST_KEY"],
                [{ KUBEDEV_HOST_KEY: "%%" }, "no base64"],
                [{ KUBEDEV_HOST_KEY: ecdsa }, "no private key of type ed25519"],
            ];
            const before = files();
            for (const [values, problem] of cases) {
                const refused = await access(values);
                expect(refused).toMatchObject({ code: 1, stdout: "" });
                expect(refused.stderr).toContain(problem);
                expect(refused.stderr).not.toContain(client.privateKey.split("\n")[1]);
                expect(refused.stderr).not.toContain(ecdsa);
                expect(files()).toBe(before);
            }
        });
    });
});

const loopMissing =
    namespaceMissing ??
    (spawnSync("losetup", ["--find"]).status === 0 ? undefined : "there are no loop devices");

describeUnless(loopMissing, "linux-disks", () => {
    let devices: string[];

    beforeEach(async () => {
        space = await MountNamespace.start();
        fs.mkdirSync(space.at("luns"));
        fs.mkdirSync(space.at("scsi1"));
        devices = [];
        fs.writeFileSync(space.at("etc/fstab"), "# mine\n/dev/none /none ext4 noauto 0 0\n");
    });
    afterEach(async () => {
        await space.dispose();
        for (const device of devices) {
            execFileSync("losetup", ["--detach", device]);
        }
    });

    /** A disk at a LUN, as udev shows it. */
    function attach(lun: number, { mib = 32, as = `luns/${String(lun)}` } = {}): string {
        const file = space.at(`disk-${String(lun)}-${String(devices.length)}`);
        fs.writeFileSync(file, "");
        fs.truncateSync(file, mib * 2 ** 20);
        const device = sh('losetup --find --show "$0"', file);
        devices.push(device);
        fs.rmSync(space.at(as), { force: true });
        fs.symlinkSync(device, space.at(as));
        return device;
    }
    const disks = (lines: string, more: Record<string, string> = {}) =>
        space.run("azure/linux-disks", {
            KUBEDEV_DISKS: lines,
            KUBEDEV_LUN_DIRS: `${space.at("luns")}\n${space.at("scsi1")}`,
            KUBEDEV_WAIT_SEC: "1",
            ...more,
        });
    const fstab = () => fs.readFileSync(space.at("etc/fstab"), "utf8");
    const uuid = (device: string) => sh('blkid -p -s UUID -o value "$0"', device);
    const mountedFrom = (place: string) =>
        space.output("sh", "-c", `findmnt -no SOURCE --mountpoint ${place} | tail -n 1`);
    const refused = (ran: Ran) => {
        expect(ran.code).toBe(1);
        return ran.stderr;
    };

    test("an empty disk is formatted once, mounted and bound; files stay", async () => {
        const [first, second] = [attach(0), attach(7, { as: "scsi1/lun7" })];
        const wanted = "0 /home/a ext4 /home/b\n7 /home/c ext4\n";
        const before = fs.statSync(space.at("etc/fstab"));
        const made = await disks(wanted);
        const facts = (done: boolean) => ({
            disks: [
                {
                    ...{ lun: 0, device: first, uuid: uuid(first) },
                    ...{ mountPath: "/home/a", bindPath: "/home/b" },
                    ...{ formatted: done, mounted: done, bound: done },
                },
                {
                    ...{ lun: 7, device: second, uuid: uuid(second) },
                    ...{ mountPath: "/home/c", bindPath: "" },
                    ...{ formatted: done, mounted: done, bound: false },
                },
            ],
            unmounted: [],
        });
        expect(json(made)).toEqual(facts(true));
        expect(made.stderr).toContain("formatting the disk at LUN 0");
        expect(fstab()).toBe(
            [
                "# mine",
                "/dev/none /none ext4 noauto 0 0",
                `UUID=${uuid(first)} /home/a ext4 defaults,nofail,x-systemd.device-timeout=30s,x-kubedev=${uuid(first)} 0 2`,
                `/home/a /home/b none bind,nofail,x-systemd.requires-mounts-for=/home/a,x-kubedev=${uuid(first)} 0 0`,
                `UUID=${uuid(second)} /home/c ext4 defaults,nofail,x-systemd.device-timeout=30s,x-kubedev=${uuid(second)} 0 2`,
                "",
            ].join("\n"),
        );
        expect(fs.statSync(space.at("etc/fstab")).mode).toBe(before.mode);
        expect(
            space.output("sh", "-c", "findmnt --verify --tab-file /etc/fstab 2>&1 || :"),
        ).toContain("0 parse errors, 0 errors");
        space.output("sh", "-c", "echo kept >/home/b/file && sync");

        expect(json(await disks(wanted))).toEqual(facts(false));
        expect(space.output("cat", "/home/a/file")).toBe("kept");

        // As after a reboot: nothing is mounted; and on a machine made anew there is no line in fstab either.
        space.output("umount", "/home/b", "/home/a", "/home/c");
        fs.writeFileSync(space.at("etc/fstab"), "");
        const again = json(await disks(wanted)) as { disks: object[] };
        expect(again.disks).toMatchObject([
            { formatted: false, mounted: true, bound: true },
            { formatted: false, mounted: true },
        ]);
        expect(space.output("cat", "/home/b/file")).toBe("kept");
    });

    test("what is formatted belongs to its owner from the first moment; what was, stays as it is", async () => {
        const device = attach(0);
        const refusal = await disks("0 /home/a ext4", { KUBEDEV_OWNER: "nobody-here" });
        expect(refused(refusal)).toContain('got the owner "nobody-here"');
        await disks("0 /home/a ext4", { KUBEDEV_OWNER: "daemon" });
        const root = () =>
            sh('debugfs -R "stat /" "$0" 2>/dev/null | grep -o "User: *[0-9]*"', device);
        await disks("");
        const uid = sh("id -u daemon");
        expect(root()).toMatch(new RegExp(`^User: +${uid}$`));
        await disks("0 /home/a ext4", { KUBEDEV_OWNER: "root" });
        await disks("");
        expect(root()).toMatch(new RegExp(`^User: +${uid}$`));
    });

    test("fstab's lines are such that mount -a mounts them", async () => {
        attach(0);
        await disks("0 /home/a ext4 /home/b");
        space.output("umount", "/home/b", "/home/a");
        space.output("sh", "-c", "sed -i /none.noauto/d /etc/fstab && mount -a");
        expect(mountedFrom("/home/b")).toBe(devices[0]);
    });

    test("what is no longer listed is unmounted, and keeps its files", async () => {
        const [first] = [attach(0), attach(1)];
        await disks("0 /home/a ext4 /home/b\n1 /home/c ext4");
        space.output("sh", "-c", "echo kept >/home/a/file");
        expect(json(await disks("1 /home/c ext4"))).toMatchObject({
            disks: [{ mounted: false }],
            unmounted: ["/home/b", "/home/a"],
        });
        expect(mountedFrom("/home/a")).toBe("");
        expect(fstab()).not.toContain(uuid(first));

        // A value that is empty is not set by the handler.
        expect(json(await disks(""))).toEqual({ disks: [], unmounted: ["/home/c"] });
        expect(fstab()).toBe("# mine\n/dev/none /none ext4 noauto 0 0\n");
        expect(json(await disks(""))).toEqual({ disks: [], unmounted: [] });

        expect(json(await disks("0 /home/d ext4"))).toMatchObject({
            disks: [{ formatted: false, mounted: true }],
        });
        expect(space.output("cat", "/home/d/file")).toBe("kept");
    });

    test("another disk at the same LUN takes the place of the first one, bind and all", async () => {
        const first = attach(0);
        await disks("0 /home/a ext4 /home/b");
        const second = attach(0);
        expect(json(await disks("0 /home/a ext4 /home/b"))).toMatchObject({
            disks: [{ device: second, formatted: true, mounted: true, bound: true }],
            unmounted: ["/home/b", "/home/a"],
        });
        expect([mountedFrom("/home/a"), mountedFrom("/home/b")]).toEqual([second, second]);
        expect(sh('grep -c "$0" /proc/mounts || :', first)).toBe("0");
    });

    test("something in use is not unmounted, and stays in fstab for the next run", async () => {
        attach(0);
        await disks("0 /home/a ext4");
        const before = fstab();
        const user = space.spawn(["sh", "-c", "cd /home/a && echo there && exec sleep 600"]);
        await once(user.stdout as NodeJS.ReadableStream, "data");
        expect(refused(await disks(""))).toContain("fuser -vm /home/a");
        expect(fstab()).toBe(before);
        const ended = once(user, "exit");
        user.kill();
        await ended;
        expect(json(await disks(""))).toMatchObject({ unmounted: ["/home/a"] });
    });

    test.each([
        ["another file system", 'mkfs.ext2 -q "$0"', "TYPE=ext2"],
        // Type 0x83 from sector 2048 on, 4 MiB.
        [
            "a partition table",
            'printf "\\0\\0\\0\\0\\203\\0\\0\\0\\0\\010\\0\\0\\0\\040\\0\\0" | dd of="$0" bs=1 seek=446 conv=notrunc 2>/dev/null; printf "\\125\\252" | dd of="$0" bs=1 seek=510 conv=notrunc 2>/dev/null',
            "PTTYPE=dos",
        ],
        [
            "a partition table without partitions",
            'printf "\\125\\252" | dd of="$0" bs=1 seek=510 conv=notrunc 2>/dev/null',
            "PTTYPE=dos",
        ],
        ["swap", 'mkswap "$0" >/dev/null', "TYPE=swap"],
        [
            "the mark of LUKS",
            'printf "LUKS\\272\\276\\000\\001" | dd of="$0" conv=notrunc 2>/dev/null',
            "crypto_LUKS",
        ],
        [
            "two signatures",
            'mkfs.ext4 -q "$0"; printf "LABELONE" | dd of="$0" bs=512 seek=1 conv=notrunc 2>/dev/null; printf "LUKS\\272\\276\\000\\002" | dd of="$0" conv=notrunc 2>/dev/null',
            "expected an empty one",
        ],
    ])("never formatted: %s", async (_what, make, said) => {
        const device = attach(0);
        const empty = attach(1);
        sh(make, device);
        const content = sh('sha256sum <"$0"', device);
        const text = refused(await disks("0 /home/a ext4\n1 /home/c ext4"));
        expect(text).toContain(said);
        expect(text).toContain("nothing was formatted");
        expect(sh('sha256sum <"$0"', device)).toBe(content);
        // Not even the one that could have been.
        expect(spawnSync("blkid", ["-p", empty]).status).toBe(2);
        expect(fstab()).toBe("# mine\n/dev/none /none ext4 noauto 0 0\n");
    });

    test("no disk: it waits, says so, and says what it waited for", async () => {
        const late = disks("3 /home/a ext4", { KUBEDEV_WAIT_SEC: "60" });
        await new Promise((resolve) => setTimeout(resolve, 6000));
        attach(3);
        const ran = await late;
        expect(json(ran)).toMatchObject({ disks: [{ lun: 3, mounted: true }] });
        expect(ran.stderr).toContain("waiting for the disk at LUN 3 (0 of 60 s)");
        expect(refused(await disks("3 /home/a ext4\n4 /home/c ext4"))).toContain(
            "no disk at LUN 4 after 1 s",
        );
    });

    test("copies of one disk are told apart from two disks", async () => {
        const [first, second] = [attach(0), attach(1)];
        sh('mkfs.ext4 -q "$0"', first);
        fs.copyFileSync(space.at("disk-0-0"), space.at("disk-1-1"));
        sh('blockdev --flushbufs "$0"', second);
        expect(refused(await disks("0 /home/a ext4\n1 /home/c ext4"))).toContain(
            "have the same UUID",
        );
    });

    test("refused, nothing is formatted", async () => {
        const cases = [
            ["x /a ext4", 'got the LUN "x"'],
            ["0 /a ext4\n0 /b ext4", "got LUN 0 twice"],
            ["0 /a ntfs", 'got the file system "ntfs"'],
            ["0 a ext4", 'got the mount path "a"'],
            ["0 /a/../etc ext4", "no part of which begins with a dot"],
            ["0 /usr/x ext4", "hides nothing of the system"],
            ["0 /home ext4", "hides nothing of the system"],
            ["0 /a ext4 /etc", "hides nothing of the system"],
            ["0 /a ext4 /a/b", "expected places apart from each other"],
            ["0 /a ext4\n1 /a ext4", "expected places apart from each other"],
            ["0 /a ext4 /b more", 'got "more" behind the bind path'],
            ["0 /none ext4", "a line of somebody else for /none"],
            ["0 /dev/pts ext4", "hides nothing of the system"],
        ] as const;
        const device = attach(0);
        for (const [lines, problem] of cases) {
            expect(refused(await disks(lines))).toContain(problem);
            expect(spawnSync("blkid", ["-p", device]).status).toBe(2);
        }
        expect(fs.existsSync("/a")).toBe(false);
    });

    test("a disk that something else uses, or a place where something else is, is left alone", async () => {
        const device = attach(0);
        sh('mkfs.ext4 -q "$0"', device);
        space.output("sh", "-ec", `mkdir /home/x /home/a; mount ${device} /home/x`);
        expect(refused(await disks("0 /home/a ext4"))).toContain("is mounted at /home/x already");
        space.output("sh", "-ec", "umount /home/x; mount -t tmpfs other /home/a");
        expect(refused(await disks("0 /home/a ext4"))).toContain(
            "something else is mounted at /home/a: other",
        );
        expect(refused(await disks("0 /home/x ext4 /home/a"))).toContain(
            "something else is mounted at /home/a: other",
        );
    });
});

describe.each(shells)("linux-clean-temp in %s", (shell) => {
    let dir: string;
    const old = new Date(Date.now() - 20 * 86_400_000);
    beforeEach(() => {
        dir = scratchDirectory();
    });
    afterEach(() => {
        fs.rmSync(dir, { recursive: true, force: true });
    });

    const at = (name: string) => path.join(dir, name);
    const make = (name: string) => {
        fs.mkdirSync(path.dirname(at(name)), { recursive: true });
        fs.writeFileSync(at(name), "x".repeat(4096));
    };
    const clean = (ageSec: number, more: Record<string, string> = {}) =>
        runScript(
            "azure/linux-clean-temp",
            { KUBEDEV_TEMP_DIRS: dir, KUBEDEV_TEMP_AGE_SEC: String(ageSec), ...more },
            { shell },
        );
    const left = () =>
        fs
            .readdirSync(dir, { recursive: true, encoding: "utf8" })
            .filter((name) => !fs.lstatSync(at(name)).isDirectory())
            .sort();
    const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

    test("old files go; new ones, those in use, private ones and what links lead to stay", async () => {
        make("old");
        make("deep/er/old");
        make("held");
        make("stood/in");
        make("systemd-private-1/tmp/x");
        make(".X11-unix/x");
        const elsewhere = scratchDirectory();
        fs.writeFileSync(path.join(elsewhere, "file"), "");
        fs.symlinkSync(elsewhere, at("link"));
        fs.mkdirSync(at("empty"));
        const user = spawn("sh", ["-c", "exec 3<../held; echo; exec sleep 600"], {
            cwd: at("stood"),
            stdio: ["ignore", "pipe", "inherit"],
        });
        await once(user.stdout, "data");
        try {
            // Long enough for a busy machine to look at what is new before it is old.
            await pass(21_000);
            make("new");
            // Unpacked just now, whatever its date says.
            make("unpacked");
            fs.utimesSync(at("unpacked"), old, old);
            const ran = json(await clean(20));
            expect(ran).toMatchObject({ removed: 3, kept: 0 });
            expect(left()).toEqual([
                ...[".X11-unix/x", "held", "new", "stood/in"],
                ...["systemd-private-1/tmp/x", "unpacked"],
            ]);
            expect(fs.existsSync(path.join(elsewhere, "file"))).toBe(true);
            expect(fs.existsSync(at("empty"))).toBe(false);
            // Emptied just now: it goes when it is old again.
            expect(fs.existsSync(at("deep/er"))).toBe(true);
            expect(json(await clean(20))).toMatchObject({ removed: 0 });
        } finally {
            const ended = once(user, "exit");
            user.kill();
            await ended;
            fs.rmSync(elsewhere, { recursive: true });
        }
    });

    test("ten days is what counts when nothing else is said; a directory that is not there is none", async () => {
        make("young");
        expect(json(await clean(864_000, { KUBEDEV_TEMP_AGE_SEC: "" }))).toMatchObject({
            removed: 0,
        });
        expect(json(await clean(0, { KUBEDEV_TEMP_DIRS: at("none") }))).toEqual({
            ...{ removed: 0, freedMib: 0, kept: 0 },
        });
        expect(left()).toEqual(["young"]);
    });

    test.each([
        ["KUBEDEV_TEMP_DIRS", "/", 'got the directory "/"'],
        ["KUBEDEV_TEMP_DIRS", "tmp", 'got the directory "tmp"'],
        ["KUBEDEV_TEMP_AGE_SEC", "1d", 'got the age "1d"'],
    ])("refused: %s=%s", async (name, value, problem) => {
        make("file");
        const refused = await clean(0, { [name]: value });
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain(problem);
    });
});

async function until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition()) {
        if (Date.now() > end) {
            throw new Error(`waited ${String(timeoutMs)} ms in vain`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
