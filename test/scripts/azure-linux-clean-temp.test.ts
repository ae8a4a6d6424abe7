/** scripts/azure/linux-clean-temp.sh on scratch directories. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { json, runScript, scratchDirectory, shells } from "../support/script-process";

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
