/** scripts/host/service-start.sh and service-remove.sh with real processes: detached, on dash and bash. */
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as path from "path";
import { isRunning, killHard, markedBy, pidOf, recordOf, until } from "../support/host-state";
import { ScriptHost } from "../support/host-script";
import { Ran, shells } from "../support/script-process";

describe.each(shells)("%s", (shell) => {
    let host: ScriptHost;
    beforeEach(() => (host = new ScriptHost(shell)));
    afterEach(() => {
        host.dispose();
    });

    const values = (run: string, more: Record<string, string> = {}) => ({
        KUBEDEV_RUN: run,
        KUBEDEV_PRE_START: "",
        KUBEDEV_HEALTH: "true",
        KUBEDEV_HEALTH_SEC: "10",
        KUBEDEV_STOP: "",
        KUBEDEV_STOP_SEC: "5",
        KUBEDEV_LOG_MIB: "1",
        KUBEDEV_LOG_KEEP: "2",
        KUBEDEV_SUPERVISOR: "detached",
        KUBEDEV_RUNNING: "true",
        ...more,
    });
    const start = (run: string, more?: Record<string, string>) =>
        host.run("service-start", "s", values(run, more));
    const remove = (more?: Record<string, string>) =>
        host.run("service-remove", "s", values("", more));
    const dir = () => host.dir("s");
    const log = (name = "log") => fs.readFileSync(path.join(dir(), name), "utf8");
    const ok = (ran: Ran) => {
        expect(ran).toMatchObject({ code: 0 });
        return JSON.parse(ran.stdout) as { pid: number; log: string; supervisor: string };
    };
    const nothingRuns = () => {
        expect(markedBy(dir())).toEqual([]);
    };

    test("starts once, reports the same again, stops and leaves nothing", async () => {
        const first = ok(await start("echo up >&2; exec sleep 1000"));
        expect(first).toEqual({
            pid: pidOf(dir()),
            log: path.join(dir(), "log"),
            supervisor: "detached",
            unit: "",
        });
        expect(isRunning(first.pid)).toBe(true);
        await until(() => log() === "up\n", "the log");
        expect(ok(await start("echo up >&2; exec sleep 1000")).pid).toBe(first.pid);

        for (let i = 0; i < 2; i++) {
            expect((await remove()).code).toBe(0);
        }
        expect(isRunning(first.pid)).toBe(false);
        nothingRuns();
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test("of a user without linger it is a session of its own, since a unit would end with the login", async () => {
        const play = (name: string, text: string) => {
            fs.mkdirSync(host.at("bin"), { recursive: true });
            fs.writeFileSync(host.at(`bin/${name}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
        };
        play("id", 'case "$1" in -u) echo 1000 ;; *) echo dev ;; esac');
        play("systemctl", "exit 0");
        play("loginctl", "echo no");
        play("systemd-run", "exit 1");
        const PATH = `${host.at("bin")}:${process.env["PATH"] ?? ""}`;
        const auto = { KUBEDEV_SUPERVISOR: "auto", PATH };
        const ran = await start("exec sleep 1000", auto);
        expect(ok(ran).supervisor).toBe("detached");
        expect(ran.stderr).toContain("no linger for dev: the service runs detached");
        expect((await remove({ PATH })).code).toBe(0);
        nothingRuns();
        // With it a unit is wanted.
        play("loginctl", "echo yes");
        expect((await start("exec sleep 1000", auto)).code).not.toBe(0);
        nothingRuns();
    });

    test("a session of its own, a small environment, the usual umask, no lock, no terminal", async () => {
        const { pid } = ok(await start("exec sleep 1000", { SECRET_OF_THE_SHELL: "x", FOO: "y" }));
        const environ = fs.readFileSync(`/proc/${String(pid)}/environ`, "utf8").split("\0");
        expect(environ.map((line) => line.split("=")[0]).sort()).toEqual(
            ["", "HOME", "KUBEDEV_LOG_KEEP", "KUBEDEV_LOG_MIB", "KUBEDEV_SERVICE", "PATH"]
                .concat(
                    // What the shell itself adds.
                    environ.some((line) => line.startsWith("PWD=")) ? ["PWD"] : [],
                    environ.some((line) => line.startsWith("SHLVL=")) ? ["SHLVL"] : [],
                    environ.some((line) => line.startsWith("_=")) ? ["_"] : [],
                    environ.some((line) => line.startsWith("OLDPWD=")) ? ["OLDPWD"] : [],
                )
                .sort(),
        );
        const status = fs.readFileSync(`/proc/${String(pid)}/status`, "utf8");
        expect(status).toMatch(/^Umask:\t0022$/m);
        // Neither an interrupt nor a quit is ignored.
        const ignored = BigInt(`0x${/^SigIgn:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? "f"}`);
        expect(ignored & 0b110n).toBe(0n);
        const stat = fs.readFileSync(`/proc/${String(pid)}/stat`, "utf8").split(") ")[1] ?? "";
        expect(Number(stat.split(" ")[3])).toBe(pid);
        const open = fs
            .readdirSync(`/proc/${String(pid)}/fd`)
            .map((fd) => fs.readlinkSync(`/proc/${String(pid)}/fd/${fd}`));
        expect(open.filter((target) => target.endsWith("/lock"))).toEqual([]);
        expect(open[0]).toBe("/dev/null");
        await remove();
    });

    test("a change of spec or incarnation restarts it", async () => {
        const first = ok(await start("exec sleep 1000")).pid;
        const second = ok(await start("exec sleep 1000", { KUBEDEV_SPEC: "other" })).pid;
        const third = ok(
            await start("exec sleep 1000", { KUBEDEV_SPEC: "other", KUBEDEV_INCARNATION: "8" }),
        ).pid;
        expect(new Set([first, second, third]).size).toBe(3);
        expect([first, second, third].map(isRunning)).toEqual([false, false, true]);
        await remove();
    });

    test("dies at once: the log's last lines, and nothing left running", async () => {
        const failed = await start(
            'i=0; while [ $i -lt 50 ]; do echo "line $i"; i=$((i+1)); done; sleep 1000 & echo "no such option" >&2; exit 2',
            { KUBEDEV_HEALTH: "" },
        );
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain("line 49\nno such option\n");
        expect(failed.stderr).not.toContain("line 9\n");
        // Whichever look finds it first.
        expect(failed.stderr).toMatch(
            /kubedev: the service ended (at once, before it was healthy|just after it was started)\n$/,
        );
        nothingRuns();
        expect(fs.existsSync(path.join(dir(), "record"))).toBe(false);
        // The whole log is kept to be read, until the last thing of the stack goes.
        expect(log()).toContain("line 0\n");
        await host.run("key-pair-make", "other", { KUBEDEV_COMMENT: "" });
        await host.run("forget", "other");
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test("a program that does not exist", async () => {
        const failed = await start("exec no-such-program", { KUBEDEV_HEALTH: "" });
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain("no-such-program: not found");
    });

    test("never healthy: says what the check said and what it waited for", async () => {
        const failed = await start("echo waiting; exec sleep 1000", {
            KUBEDEV_HEALTH: "echo port is closed; exit 4",
            KUBEDEV_HEALTH_SEC: "3",
        });
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain("waiting for the service to be healthy: 2 of 3 s\n");
        expect(failed.stderr).toContain("the health check said: port is closed\n");
        expect(failed.stderr).toContain("last lines of ");
        expect(failed.stderr).toMatch(
            /kubedev: the service was not healthy after 3 s \(exit status of the check: 4\)\n$/,
        );
        nothingRuns();
    });

    test("a check that hangs is cut off, one that ends with 3 is believed", async () => {
        const hung = await start("exec sleep 1000", {
            KUBEDEV_HEALTH: "sleep 999",
            KUBEDEV_HEALTH_SEC: "1",
        });
        expect(hung.stderr).toContain("not healthy after 1 s (exit status of the check: 124)");
        const given = await start("exec sleep 1000", {
            KUBEDEV_HEALTH: "echo kernel panic; exit 3",
            KUBEDEV_HEALTH_SEC: "60",
        });
        expect(given.stderr).toContain("the health check said: kernel panic");
        expect(given.stderr).toContain("kubedev: the service will not become healthy");
        nothingRuns();
    });

    test("the check runs in the service's directory and knows its process", async () => {
        const { pid } = ok(
            await start("echo $$ >mine; exec sleep 1000", {
                KUBEDEV_HEALTH: '[ "$(cat mine)" = "$KUBEDEV_PID" ]',
            }),
        );
        expect(Number(fs.readFileSync(path.join(dir(), "mine"), "utf8"))).toBe(pid);
        await remove();
    });

    test("preparation runs before, and a failed one leaves nothing", async () => {
        ok(
            await start("exec sleep 1000", {
                KUBEDEV_PRE_START: "echo prepared >state",
                KUBEDEV_HEALTH: "grep -q prepared state",
            }),
        );
        await remove();
        const failed = await start("exec sleep 1000", {
            KUBEDEV_PRE_START: "echo no disk >&2; exit 9",
        });
        expect(failed.stderr).toBe(
            "no disk\nkubedev: the preparation of the service failed (exit status 9)\n",
        );
        expect(fs.existsSync(host.stack)).toBe(false);
    });

    test("asks to end, by a signal or a command, and kills after the deadline", async () => {
        const trap = (file: string) =>
            `trap 'echo asked >"${file}"; exit 0' TERM; while :; do sleep 0.1; done`;
        ok(await start(trap(host.at("asked"))));
        await remove();
        expect(fs.readFileSync(host.at("asked"), "utf8")).toBe("asked\n");

        const stop = {
            KUBEDEV_STOP: `echo $KUBEDEV_PID >"${host.at("by")}"; kill -INT $KUBEDEV_PID`,
        };
        const { pid } = ok(await start("trap 'exit 0' INT; while :; do sleep 0.1; done", stop));
        const stopped = await remove(stop);
        expect(Number(fs.readFileSync(host.at("by"), "utf8"))).toBe(pid);
        expect(stopped.stderr).not.toContain("killed");

        const deaf = ok(await start("trap '' TERM; while :; do sleep 0.1; done"));
        const killed = await remove({ KUBEDEV_STOP_SEC: "1" });
        expect(killed.stderr).toContain(
            `process ${String(deaf.pid)} did not end within 1 s: it is killed`,
        );
        expect(isRunning(deaf.pid)).toBe(false);
        nothingRuns();
    });

    test("takes the whole tree with it: sessions of their own, cleared environments, deaf ones", async () => {
        // Three kinds of children, and the service itself ignores none of them.
        const run = [
            `setsid sh -c 'echo $$ >"${host.at("a")}"; trap "" TERM; while :; do sleep 0.1; done' &`,
            `env -i setsid sh -c 'echo $$ >"${host.at("b")}"; exec sleep 1000' &`,
            `sh -c 'echo $$ >"${host.at("c")}"; exec sleep 1000' &`,
            "exec sleep 1000",
        ].join("\n");
        const all = ["a", "b", "c"].map((name) => host.at(name));
        ok(
            await start(run, {
                KUBEDEV_HEALTH: all.map((file) => `[ -s "${file}" ]`).join(" && "),
            }),
        );
        const pids = all.map((file) => Number(fs.readFileSync(file, "utf8")));
        expect(pids.map(isRunning)).toEqual([true, true, true]);
        expect((await remove()).code).toBe(0);
        expect(pids.map(isRunning)).toEqual([false, false, false]);
    });

    test("one that is not healthy: what it said before it was stopped, and what its check said at the end", async () => {
        const run = `trap 'i=0; while [ $i -lt 40 ]; do echo ending; i=$((i + 1)); done; exit 0' TERM
printf '\\033[31mno disk\\033[0m\\r\\n'; while :; do sleep 0.1; done`;
        const check = `end=$(($(date +%s) + KUBEDEV_LEFT_SEC)); while [ "$(date +%s)" -lt "$end" ]; do sleep 0.1; done
echo "asked in vain"; exit 1`;
        const failed = await start(run, { KUBEDEV_HEALTH: check, KUBEDEV_HEALTH_SEC: "2" });
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain("the health check said: asked in vain");
        expect(failed.stderr).toMatch(/last lines of .*\nno disk\nkubedev: the service was not/);
        expect(log()).toContain("ending");
        nothingRuns();
    });

    test("the log is bounded and its last lines survive", async () => {
        // 5 MiB through a log of 1 MiB with two old ones.
        const run =
            'yes "0123456789012345678901234567890" | head -c 5242880; echo the end; exec sleep 1000';
        ok(await start(run));
        await until(() => {
            try {
                return log().endsWith("the end\n");
            } catch {
                // Between an old log and its next there is none for a moment.
                return false;
            }
        }, "the last line");
        const sizes = ["log", "log.1", "log.2"].map(
            (name) => fs.statSync(path.join(dir(), name)).size,
        );
        expect(Math.max(...sizes)).toBeLessThanOrEqual(1048576);
        expect(fs.readdirSync(dir()).filter((name) => name.startsWith("log"))).toEqual([
            "log",
            "log-rotate",
            "log.1",
            "log.2",
        ]);
        // A restart keeps what was said before.
        ok(await start("echo again; exec sleep 1000", { KUBEDEV_SPEC: "other" }));
        await until(() => log() === "again\n", "the new log");
        expect(log("log.1")).toMatch(/the end\n$/);
        await remove();
    });

    test("lines appear at once, not when a buffer is full", async () => {
        ok(await start("echo one; sleep 1; echo two; exec sleep 1000"));
        await until(() => log() === "one\n", "the first line");
        await until(() => log() === "one\ntwo\n", "the second line");
        await remove();
    });

    test("killed while it starts: the next run leaves one process", async () => {
        const begun = host.start(
            "service-start",
            "s",
            values("exec sleep 1000", { KUBEDEV_HEALTH: "false" }),
        );
        await until(() => fs.existsSync(path.join(dir(), "record")), "the first record");
        const first = pidOf(dir());
        begun.child.kill("SIGKILL");
        await begun.ended;
        expect(isRunning(first)).toBe(true);
        // Not as wanted, though it lives: nobody saw it become healthy.
        expect(recordOf(dir()).spec).toBe("starting");
        const second = ok(await start("exec sleep 1000")).pid;
        expect([first, second].map(isRunning)).toEqual([false, true]);
        await remove();
        nothingRuns();
    });

    test("killed before there is a record: the process is found by its mark", async () => {
        ok(await start("exec sleep 1000"));
        const first = pidOf(dir());
        fs.rmSync(path.join(dir(), "record"));
        const second = ok(await start("exec sleep 1000")).pid;
        expect([first, second].map(isRunning)).toEqual([false, true]);
        fs.rmSync(dir(), { recursive: true });
        await remove();
        expect(isRunning(second)).toBe(false);
    });

    test("a lost record of a program that overwrites its environment", async () => {
        const cleared = `env -i sh -c 'exec sleep 1000'; :`;
        ok(await start(`exec ${cleared}`));
        const { pid } = recordOf(dir());
        expect(markedBy(dir())).not.toContain(Number(pid));
        fs.rmSync(path.join(dir(), "record"));
        await remove();
        expect(isRunning(Number(pid))).toBe(false);
        nothingRuns();
    });

    test("interrupted while it starts: it is stopped again, and quickly", async () => {
        const begun = host.start(
            "service-start",
            "s",
            values("trap '' TERM; while :; do sleep 0.1; done", {
                KUBEDEV_HEALTH: "sleep 100",
                KUBEDEV_STOP_SEC: "60",
            }),
        );
        await until(() => fs.existsSync(path.join(dir(), "record")), "the first record");
        const before = Date.now();
        begun.child.kill("SIGTERM");
        const ended = await begun.ended;
        expect(ended.code).toBe(1);
        expect(ended.stderr).toContain(
            "interrupted while the service started: it was stopped again",
        );
        expect(Date.now() - before).toBeLessThan(20_000);
        nothingRuns();
    });

    test("interrupted while it starts, on a machine where every program takes long: it is told at once", async () => {
        fs.mkdirSync(host.at("bin"));
        // What stops it would not come as far before it is killed itself. A stop looks for what is left in any case.
        for (const program of ["grep", "tail"]) {
            fs.writeFileSync(
                host.at(`bin/${program}`),
                `#!/bin/sh\nwhile [ -e "${host.at("busy")}" ]; do sleep 0.1; done\nPATH=\${PATH#*:} exec ${program} "$@"\n`,
                { mode: 0o755 },
            );
        }
        const begun = host.start(
            "service-start",
            "s",
            values("exec sleep 1000", {
                KUBEDEV_HEALTH: `: >"${host.at("asked")}"; sleep 100`,
                PATH: `${host.at("bin")}:${process.env.PATH ?? ""}`,
            }),
        );
        await until(() => fs.existsSync(host.at("asked")), "the question whether it is healthy");
        const pid = pidOf(dir());
        fs.writeFileSync(host.at("busy"), "");
        begun.child.kill("SIGTERM");
        await until(() => !isRunning(pid), "the end of the service");
        expect(begun.child.exitCode).toBeNull();
        fs.rmSync(host.at("busy"));
        expect((await begun.ended).code).toBe(1);
        nothingRuns();
    });

    test("a clock that jumps by an hour again and again neither ends a wait nor makes it longer", async () => {
        fs.mkdirSync(host.at("bin"));
        fs.writeFileSync(
            host.at("bin/date"),
            `#!/bin/sh\nn=$(cat "${host.at("jumps")}"); echo "$((n + 1))" >"${host.at("jumps")}"
PATH=\${PATH#*:} exec date -d "@$(($(PATH=\${PATH#*:} date +%s) + (n % 2 * 7200 - 3600)))" "$@"\n`,
            { mode: 0o755 },
        );
        fs.writeFileSync(host.at("jumps"), "0");
        const env = { PATH: `${host.at("bin")}:${process.env.PATH ?? ""}` };
        const { pid } = ok(
            await start(`trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done`, {
                ...env,
                KUBEDEV_HEALTH: `[ "\${KUBEDEV_WAITED_SEC}" -ge 2 ] && [ "\${KUBEDEV_WAITED_SEC}" -lt 60 ]`,
            }),
        );
        const removed = await remove(env);
        expect(removed).toMatchObject({ code: 0 });
        expect(removed.stderr).not.toContain("killed");
        expect(isRunning(pid)).toBe(false);
    });

    test("a pid that another process has now is left alone", async () => {
        ok(await start("exec sleep 1000"));
        await killHard(pidOf(dir()));
        // The test's own process stands for the one that has the number now.
        const record = fs
            .readFileSync(path.join(dir(), "record"), "utf8")
            .replace(/^pid=.*$/m, `pid=${String(process.pid)}`);
        fs.writeFileSync(path.join(dir(), "record"), record);
        ok(await start("exec sleep 1000"));
        await remove();
        expect(isRunning(process.pid)).toBe(true);
    });

    test("declared as not running: stopped, and kept so", async () => {
        const { pid } = ok(await start("exec sleep 1000"));
        for (let i = 0; i < 2; i++) {
            expect(ok(await start("exec sleep 1000", { KUBEDEV_RUNNING: "false" })).pid).toBe(0);
        }
        expect(isRunning(pid)).toBe(false);
        expect(recordOf(dir()).pid).toBeUndefined();
        await remove();
    });

    test("its own words are no arguments that others could read", async () => {
        const secret = randomUUID();
        const script = host.start(
            "service-start",
            "s",
            values(`: ${secret}; exec sleep 1000`, {
                KUBEDEV_PRE_START: `: ${secret}; sleep 0.5`,
                KUBEDEV_HEALTH: `: ${secret}; sleep 0.5`,
            }),
        );
        const state = { ended: false };
        void script.ended.then(() => (state.ended = true));
        let seen = 0;
        while (!state.ended) {
            for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
                let words: string;
                try {
                    words = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
                } catch {
                    continue;
                }
                seen += words.includes('eval "$KUBEDEV_HEALTH"') ? 1 : 0;
                expect(words).not.toContain(secret);
            }
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(ok(await script.ended).pid).toBeGreaterThan(1);
        expect(seen).toBeGreaterThan(0);
        expect(fs.statSync(path.join(dir(), "run")).mode & 0o777).toBe(0o600);
        await remove();
    });
});
