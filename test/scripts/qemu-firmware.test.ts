/** firmware-find.sh on trees as distributions have them, and machine-firmware.sh behind machine-prepare.sh's functions. */
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { runScript, scratchDirectory, shells } from "../support/script-process";

interface Descriptor {
    code: string;
    variables?: string;
    machine?: string;
    format?: string;
    features?: string[];
    interfaces?: string[];
}

describe.each(shells)("%s", (shell) => {
    let root: string;
    beforeEach(() => {
        root = scratchDirectory();
    });
    afterEach(() => {
        fs.rmSync(root, { recursive: true, force: true });
    });

    const at = (name: string) => path.join(root, name);
    function write(name: string, text: string): void {
        fs.mkdirSync(path.dirname(at(name)), { recursive: true });
        fs.writeFileSync(at(name), text);
    }

    /** A descriptor with its files. */
    function describes(name: string, given: Descriptor): void {
        const { code, variables = `${code}.variables`, format = "raw" } = given;
        for (const file of [code, variables]) {
            write(file, file);
        }
        write(
            name,
            JSON.stringify({
                "interface-types": given.interfaces ?? ["uefi"],
                mapping: {
                    device: "flash",
                    executable: { filename: code, format },
                    "nvram-template": { filename: variables, format },
                },
                targets: [
                    { architecture: "x86_64", machines: [given.machine ?? "pc-q35-*"] },
                    { architecture: "i386", machines: ["pc-q35-*"] },
                ],
                features: given.features ?? ["acpi-s3"],
            }),
        );
    }
    const find = () => runScript("qemu/firmware-find", { FIRMWARE_ROOT: root }, { shell });
    const packaged = "usr/share/qemu/firmware";

    test("the first that starts a machine as ours are, and takes any boot loader", async () => {
        describes(`${packaged}/10-bios.json`, { code: "/bios", interfaces: ["bios"] });
        describes(`${packaged}/20-secure.json`, { code: "/smm", features: ["requires-smm"] });
        describes(`${packaged}/25-keys.json`, { code: "/keys", features: ["enrolled-keys"] });
        describes(`${packaged}/30-qcow2.json`, { code: "/qcow2", format: "qcow2" });
        describes(`${packaged}/40-old.json`, { code: "/i440", machine: "pc-i440fx-*" });
        write(`${packaged}/50-broken.json`, "{");
        describes(`${packaged}/55-gone.json`, { code: "/gone" });
        fs.rmSync(at("gone"));
        describes(`${packaged}/60-plain.json`, { code: "/plain" });
        describes(`${packaged}/70-other.json`, { code: "/other" });
        expect(await find()).toMatchObject({
            code: 0,
            stdout: `${at("plain")}\n${at("plain.variables")}\n`,
        });
        // The administrator's word: one in place of the package's, one hidden.
        describes("etc/qemu/firmware/60-plain.json", { code: "/own" });
        expect((await find()).stdout).toContain(`${at("own")}\n`);
        write("etc/qemu/firmware/60-plain.json", "");
        expect((await find()).stdout).toContain(`${at("other")}\n`);
    });

    test.each(["usr/share/OVMF", "usr/share/edk2/ovmf"])(
        "without descriptors: as files are in %s",
        async (directory) => {
            write(`${directory}/OVMF_CODE.fd`, "");
            write(`${directory}/OVMF_VARS.fd`, "");
            write(`${directory}/OVMF_CODE_4M.fd`, "");
            expect((await find()).stdout).toBe(
                `${at(directory)}/OVMF_CODE.fd\n${at(directory)}/OVMF_VARS.fd\n`,
            );
        },
    );

    test("none: it says where it looked", async () => {
        expect(await find()).toMatchObject({
            code: 1,
            stdout: expect.stringContaining("/usr/share/qemu/firmware") as string,
        });
    });

    /** In a machine's directory, beside that of its disk. */
    function prepare() {
        fs.mkdirSync(at("machine"), { recursive: true });
        fs.mkdirSync(at("disk"), { recursive: true });
        write(
            "prepare.sh",
            `set -eu; fail() { echo "machine: $*" >&2; exit 1; }\n${script("qemu/machine-firmware.sh")}`,
        );
        const values = {
            FIRMWARE_ROOT: root,
            MACHINE_DISK_DIR: at("disk"),
            MACHINE_FIND_FIRMWARE: script("qemu/firmware-find.sh"),
        };
        return runScript(at("prepare"), values, { shell, cwd: at("machine") });
    }
    const read = (name: string) => fs.readFileSync(at(name), "utf8");

    test("a machine's variables are its own, and stay; those of another firmware are made anew", async () => {
        describes(`${packaged}/60-plain.json`, { code: "/plain" });
        fs.chmodSync(at("plain.variables"), 0o644);
        expect(await prepare()).toMatchObject({ code: 0 });
        expect(fs.readlinkSync(at("machine/firmware-code"))).toBe(at("plain"));
        expect(read("machine/firmware-variables")).toBe("/plain.variables");
        expect(fs.statSync(at("disk/firmware-variables")).mode & 0o777).toBe(0o600);

        const changed = "/PLAIN.VARIABLES";
        fs.writeFileSync(at("disk/firmware-variables"), changed);
        expect((await prepare()).code).toBe(0);
        expect(read("machine/firmware-variables")).toBe(changed);
        expect(read("plain.variables")).toBe("/plain.variables");

        fs.writeFileSync(at("plain.variables"), "larger than before");
        expect((await prepare()).code).toBe(0);
        expect(read("machine/firmware-variables")).toBe("larger than before");
    });

    test("without firmware it says which package has it", async () => {
        const ran = await prepare();
        expect(ran.code).toBe(1);
        expect(ran.stderr).toContain("apt-get install ovmf");
    });
});
