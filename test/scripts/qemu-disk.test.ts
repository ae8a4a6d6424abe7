/** scripts/qemu/create-overlay.sh and grow-overlay.sh on real images. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

const image = (...args: string[]) => execFileSync("qemu-img", args, { encoding: "utf8" });
const info = (file: string) =>
    JSON.parse(image("info", "-U", "--output=json", file)) as Record<string, unknown>;

describe.each(shells)("%s", (shell) => {
    let directory: string;
    let base: string;
    let disk: string;

    beforeEach(() => {
        directory = scratchDirectory();
        base = path.join(directory, "base.qcow2");
        disk = path.join(directory, "machine/disk.qcow2");
        image("create", "-q", "-f", "qcow2", base, "64M");
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const create = (more: Record<string, string> = {}) =>
        runScript(
            "qemu/create-overlay",
            { KUBEDEV_DISK: disk, KUBEDEV_BASE: base, ...more },
            { shell },
        );
    const grow = (sizeMib: number) =>
        runScript(
            "qemu/grow-overlay",
            { KUBEDEV_DISK: disk, KUBEDEV_DISK_SIZE_MIB: String(sizeMib) },
            { shell },
        );

    /** Does something while a QEMU has the disk open. */
    async function whileRunning(action: () => Promise<void>): Promise<void> {
        const qemu = spawn(
            "qemu-system-x86_64",
            [
                ...["-nodefaults", "-display", "none", "-accel", "tcg", "-S", "-m", "16"],
                ...["-drive", `if=none,id=d,format=qcow2,file=${disk.replaceAll(",", ",,")}`],
                ...["-device", "virtio-blk-pci,drive=d", "-qmp", "stdio"],
            ],
            { stdio: ["pipe", "pipe", "inherit"] },
        );
        // Its greeting comes once the disk is open.
        await once(qemu.stdout, "data");
        const exit = once(qemu, "exit");
        try {
            await action();
        } finally {
            qemu.kill("SIGKILL");
            await exit;
        }
    }

    test("makes a disk over its base, and keeps it when asked again", async () => {
        expect(json(await create())).toEqual({ path: disk, virtualSizeMib: 64, created: true });
        expect(info(disk)).toMatchObject({
            format: "qcow2",
            "backing-filename": base,
            "backing-filename-format": "qcow2",
        });
        const made = fs.statSync(disk).ino;
        expect(json(await create())).toMatchObject({ created: false });
        expect(fs.statSync(disk).ino).toBe(made);
    });

    test("makes it larger than the base, and not smaller", async () => {
        expect(json(await create({ KUBEDEV_DISK_SIZE_MIB: "100" }))).toMatchObject({
            virtualSizeMib: 100,
        });
        fs.rmSync(disk);
        const small = await create({ KUBEDEV_DISK_SIZE_MIB: "63" });
        expect(small.code).toBe(1);
        expect(small.stderr).toMatch(/63 MiB is less than the base image's 64 MiB/);
        expect(fs.existsSync(disk)).toBe(false);
    });

    test("keeps a disk that stands on another image, unless told to replace it", async () => {
        const other = path.join(directory, "other.qcow2");
        image("create", "-q", "-f", "qcow2", other, "64M");
        json(await create({ KUBEDEV_BASE: other }));
        const refused = await create();
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain(`stands on ${other}, expected ${base}`);
        expect(info(disk)["backing-filename"]).toBe(other);
        expect(json(await create({ KUBEDEV_OVERWRITE: "1" }))).toMatchObject({ created: true });
        expect(info(disk)["backing-filename"]).toBe(base);
    });

    test("never looks into a raw base image for another format", async () => {
        // Bytes of a raw disk that say "qcow2, backed by /etc/shadow": what a guest could write.
        execFileSync("qemu-img", [
            ...["create", "-q", "-u", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw"],
            ...[base, "64M"],
        ]);
        json(await create({ KUBEDEV_BASE_FORMAT: "raw" }));
        expect(info(disk)).toMatchObject({
            "backing-filename-format": "raw",
            // QEMU counts whole sectors.
            "virtual-size": Math.ceil(fs.statSync(base).size / 512) * 512,
        });
    });

    test("leaves nothing when it fails, and clears what a broken-off run left", async () => {
        expect((await create({ KUBEDEV_BASE: path.join(directory, "none") })).code).not.toBe(0);
        expect(fs.existsSync(path.dirname(disk))).toBe(false);
        fs.mkdirSync(path.dirname(disk));
        fs.writeFileSync(`${disk}.new`, "half");
        json(await create());
        expect(fs.readdirSync(path.dirname(disk))).toEqual(["disk.qcow2"]);
    });

    test("grows, does nothing the second time, and does not shrink", async () => {
        json(await create());
        expect(json(await grow(128))).toEqual({ virtualSizeMib: 128, grown: true });
        expect(json(await grow(128))).toEqual({ virtualSizeMib: 128, grown: false });
        const refused = await grow(64);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toMatch(/has 128 MiB, cannot shrink to 64 MiB/);
        expect(info(disk)["virtual-size"]).toBe(128 * 2 ** 20);
    });

    test("touches no disk of a running machine", async () => {
        json(await create());
        await whileRunning(async () => {
            const grown = await grow(128);
            expect(grown.code).toBe(1);
            expect(grown.stderr).toMatch(/in use.*only while its machine is off/s);
            // As it is it may stay, also when nobody knows of the machine any more.
            expect(json(await create())).toMatchObject({ created: false });
            const other = path.join(directory, "other.qcow2");
            image("create", "-q", "-f", "qcow2", other, "64M");
            const replaced = await create({ KUBEDEV_OVERWRITE: "1", KUBEDEV_BASE: other });
            expect(replaced.stderr).toMatch(/in use.*stop its machine first/s);
        });
        expect(info(disk)["backing-filename"]).toBe(base);
        expect(info(disk)["virtual-size"]).toBe(64 * 2 ** 20);
    });
});
