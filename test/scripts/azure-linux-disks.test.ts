/** scripts/azure/linux-disks.sh in a mount namespace, with loop devices for disks. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { LoopDisks, loopMissing, refused, uuid } from "../support/loop-disks";
import { describeUnless, MountNamespace, sh } from "../support/mount-namespace";
import { json } from "../support/script-process";

let space: MountNamespace;

describeUnless(loopMissing, "linux-disks", () => {
    let loops: LoopDisks;
    let devices: string[];

    beforeEach(async () => {
        loops = await LoopDisks.start();
        ({ space, devices } = loops);
    });
    afterEach(() => loops.dispose());

    const attach = (lun: number, options: { as?: string } = {}) => loops.attach(lun, options);
    const disks = (lines: string, more: Record<string, string> = {}) => loops.disks(lines, more);
    const fstab = () => loops.fstab();
    const mountedFrom = (place: string) => loops.mountedFrom(place);

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
                    ...{ formatted: done, mounted: done, bound: done, grown: false },
                },
                {
                    ...{ lun: 7, device: second, uuid: uuid(second) },
                    ...{ mountPath: "/home/c", bindPath: "" },
                    ...{ formatted: done, mounted: done, bound: false, grown: false },
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
