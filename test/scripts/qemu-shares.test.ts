/** What makes shares ready: virtiofsd-find.sh and machine-shares.sh on this machine, guest-shares.sh, as guest-ready.sh runs it, between programs that play the guest's. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { isRunning, until, withArguments } from "../support/host-state";
import { describeUnless, namespaceMissing } from "../support/mount-namespace";
import { runScript, scratchDirectory, shells } from "../support/script-process";
import { scratchDir } from "../support/scratch";

describe.each(shells)("%s", (shell) => {
    let directory: string;
    let place: string;
    beforeEach(() => {
        directory = scratchDirectory();
        // Where it is mounted has no blank in it.
        place = scratchDir("kubedev-place-");
        fs.mkdirSync(at("etc"));
        fs.mkdirSync(at("bin"));
        fs.writeFileSync(at("calls"), "");
        for (const program of ["systemctl", "mount", "modprobe"]) {
            play(program, `echo "${program} $*" >>'${at("calls")}'`);
        }
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
        fs.rmSync(place, { recursive: true, force: true });
    });

    const at = (name: string) => path.join(directory, name);
    const read = (name: string) => fs.readFileSync(at(name), "utf8");
    function play(program: string, text: string): void {
        fs.writeFileSync(at(`bin/${program}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const PATH = () => `${at("bin")}:${String(process.env["PATH"])}`;
    const ready = (GUEST_SHARES?: string) =>
        runScript(
            "qemu/guest-ready",
            {
                ...{ PATH: PATH(), HOME: directory, GUEST_ETC: at("etc"), KUBEDEV_DIR: at("none") },
                ...(GUEST_SHARES === undefined ? {} : { GUEST_SHARES }),
            },
            { shell },
        );
    const own = "UUID=1 / ext4 defaults 0 1\n# x-kubedev-share is a word\n";
    const line = (tag: string, mode: string) =>
        `${tag} ${place}/${tag} virtiofs ${mode},nosuid,nodev,nofail,x-systemd.before=local-fs.target,x-kubedev-share 0 0\n`;

    test("a guest without shares, before and now, is left alone", async () => {
        expect((await ready()).code).toBe(0);
        expect((await ready("")).code).toBe(0);
        expect(fs.readdirSync(at("etc"))).toEqual([]);
        expect(read("calls")).toBe("");
    });

    test("shares are lines of fstab beside those of others, and are mounted by them", async () => {
        fs.writeFileSync(at("etc/fstab"), own);
        const shares = `src ${place}/src ro\nout ${place}/out rw\n`;
        expect(await ready(shares)).toMatchObject({ code: 0, stderr: "" });
        expect(read("etc/fstab")).toBe(own + line("src", "ro") + line("out", "rw"));
        expect(fs.statSync(at("etc/fstab")).mode & 0o777).toBe(0o644);
        expect(fs.readdirSync(place).sort()).toEqual(["out", "src"]);
        expect(read("calls")).toBe(
            `systemctl daemon-reload\nmount ${place}/src\nmount ${place}/out\n`,
        );
        // Once more: the table is as it should be.
        fs.writeFileSync(at("calls"), "");
        expect((await ready(shares)).code).toBe(0);
        expect(read("calls")).toBe(`mount ${place}/src\nmount ${place}/out\n`);
    });

    test("lines of shares that are gone are taken out, with what this boot has tried of them", async () => {
        fs.writeFileSync(at("etc/fstab"), line("old", "ro") + own + line("src", "ro"));
        expect((await ready(`src ${place}/src rw\n`)).code).toBe(0);
        expect(read("etc/fstab")).toBe(own + line("src", "rw"));
        expect(read("calls")).toMatch(/^systemctl reset-failed .*place.*old\.mount$/m);
        expect((await ready("")).code).toBe(0);
        expect(read("etc/fstab")).toBe(own);
    });

    test("a guest that cannot mount it fails, and says why", async () => {
        play("mount", "echo 'unknown filesystem type' >&2; exit 32");
        const ran = await ready(`src ${place}/src ro\n`);
        expect(ran.code).toBe(1);
        expect(ran.stderr).toMatch(
            /\bvirtiofs$/m.test(fs.readFileSync("/proc/filesystems", "utf8"))
                ? /src could not be mounted: unknown filesystem type/
                : /kernel of this guest .* has no virtiofs.*take a base image whose kernel has it/,
        );
    });

    const find = (PATHS: string, root = directory) =>
        runScript("qemu/virtiofsd-find", { PATH: PATHS, SHARES_ROOT: root }, { shell });
    function program(name: string): string {
        fs.mkdirSync(path.dirname(at(name)), { recursive: true });
        fs.writeFileSync(at(name), "#!/bin/sh\n", { mode: 0o755 });
        return at(name);
    }

    test("virtiofsd is found where distributions have it, the newer one first, and on the PATH", async () => {
        expect(await find("/bin")).toMatchObject({ code: 1, stdout: /none on the PATH, in/ });
        for (const name of ["usr/lib/qemu/virtiofsd", "usr/libexec/virtiofsd", "bin/virtiofsd"]) {
            const expected = program(name);
            const paths = name.startsWith("bin") ? PATH() : "/bin";
            expect(await find(paths)).toMatchObject({ code: 0, stdout: `${expected}\n` });
        }
    });

    /** machine-shares.sh behind the one function of machine-prepare.sh that it takes, in the machine's directory. */
    function prepare(MACHINE_SHARES: string, MACHINE_FIND_VIRTIOFSD = "echo /found") {
        fs.mkdirSync(at("machine"), { recursive: true });
        fs.writeFileSync(
            at("prepare.sh"),
            `set -eu; fail() { echo "machine: $*" >&2; exit 1; }\n${script("qemu/machine-shares.sh")}`,
        );
        const texts = {
            MACHINE_SHARE: script("qemu/host-share.pl"),
            MACHINE_SHARE_SERVE: script("qemu/host-share-serve.pl"),
            MACHINE_STOP: `echo "stopped $KUBEDEV_PID" >stopped`,
        };
        const values = { ...texts, MACHINE_SHARES, MACHINE_FIND_VIRTIOFSD };
        return runScript(at("prepare"), values, { shell, cwd: at("machine") });
    }

    test("a machine's directory has what serves its shares, of which each is there", async () => {
        expect(await prepare(`${directory}\n/usr\n`)).toMatchObject({ code: 0 });
        expect(fs.readlinkSync(at("machine/virtiofsd"))).toBe("/found");
        expect(read("machine/host-share.pl")).toContain("listen($listener");
        const gone = await prepare(`/usr\n${at("gone")}\n`);
        expect(gone.code).toBe(1);
        expect(gone.stderr).toMatch(/got .*gone as sourcePath .*no directory here; expected one/);
        const lacking = await prepare("/usr\n", "echo none on the PATH; exit 1");
        expect(lacking.code).toBe(1);
        expect(lacking.stderr).toMatch(
            /no virtiofsd: none on the PATH; install it: apt-get install/,
        );
    });

    describeUnless(namespaceMissing, "what serves a share", () => {
        /** What stands for QEMU, with what stands for virtiofsd: it says its arguments and its process, and does as it is told. */
        async function serve(daemon: string, qemu: string): Promise<number> {
            const saying = `echo "$@" >'${at("arguments")}'; echo $$ >'${at("new")}'; mv '${at("new")}' '${at("pid")}'`;
            play("virtiofsd", `[ "$1" != --help ] || exit 0; ${saying}; ${daemon}`);
            await prepare("/usr\n", `echo '${at("bin/virtiofsd")}'`);
            const machine = `perl host-share.pl t rw '${place},b' || exit 1; ls share-t.sock; exec ${qemu}`;
            const ran = spawnSync(shell, ["-c", machine], { cwd: at("machine"), encoding: "utf8" });
            expect(ran).toMatchObject({ status: 0, stdout: "share-t.sock\n" });
            await until(() => fs.existsSync(at("pid")), "the daemon");
            return Number(read("pid"));
        }
        const watchers = () => withArguments(`${place},b`);

        test("gets a socket that listens, and ends with a QEMU that never connected to it", async () => {
            const daemon = await serve("exec sleep 1000", "sleep 2");
            expect(read("arguments")).toMatch(/^-f --fd=\d+ -o log_level=warn -o source=\S+\\,b$/m);
            await until(() => !isRunning(daemon), "its end");
            await until(() => watchers().length === 0, "the end of what watched it");
            expect(fs.existsSync(at("machine/stopped"))).toBe(false);
        });

        test("stops the machine when it ends first", async () => {
            await serve("sleep 0.2; exit 7", "sleep 5");
            await until(() => watchers().length === 0, "the end of what watched it");
            expect(read("machine/stopped")).toMatch(/^stopped \d+\n$/);
        });
    });
});
