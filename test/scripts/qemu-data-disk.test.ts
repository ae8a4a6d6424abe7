/** scripts/qemu/data-disk-create.sh and machine-disks.sh on real images. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { disksPreparation } from "../../components/qemu/machine-disks";
import { script } from "../../components/internal/scripts";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

describe.each(shells)("%s", (shell) => {
    let directory: string;
    const at = (name: string) => path.join(directory, name);
    const create = (sizeMib: number, name = "data") =>
        runScript(
            "qemu/data-disk-create",
            {
                ...{ HOME: directory, KUBEDEV_DIR: at(name), KUBEDEV_SPEC: "s" },
                KUBEDEV_DISK_SIZE_MIB: String(sizeMib),
            },
            { shell },
        );
    const sizeMib = (file: string) => {
        const told = execFileSync("qemu-img", ["info", "-U", "--output=json", file]);
        const info = JSON.parse(told.toString()) as { "virtual-size": number; format: string };
        expect(info.format).toBe("qcow2");
        return info["virtual-size"] / 2 ** 20;
    };
    const recorded = (name = "data") => fs.readFileSync(at(`${name}/record`), "utf8");

    beforeEach(() => {
        directory = scratchDirectory();
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    test("makes one that takes no room, and never another over it, whatever size is asked for", async () => {
        const disk = at("data/disk.qcow2");
        expect(json(await create(2048))).toEqual({ path: disk, virtualSizeMib: 2048 });
        expect(fs.statSync(disk).blocks * 512).toBeLessThan(2 ** 20);
        const made = fs.statSync(disk).ino;
        expect(json(await create(64))).toMatchObject({ virtualSizeMib: 2048 });
        expect(fs.statSync(disk).ino).toBe(made);
        expect(recorded()).toContain(`exists=${disk}\nfact.sizeMib=2048\n`);
    });

    test("what a broken-off run left is cleared, and nothing is left where it cannot be made", async () => {
        fs.mkdirSync(at("data"));
        fs.writeFileSync(at("data/disk.qcow2.new"), "half");
        json(await create(64));
        expect(fs.readdirSync(at("data")).sort()).toEqual(["disk.qcow2", "lock", "record"]);
        const failed = await create(2 ** 50, "other");
        expect(failed.code).not.toBe(0);
        expect(fs.existsSync(at("other/record"))).toBe(false);
        expect(fs.readdirSync(at("other"))).not.toContain("disk.qcow2.new");
    });

    test("a machine's disks get their sizes and their links, and none shrinks", async () => {
        json(await create(64));
        json(await create(64, "more"));
        fs.mkdirSync(at("machine"));
        const prepare = (gib: number) =>
            execFileSync(
                shell,
                [
                    "-euc",
                    `fail() { echo "machine: $*" >&2; exit 1; }\n` +
                        disksPreparation(
                            ["data", "more"].map((serial) => ({
                                ...{ serial, directory: at(serial), sizeGib: gib },
                                ...{ instanceId: "i", mountPath: undefined },
                            })),
                        ),
                ],
                {
                    cwd: at("machine"),
                    env: {
                        PATH: process.env["PATH"],
                        MACHINE_GROW_OVERLAY: script("qemu/grow-overlay.sh"),
                        MACHINE_DISK_TRIES: "2",
                    },
                    stdio: ["ignore", "pipe", "pipe"],
                },
            );
        prepare(2);
        for (const name of ["data", "more"]) {
            expect(fs.readlinkSync(at(`machine/disk-${name}`))).toBe(at(`${name}/disk.qcow2`));
            expect(sizeMib(at(`${name}/disk.qcow2`))).toBe(2048);
            expect(recorded(name)).toContain("fact.sizeMib=2048\n");
        }
        expect(() => prepare(1)).toThrow(/has 2048 MiB, cannot shrink to 1024 MiB/);
        // Another machine has it.
        const qemu = spawn(
            "qemu-system-x86_64",
            [
                ...["-nodefaults", "-display", "none", "-accel", "tcg", "-S", "-m", "16"],
                ...[
                    "-blockdev",
                    `driver=qcow2,node-name=d,file.driver=file,file.filename=${at("data/disk.qcow2").replaceAll(",", ",,")}`,
                ],
                ...["-device", "virtio-blk-pci,drive=d", "-qmp", "stdio"],
            ],
            { stdio: ["pipe", "pipe", "inherit"] },
        );
        await once(qemu.stdout, "data");
        expect(() => prepare(2)).toThrow(
            /another machine has the disk .*data; expected one that no other has/s,
        );
        qemu.kill("SIGKILL");
        await once(qemu, "exit");
        prepare(2);
        expect(sizeMib(at("data/disk.qcow2"))).toBe(2048);
        expect(recorded()).toContain("fact.sizeMib=2048\n");
    });
});
