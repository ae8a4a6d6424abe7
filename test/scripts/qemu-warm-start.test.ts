/** scripts/qemu/warm: when a machine starts from a snapshot, and what becomes of snapshots; snapshots are files that stand for one. */
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { isRunning, until } from "../support/host-state";
import { runScript, scratchDirectory, shells, startScript } from "../support/script-process";

const image = (...args: string[]) => execFileSync("qemu-img", args, { encoding: "utf8" });
/** Makes what snapshot-make.sh does, without a guest, and says what it was called with. */
const standIn = `
echo "made" >>"$MADE"
mkdir "$SNAPSHOT_DIR"
cd "$SNAPSHOT_DIR"
qemu-img create -q -f qcow2 -b "$MACHINE_IMAGE_DIR/disk" -F qcow2 disk 64M
qemu-io -c 'write -P 7 1M 1M' disk >/dev/null
echo memory >memory
echo state >state
sha256sum disk state >intact
stat -c '%s %.9Y' memory >memory-facts
`;

describe.each(shells)("prepare.sh, %s", (shell) => {
    let directory: string;
    let machine: string;
    const file = (name: string) => path.join(directory, name);
    const disk = () => file("disk-dir/disk.qcow2");
    const emptyDisk = () => {
        fs.rmSync(disk(), { force: true });
        image(
            "create",
            "-q",
            "-f",
            "qcow2",
            "-b",
            file("image/disk"),
            "-F",
            "qcow2",
            disk(),
            "64M",
        );
    };

    beforeEach(() => {
        directory = scratchDirectory();
        machine = file("machine");
        for (const name of ["machine", "disk-dir", "image", "cache"]) {
            fs.mkdirSync(file(name));
        }
        image("create", "-q", "-f", "qcow2", file("image/disk"), "64M");
        emptyDisk();
        fs.writeFileSync(path.join(machine, "accelerator"), "tcg\n");
        fs.writeFileSync(path.join(machine, "credential-tmpfiles"), "f+~ /etc/x - - - - eA==\n");
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const prepare = async (more: Record<string, string> = {}) => {
        const done = await runScript(
            "qemu/warm/prepare",
            {
                XDG_CACHE_HOME: file("cache"),
                MACHINE_DISK_DIR: file("disk-dir"),
                MACHINE_IMAGE_DIR: file("image"),
                MACHINE_BASE_FORMAT: "qcow2",
                MADE: file("made"),
                SNAPSHOT_LIMIT_SEC: "180",
                WARM_KEY: "key",
                WARM_MAKE: standIn,
                WARM_PERSONALISE: script("qemu/warm/personalise.sh"),
                WARM_HOSTNAME: "node",
                WARM_UUID: "6f1f5d2c-8d3e-8f6a-9c1b-0d2e4f6a8b0c",
                WARM_LINE_KVM: "line=kvm",
                WARM_LINE_TCG: "line=tcg",
                ...more,
            },
            { shell, cwd: machine },
        );
        expect(done).toMatchObject({ code: 0 });
        return done.stderr;
    };
    const isWarm = () => fs.existsSync(path.join(machine, "warm"));
    const made = () => fs.readFileSync(file("made"), "utf8").split("\n").length - 1;
    const snapshots = () =>
        fs
            .readdirSync(file("cache/kubedev/snapshots"))
            .filter((name) => !name.endsWith(".lock"))
            .map((name) => file(`cache/kubedev/snapshots/${name}`));

    test("a new disk becomes a copy of the snapshot's, over the machine's own base image", async () => {
        await prepare();
        expect(isWarm()).toBe(true);
        const info = JSON.parse(image("info", "--output=json", disk())) as Record<string, unknown>;
        expect(info).toMatchObject({ "backing-filename": file("image/disk") });
        expect(() =>
            execFileSync("qemu-io", ["-r", "-c", "read -P 7 1M 1M", disk()]),
        ).not.toThrow();
        const document = fs.readFileSync(path.join(machine, "warm/document"), "utf8");
        expect(document).toMatch(/^hostname 4\nnode\nuuid 36\n6f1f5d2c-/);
        expect(document).toContain("kernel-line 8\nline=tcg\ntmpfiles 24\nf+~ /etc/x");
        expect(document).toMatch(/\nend\n$/);
        expect(fs.statSync(path.join(machine, "warm/document")).mode & 0o777).toBe(0o600);
    });

    test("a second machine takes the same snapshot, and gets other random numbers", async () => {
        const entropy = () =>
            /entropy 128\n([0-9a-f]{128})\n/.exec(
                fs.readFileSync(path.join(machine, "warm/document"), "utf8"),
            )?.[1];
        await prepare();
        const first = entropy();
        emptyDisk();
        await prepare({ WARM_HOSTNAME: "other" });
        expect(made()).toBe(1);
        expect(first).toBeDefined();
        expect(entropy()).not.toBe(first);
    });

    test("a snapshot that nobody has used for a month is removed, the machine's own is not", async () => {
        await prepare();
        const snapshots = file("cache/kubedev/snapshots");
        const [own = ""] = fs.readdirSync(snapshots).filter((name) => !name.endsWith(".lock"));
        const longAgo = Date.now() / 1000 - 40 * 86_400;
        for (const name of ["unused", "used"]) fs.mkdirSync(path.join(snapshots, name));
        for (const name of ["unused", own]) {
            fs.utimesSync(path.join(snapshots, name), longAgo, longAgo);
        }
        emptyDisk();
        await prepare();
        const left = fs.readdirSync(snapshots).filter((name) => !name.endsWith(".lock"));
        expect(left.sort()).toEqual([own, "used"].sort());
        expect(made()).toBe(1);
        expect(fs.statSync(path.join(snapshots, own)).mtimeMs / 1000).toBeGreaterThan(longAgo);
    });

    test.each<[string, Record<string, string>, () => void]>([
        ["another key of the program", { WARM_KEY: "other" }, () => undefined],
        [
            "another base image",
            {},
            () => {
                fs.utimesSync(file("image/disk"), 1, 1);
            },
        ],
        [
            "another accelerator",
            {},
            () => {
                fs.writeFileSync(path.join(machine, "accelerator"), "kvm\n");
            },
        ],
    ])("%s is another snapshot", async (_what, more, change) => {
        await prepare();
        emptyDisk();
        change();
        await prepare(more);
        expect(made()).toBe(2);
        expect(snapshots()).toHaveLength(2);
    });

    test("a disk that a guest has used starts cold, without a word, and stays as it is", async () => {
        execFileSync("qemu-io", ["-c", "write -P 9 2M 64k", disk()]);
        const before = fs.readFileSync(disk());
        fs.mkdirSync(path.join(machine, "warm"));
        expect(await prepare()).not.toContain("warm start:");
        expect(isWarm()).toBe(false);
        expect(fs.readFileSync(disk()).equals(before)).toBe(true);
        expect(fs.existsSync(file("made"))).toBe(false);
    });

    test("where no snapshot can be taken the machine starts cold, and says so", async () => {
        const said = await prepare({ WARM_MAKE: "echo 'warm start: no luck' >&2; exit 1" });
        expect(said).toContain("no luck");
        expect(said).toContain("the machine starts cold");
        expect(isWarm()).toBe(false);
        expect(snapshots()).toEqual([]);
    });

    test.each([
        ["its state", "echo x >>state"],
        ["its disk", "echo x >>disk"],
        ["its memory", "echo mEmory >memory"],
        ["a part", "rm intact"],
    ])("a snapshot that has lost %s is taken anew", async (_what, damage) => {
        await prepare();
        execFileSync("sh", ["-c", damage], { cwd: snapshots()[0] });
        emptyDisk();
        expect(await prepare()).toContain("is damaged: it is taken anew");
        expect(made()).toBe(2);
        expect(isWarm()).toBe(true);
    });
});

describe("snapshot-make.sh", () => {
    let directory: string;
    const file = (name: string) => path.join(directory, name);
    beforeEach(() => {
        directory = scratchDirectory();
        for (const name of ["image", "machine"]) {
            fs.mkdirSync(file(name));
        }
        for (const name of ["accelerator", "kernel", "initrd"]) {
            fs.writeFileSync(file(`machine/${name}`), "");
        }
        image("create", "-q", "-f", "qcow2", file("image/disk"), "64M");
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });
    const started = (run: string, limitSec = 60) =>
        startScript(
            "qemu/warm/snapshot-make",
            {
                SNAPSHOT_DIR: file("snapshot"),
                SNAPSHOT_RUN: run,
                SNAPSHOT_DISK_MIB: "64",
                SNAPSHOT_LIMIT_SEC: String(limitSec),
                MACHINE_IMAGE_DIR: file("image"),
                MACHINE_BASE_FORMAT: "qcow2",
                WARM_AGENT: "agent\n",
                WARM_UNIT: "unit\n",
                WARM_RULES: "rules\n",
            },
            { cwd: file("machine") },
        );
    const pidFile = () => file("snapshot.tmp/qemu-pid");
    const standInQemu = "echo $$ >qemu-pid.new; mv qemu-pid.new qemu-pid; exec sleep 600";

    test.each(["SIGKILL", "SIGTERM"] as const)("%s ends QEMU with it", async (signal) => {
        const { child, ended } = started(standInQemu);
        child.stdin.end();
        await until(() => fs.existsSync(pidFile()), "a QEMU", 60_000);
        const qemu = Number(fs.readFileSync(pidFile(), "utf8"));
        expect(isRunning(qemu)).toBe(true);
        child.kill(signal);
        await until(() => !isRunning(qemu), "the end of QEMU");
        await ended;
        expect(fs.existsSync(file("snapshot"))).toBe(false);
        // What is left of one that was killed the next takes away.
        expect(fs.existsSync(file("snapshot.tmp"))).toBe(signal === "SIGKILL");
    });

    test.each([
        ["exit 1", 60, "QEMU ended before the login of its console"],
        ["exec sleep 600", 1, "the login of its console did not come within 1 s"],
    ])(
        "of QEMU that does not do it (%s) it says why, and leaves nothing",
        async (run, limit, why) => {
            fs.mkdirSync(file("snapshot.tmp"));
            fs.writeFileSync(file("snapshot.tmp/disk"), "of one that was killed");
            const { child, ended } = started(run, limit);
            child.stdin.end();
            const done = await ended;
            expect(done.code).toBe(1);
            expect(done.stderr).toContain(why);
            expect(fs.readdirSync(directory).sort()).toEqual(["image", "machine"]);
        },
    );

    test("its keys and the agent are in no file that stays, nor readable by others", async () => {
        const { child, ended } = started(standInQemu);
        child.stdin.end();
        await until(() => fs.existsSync(pidFile()), "a QEMU", 60_000);
        expect(fs.readdirSync(file("snapshot.tmp"))).not.toContain("host-key");
        expect(fs.statSync(file("snapshot.tmp")).mode & 0o777).toBe(0o700);
        expect(fs.statSync(file("snapshot.tmp/credential-tmpfiles")).mode & 0o777).toBe(0o600);
        child.kill("SIGTERM");
        await ended;
    });
});

describe("personalise.sh and wait-personal.sh", () => {
    let directory: string;
    const file = (name: string) => path.join(directory, name);
    beforeEach(() => {
        directory = scratchDirectory();
        fs.mkdirSync(file("warm"));
        fs.mkdirSync(file("snapshot"));
        fs.symlinkSync(file("snapshot"), file("warm/snapshot"));
        fs.writeFileSync(file("snapshot/state"), "of devices");
        fs.linkSync(file("snapshot/state"), file("warm/state"));
        fs.writeFileSync(file("warm/commands"), '{"execute":"one"}\n{"execute":"two"}\n');
        fs.writeFileSync(file("warm/document"), "hostname 4\nnode\nend\n");
        fs.writeFileSync(file("warm/limit"), "20\n");
        fs.writeFileSync(file("warm/personalise"), script("qemu/warm/personalise.sh"));
    });
    afterEach(() => {
        fs.rmSync(directory, { recursive: true, force: true });
    });

    /** QEMU and a guest that read all, and answer this; answers what each read. */
    async function restored(
        answer: string,
        refusal = "",
    ): Promise<{ qemu: string; guest: string }> {
        fs.writeFileSync(
            file("qemu"),
            `echo '{"QMP":{}}'; while read -r line; do echo "$line" >>heard-qemu; echo '{"event":"X"}'; echo '${refusal || '{"return":{}}'}'; done`,
        );
        fs.writeFileSync(
            file("guest"),
            `read -r hello; echo listening; while read -r line; do echo "$line" >>heard-guest; [ "$line" != end ] || break; done; echo '${answer}'`,
        );
        fs.writeFileSync(file("heard-guest"), "");
        const listeners = [
            ["qmp", "qemu"],
            ["personal", "guest"],
        ].map(([socket = "", who = ""]) =>
            spawn("socat", [`UNIX-LISTEN:${socket}.sock`, `EXEC:sh ./${who}`], {
                cwd: directory,
                stdio: "ignore",
            }),
        );
        try {
            await until(() => fs.existsSync(file("personal.sock")), "a guest that listens");
            await runScript("qemu/warm/personalise", {}, { cwd: directory });
        } finally {
            for (const listener of listeners) {
                listener.kill();
            }
        }
        const heard = (who: string) => fs.readFileSync(file(`heard-${who}`), "utf8");
        return { qemu: heard("qemu"), guest: heard("guest") };
    }
    const wait = (pid = process.pid) =>
        runScript("qemu/warm/wait-personal", { KUBEDEV_PID: String(pid) }, { cwd: directory });

    test("QEMU gets its commands, the guest time and document; nothing is left of it", async () => {
        const { qemu, guest } = await restored("ok");
        expect(qemu).toBe('{"execute":"one"}\n{"execute":"two"}\n');
        expect(guest).toMatch(/^time \d+\n\d+\.\d{9}\nhostname 4\nnode\nend\n$/);
        expect(await wait()).toMatchObject({ code: 0, stderr: "" });
        expect(fs.existsSync(file("warm"))).toBe(false);
        expect(fs.existsSync(file("snapshot"))).toBe(true);
    });

    test("of QEMU that refuses the reason is said, and the guest is left alone", async () => {
        const { guest } = await restored("ok", '{"error":{"desc":"no such state"}}');
        expect(guest).toBe("");
        expect((await wait()).stderr).toContain("no such state");
        expect(fs.existsSync(file("snapshot"))).toBe(false);
    });

    test("of a guest that refuses the reason is said, and its snapshot is gone", async () => {
        await restored("failed clock: not permitted");
        const said = await wait();
        expect(said.code).toBe(3);
        expect(said.stderr).toContain("failed clock: not permitted");
        expect(said.stderr).toContain("the same again starts the machine cold");
        expect(fs.existsSync(file("snapshot"))).toBe(false);
    });

    test("a snapshot that another machine has taken since stays", async () => {
        fs.rmSync(file("snapshot/state"));
        fs.writeFileSync(file("snapshot/state"), "of other devices");
        await restored("failed clock: not permitted");
        expect((await wait()).code).toBe(3);
        expect(fs.readFileSync(file("snapshot/state"), "utf8")).toBe("of other devices");
    });

    test.each([
        [
            "the snapshot",
            "qemu: load of migration failed: Invalid argument\n",
            "did not take",
            false,
        ],
        ["something else", "qemu: could not set up host forwarding rule\n", "QEMU has ended", true],
    ])("of QEMU that has ended for %s it is said at once", async (_, log, message, stays) => {
        fs.writeFileSync(file("log"), log);
        const said = await wait(4194305);
        expect(said.code).toBe(3);
        expect(said.stderr).toContain(message);
        expect(fs.existsSync(file("snapshot"))).toBe(stays);
    });

    test("a machine that started cold is not waited for", async () => {
        fs.rmSync(file("warm"), { recursive: true });
        expect(await wait()).toMatchObject({ code: 0, stderr: "" });
    });
});
