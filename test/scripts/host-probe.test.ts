/** scripts/host/probe.sh, key-pair-make.sh and the record that all scripts keep. */
import { execFileSync, spawn } from "child_process";
import { once } from "events";
import * as fs from "fs";
import * as path from "path";
import { parseSightings } from "../../components/host/drift-probe";
import { killHard, pidOf, until } from "../support/host-state";
import { ScriptHost } from "../support/host-script";
import { shells } from "../support/script-process";

describe.each(shells)("%s", (shell) => {
    let host: ScriptHost;
    beforeEach(() => (host = new ScriptHost(shell)));
    afterEach(() => {
        host.dispose();
    });

    const probe = async () => {
        const ran = await host.run("probe", "");
        expect(ran).toMatchObject({ code: 0, stderr: "" });
        return parseSightings(ran.stdout);
    };
    const incarnationOf = async (key: string) => (await probe()).things.get(key)?.incarnation;
    const file = (name: string) => ({
        KUBEDEV_PATH: host.at(name),
        KUBEDEV_MODE: "0600",
        KUBEDEV_OWNER: "",
        KUBEDEV_OVERWRITE: "false",
    });

    test("nothing is there: a number that later events change", async () => {
        const nothing = await probe();
        expect(nothing.things.size).toBe(0);
        expect(nothing.absent).toBe(Math.floor(fs.statSync(host.home).mtimeMs));
        expect((await probe()).absent).toBe(nothing.absent);
        await host.run("file-write", "a", file("a"), "x");
        expect((await probe()).absent).toBeGreaterThan(nothing.absent);
    });

    test("a file: as it was left, changed, gone, written again", async () => {
        await host.run("file-write", "a", file("a b"), "x");
        expect(await incarnationOf("a")).toBe(7);
        fs.appendFileSync(host.at("a b"), "y");
        expect(await incarnationOf("a")).toBe(8);
        fs.rmSync(host.at("a b"));
        expect(await incarnationOf("a")).toBe(8);
        await host.run("file-write", "a", { ...file("a b"), KUBEDEV_INCARNATION: "8" }, "x");
        expect(await incarnationOf("a")).toBe(8);
    });

    test("a file that another run still works on counts as alive until its end", async () => {
        await host.run("file-write", "a", file("a"), "x");
        const lock = host.at("it's a lock");
        const facts = async () => (await probe()).things.get("a")?.facts;
        const record = path.join(host.dir("a"), "record");
        fs.appendFileSync(record, `busy=${lock}\nfact.fingerprint=v2\nfact.turn=3\n`);
        expect(await facts()).toEqual({ fingerprint: "v2", turn: "3" });
        fs.appendFileSync(host.at("a"), "y");
        expect(await incarnationOf("a")).toBe(8);
        fs.writeFileSync(lock, "");
        expect(await incarnationOf("a")).toBe(8);
        // The second is that of the thing, under which the record is written after the first is given back.
        for (const held of [lock, host.at("lock")]) {
            const holds = ["sh", "-c", "echo held && exec sleep 1000"];
            const run = spawn("flock", ["--nonblock", "--no-fork", held, ...holds], {
                stdio: ["ignore", "pipe", "ignore"],
            });
            await once(run.stdout, "data");
            expect(await incarnationOf("a")).toBe(7);
            // What it will be called at the end is not known.
            expect(await facts()).toEqual({ turn: "3" });
            run.kill("SIGKILL");
            await once(run, "exit");
            expect(await incarnationOf("a")).toBe(8);
        }
    });

    test("a process: alive, dead, a zombie, another one with its number, before a reboot", async () => {
        const service = {
            KUBEDEV_RUN: "exec sleep 1000",
            KUBEDEV_PRE_START: "",
            KUBEDEV_HEALTH: "true",
            KUBEDEV_HEALTH_SEC: "5",
            KUBEDEV_STOP: "",
            KUBEDEV_STOP_SEC: "5",
            KUBEDEV_LOG_MIB: "1",
            KUBEDEV_LOG_KEEP: "1",
            KUBEDEV_SUPERVISOR: "detached",
            KUBEDEV_RUNNING: "true",
        };
        expect((await host.run("service-start", "s", service)).code).toBe(0);
        const record = path.join(host.dir("s"), "record");
        const truth = fs.readFileSync(record, "utf8");
        const seen = await probe();
        expect(seen.things.get("s")).toEqual({
            format: 1,
            incarnation: 7,
            facts: { log: path.join(host.dir("s"), "log") },
        });
        for (const [name, other] of [
            ["pid", String(process.pid)],
            ["startTicks", "1"],
            ["bootId", "00000000-0000-0000-0000-000000000000"],
        ]) {
            fs.writeFileSync(
                record,
                truth.replace(
                    new RegExp(`^${name ?? ""}=.*$`, "m"),
                    `${name ?? ""}=${other ?? ""}`,
                ),
            );
            expect([name, await incarnationOf("s")]).toEqual([name, 8]);
        }
        fs.writeFileSync(record, truth);
        expect(await incarnationOf("s")).toBe(7);
        await killHard(pidOf(host.dir("s")));
        expect(await incarnationOf("s")).toBe(8);
        // Facts of the dead are no facts.
        expect((await probe()).things.get("s")?.facts).toBeUndefined();
    });

    test("a place where nothing is mounted any more is dead", async () => {
        for (const [name, place] of Object.entries({ m: "/proc", n: "/proc/nothing" })) {
            fs.mkdirSync(host.dir(name), { recursive: true });
            fs.writeFileSync(
                path.join(host.dir(name), "record"),
                `incarnation=1\nmount=${place}\n`,
            );
        }
        expect([await incarnationOf("m"), await incarnationOf("n")]).toEqual([1, 2]);
    });

    test("a process that ended and was not reaped counts as dead", async () => {
        // The child ends with its input, once its parent has become a sleep, which never waits for it.
        const text = "exec 3<&0; cat <&3 & echo $!; exec sleep 100 3<&- </dev/null";
        const parent = spawn("bash", ["-c", text]);
        const pid = await new Promise<number>((resolve) =>
            parent.stdout.once("data", (data: Buffer) => {
                resolve(Number(data.toString()));
            }),
        );
        const of = (process: number, file: string) =>
            fs.readFileSync(`/proc/${String(process)}/${file}`, "utf8");
        const stat = () => of(pid, "stat").split(") ")[1] ?? "";
        await until(() => of(parent.pid ?? 0, "comm") === "sleep\n", "the parent's sleep");
        parent.stdin.end();
        await until(() => stat().startsWith("Z"), "the zombie");
        const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
        fs.mkdirSync(host.dir("z"), { recursive: true });
        fs.writeFileSync(
            path.join(host.dir("z"), "record"),
            `incarnation=1\npid=${String(pid)}\nstartTicks=${stat().split(" ")[19] ?? ""}\nbootId=${boot}`,
        );
        expect(await incarnationOf("z")).toBe(2);
        parent.kill("SIGKILL");
    });

    test("a lost record is a death, in the same second and after a failed create too", async () => {
        await host.run("file-write", "a", file("a"), "x");
        const lost = path.join(host.dir("a"), "record");
        const alive = (await incarnationOf("a")) ?? 0;
        fs.rmSync(lost);
        const first = (await incarnationOf("a")) ?? 0;
        expect(first).toBeGreaterThan(alive);
        // The number that was seen is what the next create writes; to lose that one is another death.
        await host.run(
            "file-write",
            "a",
            { ...file("a"), KUBEDEV_INCARNATION: String(first) },
            "x",
        );
        expect(await incarnationOf("a")).toBe(first);
        await new Promise((resolve) => setTimeout(resolve, 20));
        fs.rmSync(lost);
        expect(await incarnationOf("a")).toBeGreaterThan(first);
    });

    test("a key pair is made once, kept, and made anew when a part of it is gone", async () => {
        const make = (comment: string) =>
            host.run("key-pair-make", "k", { KUBEDEV_COMMENT: comment });
        const made = await make("me & you");
        expect(made.code).toBe(0);
        const { publicKey } = JSON.parse(made.stdout) as { publicKey: string };
        expect(publicKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]+=* me & you$/);
        expect((await probe()).things.get("k")).toEqual({
            format: 1,
            incarnation: 7,
            facts: { publicKey },
        });
        const at = (name: string) => path.join(host.dir("k"), name);
        expect(fs.statSync(at("id_ed25519")).mode & 0o777).toBe(0o600);
        expect(fs.readFileSync(at("known_hosts"), "utf8")).toBe(
            `* ${publicKey.split(" ").slice(0, 2).join(" ")}\n`,
        );
        const before = fs.readFileSync(at("id_ed25519"), "utf8");
        expect(JSON.parse((await make("other")).stdout)).toEqual({
            publicKey: publicKey.replace("me & you", "other"),
        });
        expect(fs.readFileSync(at("id_ed25519"), "utf8")).toBe(before);
        for (const name of ["id_ed25519", "id_ed25519.pub", "known_hosts"]) {
            const text = fs.readFileSync(at(name));
            fs.rmSync(at(name));
            expect([name, await incarnationOf("k")]).toEqual([name, 8]);
            fs.writeFileSync(at(name), text);
        }
        await host.run("forget", "k");
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test("twenty things are looked at in a tenth of a second", async () => {
        for (let i = 0; i < 20; i++) {
            const dir = host.dir(`f${String(i)}`);
            fs.mkdirSync(dir, { recursive: true });
            fs.writeFileSync(path.join(dir, "file"), "x");
            const mtime = execFileSync("stat", ["-c", "%.9Y", path.join(dir, "file")], {
                encoding: "utf8",
            });
            fs.writeFileSync(
                path.join(dir, "record"),
                `incarnation=1\npath=${path.join(dir, "file")}\nsize=1\nmtime=${mtime}`,
            );
        }
        // What the machine takes for as many starts of a program says how busy it is.
        const timed = async (run: () => unknown) => {
            const times: number[] = [];
            for (let i = 0; i < 5; i++) {
                const before = process.hrtime.bigint();
                await run();
                times.push(Number(process.hrtime.bigint() - before) / 1e6);
            }
            return Math.min(...times);
        };
        const starts = await timed(() =>
            execFileSync(shell, ["-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done"]),
        );
        const looked = await timed(probe);
        expect([...(await probe()).things.values()].every((t) => t.incarnation === 1)).toBe(true);
        // 100 ms on an idle machine, where ten starts of a program take some 10 ms.
        expect(looked).toBeLessThan(Math.max(100, starts * 10));
    });
});
