/** ^C and customTimeouts: what is stopped, how, and what is left. */
import * as fs from "fs";
import * as path from "path";
import { differs, isDropIn, onStack, running, takeNotes, until } from "./command-support";

/** Sleep times that no other process uses, another run of this suite included. */
const mark = (n: number) => `300.${n}${process.pid}`;
const marks = [mark(1), mark(2), mark(3), mark(4)] as const;

const grouped = `
// A shell with children in the background and in front, and one grandchild.
new local.Command("group", {
    create: "sleep ${marks[0]} & (sh -c 'sleep ${marks[1]}; :') & touch group.up; sleep ${marks[0]}; :",
});
new local.Command("trap", {
    create: "trap '" + note("cleaned up") + "; exit 1' TERM; touch trap.up; " +
        "while :; do sleep 0.05; done",
});
new local.Command("deaf", {
    create: "trap '' TERM; touch deaf.up; while :; do sleep ${marks[2]}; done",
});
`;
const direct = `new local.Command("direct", { create: "touch direct.up; exec sleep ${marks[3]}" });`;

describe("cancel", () => {
    const leftOver = () => marks.flatMap((m) => running(`sleep\0${m}`));
    afterEach(() => {
        for (const pid of leftOver()) {
            process.kill(pid, "SIGKILL");
        }
    });

    const cancelled = (body: string, names: string[], whileStopping?: () => Promise<void>) =>
        onStack(body, async (stack) => {
            const up = stack.spawn(["up", "--yes", "--skip-preview"]);
            const ended = new Promise<number | null>((r) => up.on("close", (code) => r(code)));
            try {
                await until(`scripts ${names.join()} run`, () =>
                    names.every((n) => fs.existsSync(path.join(stack.dir, `${n}.up`))),
                );
                const started = Date.now();
                up.kill("SIGINT");
                await whileStopping?.();
                const code = await ended;
                return {
                    code,
                    seconds: (Date.now() - started) / 1000,
                    left: leftOver(),
                    notes: takeNotes(stack),
                    state: await stack.exportState(),
                };
            } finally {
                up.kill("SIGKILL");
            }
        });

    test("^C ends the running command, fails the run and leaves no lock and no pending operation", async () => {
        const r = await cancelled(direct, ["direct"]);
        expect(r.code).not.toBe(0);
        expect(r.left).toEqual([]);
        expect(r.seconds).toBeLessThan(60);
        const types = (r.state.deployment.resources ?? []).map((s) => s.type);
        expect(types).not.toContain("command:local:Command");
        expect(r.state.deployment.pending_operations ?? []).toEqual([]);
    });

    differs(
        "cancel reaches the process group",
        "^C ends the whole process group: SIGTERM, so that traps run, then SIGKILL",
        async () => {
            let deaf: number[] = [];
            const r = await cancelled(grouped, ["group", "trap", "deaf"], async () => {
                await until("only the deaf one is left", () => {
                    deaf = running(`sleep\0${marks[2]}`);
                    return leftOver().length === deaf.length;
                });
            });
            expect(deaf).toHaveLength(1);
            expect(r.notes).toEqual(["cleaned up"]);
            expect(r.left).toEqual([]);
            expect(r.code).not.toBe(0);
            // The deaf one gets its five seconds.
            expect(r.seconds).toBeGreaterThan(4);
            expect(r.seconds).toBeLessThan(60);
        },
    );

    test("customTimeouts ends a command and says so", async () => {
        const slow = `
new local.Command("slow", { create: "exec sleep ${marks[3]}" },
    { customTimeouts: { create: "1s" } });
`;
        const r = await onStack(slow, (stack) => stack.up({ expectFailure: true }));
        // The scripts would run for five minutes: that the run ended says that they were stopped.
        expect(r.step("slow").status).toBe("failed");
        expect(leftOver()).toEqual([]);
        if (isDropIn) {
            expect(r.errors.join()).toMatch(/timed out after 1s \(customTimeouts\)/);
        }
    });

    differs("timeout reaches the process group", "customTimeouts ends the group", async () => {
        const slow = `
new local.Command("slow", { create: "sleep ${marks[0]} & sleep ${marks[1]}; :" },
    { customTimeouts: { create: "1s" } });
`;
        const r = await onStack(slow, (stack) => stack.up({ expectFailure: true }));
        // The scripts would run for five minutes: that the run ended says that they were stopped.
        expect(r.step("slow").status).toBe("failed");
        expect(leftOver()).toEqual([]);
    });
});
