/** What takes long runs in a session of its own: it shows how far it is, how it failed, and goes with its script. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { scratchDirectory, shells } from "../support/script-process";

describe.each(shells)("%s", (shell) => {
    let dir: string;
    beforeEach(() => (dir = scratchDirectory()));
    afterEach(() => {
        fs.rmSync(dir, { recursive: true });
    });

    const start = (text: string) => {
        const functions = script("host/session.sh") + script("host/progress.sh");
        const child = spawn(
            shell,
            [
                "-c",
                `set -eu\nsay() { echo "$*" >&2; }\nlog=${JSON.stringify(dir)}/log\n${functions}${text}`,
            ],
            { env: { PATH: process.env["PATH"] }, stdio: ["ignore", "ignore", "pipe"] },
        );
        let said = "";
        child.stderr.on("data", (data: Buffer) => (said += data.toString()));
        const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
            child.on("close", (code) => {
                resolve({ code, said });
            }),
        );
        return { child, ended };
    };

    test("one that succeeds says now and then how far it is", async () => {
        const run = "for n in 1 2 3 4; do echo step $n; sleep 1; done";
        const { code, said } = await start(`with_progress "making it" sh -c '${run}'`).ended;
        expect(code).toBe(0);
        expect(said).toMatch(/^making it: 3 s, step \d\n$/);
    });

    test("one that fails shows how its words end, and its status", async () => {
        const run = "seq 100; echo why >&2; exit 7";
        const { code, said } = await start(
            `with_progress "making it" sh -c '${run}' || exit $progress_status`,
        ).ended;
        expect(code).toBe(7);
        expect(said.trimEnd().split("\n").slice(-2)).toEqual(["100", "why"]);
        expect(said.split("\n").length).toBeLessThan(30);
    });

    test("when the script ends, so does what it runs, with all that it started", async () => {
        const pids = path.join(dir, "pids");
        const run = `echo $$ >"$0"; sleep 100 & echo $! >>"$0"; echo >>"$0"; wait`;
        const { child, ended } = start(
            `trap 'end_session "$worker"' EXIT; trap 'exit 130' TERM
            with_progress "making it" sh -c '${run}' ${JSON.stringify(pids)}`,
        );
        while (!fs.existsSync(pids) || !fs.readFileSync(pids, "utf8").endsWith("\n\n")) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        child.kill("SIGTERM");
        expect((await ended).code).toBe(130);
        const started = fs.readFileSync(pids, "utf8").trim().split("\n");
        expect(started).toHaveLength(2);
        for (const pid of started) {
            const stat = path.join("/proc", pid, "stat");
            const state = fs.existsSync(stat)
                ? fs.readFileSync(stat, "utf8").split(") ")[1]?.[0]
                : "gone";
            expect(["gone", "Z"]).toContain(state);
        }
    });
});
