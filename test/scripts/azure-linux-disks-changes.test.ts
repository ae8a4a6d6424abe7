/** scripts/azure/linux-disks.sh: a disk that becomes larger, and one that is taken away while somebody uses it. */
import { once } from "node:events";
import * as fs from "node:fs";
import { spawnSync } from "node:child_process";
import { LoopDisks, loopMissing, refused, uuid } from "../support/loop-disks";
import { describeUnless, endOf, type MountNamespace, sh } from "../support/mount-namespace";
import { json } from "../support/script-process";

/** What the kernel wants of who grows ext4 while it is mounted, bit 24; root in a container often has not got it. */
const resources = (BigInt(capabilities()) >> 24n) & 1n;
function capabilities(): string {
    return `0x${/^CapEff:\s*(\w+)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`;
}
const growing = [
    {
        type: "ext4",
        missing: resources === 1n ? undefined : "root has no CAP_SYS_RESOURCE",
        mib: 32,
    },
    {
        type: "xfs",
        missing: spawnSync("mkfs.xfs", ["-V"]).status === 0 ? undefined : "there is no xfsprogs",
        // The least that mkfs.xfs takes.
        mib: 320,
    },
];

let loops: LoopDisks;
let space: MountNamespace;

function inNamespace(): void {
    beforeEach(async () => {
        loops = await LoopDisks.start();
        ({ space } = loops);
    });
    afterEach(() => loops.dispose());
}

describe.each(growing)("linux-disks, $type", ({ type, missing, mib }) => {
    describeUnless(loopMissing ?? missing, "a disk becomes larger", () => {
        inNamespace();
        const size = (place: string) =>
            Number(space.output("df", "--output=size", "-m", place).split("\n")[1]);
        const fingerprint = () => space.output("sh", "-c", "cd /home/a && sha256sum file");

        test("the file system grows with its disk, mounted as it is; what is on it stays; then nothing changes", async () => {
            const device = loops.attach(0, { mib });
            await loops.disks(`0 /home/a ${type} /home/b`);
            space.output("sh", "-c", "head -c 8M /dev/urandom >/home/a/file && sync");
            const before = { content: fingerprint(), size: size("/home/a"), uuid: uuid(device) };
            // Somebody works there meanwhile.
            const user = space.spawn(["sh", "-c", "cd /home/b && echo there && exec sleep 600"]);
            await once(user.stdout as NodeJS.ReadableStream, "data");

            loops.grow(device, 3 * mib);
            const grown = await loops.disks(`0 /home/a ${type} /home/b`);
            expect(json(grown)).toMatchObject({
                disks: [{ formatted: false, mounted: false, bound: false, grown: true }],
                unmounted: [],
            });
            expect(grown.stderr).toContain("the file system at /home/a has grown");
            expect(size("/home/a")).toBeGreaterThan(before.size + mib);
            expect(size("/home/b")).toBe(size("/home/a"));
            expect([fingerprint(), uuid(device)]).toEqual([before.content, before.uuid]);

            const again = await loops.disks(`0 /home/a ${type} /home/b`);
            expect(json(again)).toMatchObject({ disks: [{ grown: false }], unmounted: [] });
            expect(again.stderr).toBe("");

            await endOf(user);
            await loops.disks("");
            // Whole, and the files are those from before.
            sh(type === "ext4" ? 'e2fsck -fn "$0" 2>&1' : 'xfs_repair -n "$0" 2>&1', device);
            await loops.disks(`0 /home/a ${type}`);
            expect(fingerprint()).toBe(before.content);
        });

        test("a disk that was made larger while it was not mounted is grown once it is", async () => {
            const device = loops.attach(0, { mib });
            await loops.disks(`0 /home/a ${type}`);
            await loops.disks("");
            loops.grow(device, 3 * mib);
            expect(json(await loops.disks(`0 /home/a ${type}`))).toMatchObject({
                disks: [{ formatted: false, mounted: true, grown: true }],
            });
            expect(size("/home/a")).toBeGreaterThan(2 * mib);
        });

        test("a disk that does not get the size that is wanted: it waits, and says both", async () => {
            const device = loops.attach(0, { mib });
            await loops.disks(`0 /home/a ${type}`);
            const sizes = { KUBEDEV_SIZES: "0 1\n" };
            expect(refused(await loops.disks(`0 /home/a ${type}`, sizes))).toContain(
                `has ${String(mib)} MiB after 1 s; expected 1 GiB: restart the machine`,
            );
            const late = loops.disks(`0 /home/a ${type}`, { ...sizes, KUBEDEV_WAIT_SEC: "60" });
            await new Promise((resolve) => setTimeout(resolve, 2000));
            loops.grow(device, 1024);
            expect(json(await late)).toMatchObject({ disks: [{ grown: true }] });
            expect(size("/home/a")).toBeGreaterThan(900);
            expect(
                refused(await loops.disks(`0 /home/a ${type}`, { KUBEDEV_SIZES: "0 much" })),
            ).toContain('got the size "0 much"');
        });
    });
});

describeUnless(loopMissing, "linux-disks: a disk is taken away", () => {
    inNamespace();

    test("something in use is not unmounted, with the name of who uses it, and stays in fstab for the next run", async () => {
        loops.attach(0);
        await loops.disks("0 /home/a ext4 /home/b");
        const before = loops.fstab();
        const user = space.spawn(["sh", "-c", "exec 3>/home/b/file; echo there && exec sleep 600"]);
        await once(user.stdout as NodeJS.ReadableStream, "data");
        const inside = await loops.disks("");
        expect(refused(inside)).toContain("cannot unmount /home/b");
        expect(inside.stderr).toMatch(/in use by: \d+ \(sleep\) ; end that \(fuser -vm \/home\/b/);
        expect(loops.fstab()).toBe(before);
        expect(loops.mountedFrom("/home/a")).toBe(loops.devices[0]);
        await endOf(user);

        space.output("sh", "-c", "mkdir /home/a/inner && mount -t tmpfs inner /home/a/inner");
        expect(refused(await loops.disks(""))).toMatch(
            /cannot unmount \/home\/a .* by: \/home\/a\/inner ;/,
        );
        space.output("umount", "/home/a/inner");
        expect(json(await loops.disks(""))).toMatchObject({ unmounted: ["/home/a"] });
        expect(loops.fstab()).not.toContain("x-kubedev");
    });

    test("a disk that a container still has is not given up", async () => {
        loops.attach(0);
        await loops.disks("0 /home/a ext4");
        const before = loops.fstab();
        const container = space.spawn([
            ...["unshare", "--mount", "sh", "-c"],
            "cd /home/a && echo there && exec sleep 600",
        ]);
        await once(container.stdout as NodeJS.ReadableStream, "data");
        expect(refused(await loops.disks(""))).toMatch(/still have it: \d+ \(sleep\) ;/);
        expect(loops.fstab()).toBe(before);
        await endOf(container);
        expect(json(await loops.disks(""))).toMatchObject({ disks: [] });
        expect(loops.fstab()).not.toContain("x-kubedev");
    });
});
