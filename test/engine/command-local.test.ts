/** Inputs and outputs of local.Command and local.run. */
import * as fs from "fs";
import * as path from "path";
import { ScratchStack, StackState, UpResult } from "../support/engine";
import { differs, isDropIn, program, takeNotes } from "./command-support";

const secret = "hunter2-do-not-store";
const outerSecret = "from-the-caller";

/** What only the drop-in survives: the real plugin would block or lose the resource. */
const dropInOnly = `
// 70,000 bytes without a newline is more than the real plugin's line reader takes.
new local.Command("long-line", { create: "head -c 70000 /dev/zero | tr '\\\\0' x; echo; echo end" });
new local.Command("held", { create: "sleep 300.125 & echo started; echo $! >pid" });
new local.Command("not-utf8", { create: "printf 'a\\\\377b'" });
`;

const text = program(`
const cmd = (name: string, args: command.local.CommandArgs, opts?: pulumi.CustomResourceOptions) =>
    new local.Command(name, args, opts);
const config = new pulumi.Config();
cmd("default-shell", { create: 'echo "$0"' });
cmd("interpreter", { interpreter: ["/bin/bash", "-euc"], create: 'echo "\${BASH_VERSION:+bash} $-"' });
cmd("dir", { dir: __dirname + "/sub", create: "pwd" });
cmd("cwd", { create: "pwd" });
cmd("missing-dir", { dir: __dirname + "/sub", create: "pwd" });
cmd("stdin", { stdin: "line 1\\nline 2\\n", create: "cat; echo end" });
cmd("no-stdin", { create: "cat; echo end" });
cmd("environment", { environment: { A: "a b", OUTER: "inner" }, create: 'echo "$A/$OUTER/$INHERITED"' });
cmd("newlines", { create: "printf 'x\\\\n\\\\n'; printf ' y' >&2" });
cmd("assets", {
    dir: __dirname + "/sub", create: "mkdir -p d && echo 1 >d/a.txt && echo 2 >d/b.log && echo 3 >c.txt",
    assetPaths: ["**.txt", "d/*", "!**/b.log"], archivePaths: ["d/**"],
});
cmd("daemon", { create: "setsid sh -c 'sleep 2; echo late >daemon' </dev/null >/dev/null 2>&1 & echo up" });
// Handles SIGINT itself, where a shell only has its background processes ignore it.
const daemon = \`process.on("SIGINT", () => require("fs").writeFileSync("sigint", "")); \` +
    \`require("fs").writeFileSync("listens", ""); setTimeout(() => undefined, 4000);\`;
cmd("own-group", {
    create: "node -e '" + daemon + "' </dev/null >/dev/null 2>&1 & until [ -e listens ]; do sleep 0.02; done",
});
for (const logging of ["stdout", "stderr", "stdoutAndStderr", "none"] as const) {
    cmd("log-" + logging, { create: "echo to-out; echo to-err >&2", logging });
}
cmd("log-default", { create: "echo to-out; echo to-err >&2" });

// A secret stays one wherever it goes, unless a script prints it and nobody says so.
const password = config.requireSecret("password");
cmd("secret-environment", { create: "printf %s \\"$P\\" | wc -c", environment: { P: password } });
cmd("secret-stdin", { create: "cat", stdin: password, logging: "none" },
    { additionalSecretOutputs: ["stdout"] });
cmd("secret-trigger", { triggers: [password] });

const ran = local.run({
    command: note("run in " + (pulumi.runtime.isDryRun() ? "preview" : "up")) +
        '; cat; echo "$E"; pwd; echo err >&2',
    environment: { E: "e" }, stdin: "in ", dir: __dirname + "/sub", logging: "none",
});
export const runResult = pulumi.output(ran);
export const secretRun = local.runOutput({ command: 'echo "got $P"', environment: { P: password } }).stdout;
if (process.env.FAIL_RUN) local.run({ command: "echo broken probe; exit 3" });
${isDropIn ? dropInOnly : ""}
`);

describe("local commands", () => {
    let stack: ScratchStack;
    let up: UpResult;
    let state: StackState;
    let outputs: Record<string, unknown>;
    let notes: string[];
    const sub = () => path.join(stack.dir, "sub");
    const of = (name: string) =>
        state.deployment.resources?.find((r) => r.urn.endsWith(`::${name}`))?.outputs ?? {};
    const stdout = (name: string) => of(name).stdout;

    beforeAll(async () => {
        stack = await ScratchStack.create({
            program: text,
            env: { INHERITED: "inherited", OUTER: outerSecret },
        });
        fs.mkdirSync(path.join(stack.dir, "sub"));
        await stack.setSecret("password", secret);
        await stack.preview();
        up = await stack.up();
        notes = takeNotes(stack);
        state = await stack.exportState();
        outputs = await stack.outputs();
    });
    afterAll(async () => {
        const pid = path.join(stack.dir, "pid");
        if (fs.existsSync(pid)) {
            process.kill(Number(fs.readFileSync(pid, "utf8")));
        }
        await stack.dispose();
    });

    test("the interpreter is sh -c, or the one given", () => {
        expect(stdout("default-shell")).toBe("/bin/sh");
        expect(stdout("interpreter")).toMatch(/^bash .*e.*u/);
    });

    test("dir is where it runs, by default the program's directory", () => {
        expect(stdout("dir")).toBe(sub());
        expect(stdout("cwd")).toBe(stack.dir);
    });

    test("stdin is passed, and empty without one", () => {
        expect(stdout("stdin")).toBe("line 1\nline 2\nend");
        expect(stdout("no-stdin")).toBe("end");
    });

    test("environment adds to the caller's", () => {
        expect(stdout("environment")).toBe("a b/inner/inherited");
    });

    test("exactly one newline is trimmed", () => {
        expect(of("newlines")).toMatchObject({ stdout: "x\n", stderr: " y" });
    });

    test("assets and archive are the files that the globs select, by path below dir", () => {
        const assets = of("assets").assets as Record<string, { path: string }>;
        expect(Object.keys(assets).sort()).toEqual(["c.txt", "d/a.txt"]);
        expect(assets["d/a.txt"]?.path).toBe(path.join(sub(), "d/a.txt"));
        const archive = of("assets").archive as { assets: Record<string, unknown> };
        expect(Object.keys(archive.assets).sort()).toEqual(["d/a.txt", "d/b.log"]);
    });

    test("a daemon with its own streams does not hold the command, and lives on", async () => {
        expect(up.step("daemon").status).toBe("done");
        expect(stdout("daemon")).toBe("up");
        const file = path.join(stack.dir, "daemon");
        const deadline = Date.now() + 60_000;
        while (!fs.existsSync(file) && Date.now() < deadline) {
            await new Promise((r) => setTimeout(r, 50));
        }
        expect(fs.readFileSync(file, "utf8")).toBe("late\n");
    });

    test.each([
        ["log-default", ["to-err", "to-out"]],
        ["log-stdoutAndStderr", ["to-err", "to-out"]],
        ["log-stdout", ["to-out"]],
        ["log-stderr", ["to-err"]],
        ["log-none", []],
    ])("%s shows the lines of %j, and stores all", (name, lines) => {
        expect(up.shown(name).sort()).toEqual(lines);
        expect(of(name)).toMatchObject({ stdout: "to-out", stderr: "to-err" });
    });

    test("secrets are nowhere in clear: state, events, messages", () => {
        expect(stdout("secret-environment")).toBe(String(secret.length));
        const shown = up.step("secret-environment").newInputs?.environment;
        expect(shown).toMatchObject({ P: { ciphertext: "[secret]" } });
        const everywhere = stack.rawState() + up.printed;
        expect(everywhere.includes("inner")).toBe(true);
        expect(everywhere.includes(secret)).toBe(false);
        expect(everywhere.includes(outerSecret)).toBe(false);
    });

    test("local.run runs in preview and in up, with its inputs", () => {
        expect(notes).toEqual(["run in preview", "run in up"]);
        expect(outputs.runResult).toMatchObject({
            stdout: `in e\n${sub()}`,
            stderr: "err",
            environment: { E: "e" },
        });
        expect(outputs).toHaveProperty("runResult.command");
        expect(outputs.secretRun).toBe(`got ${secret}`);
    });

    test("a failing local.run fails the program, with its output", async () => {
        const failed = await stack.preview({ env: { FAIL_RUN: "1" }, expectFailure: true });
        expect(failed.errors.join()).toMatch(/exit status 3[^]*broken probe/);
    });

    test("a missing dir fails", async () => {
        fs.rmSync(sub(), { recursive: true });
        const failed = await stack.up({
            args: [
                "--target-replace",
                "urn:pulumi:test::scratch::command:local:Command::missing-dir",
            ],
            expectFailure: true,
        });
        expect(failed.errors.join()).toMatch(/no such file or directory/);
        fs.mkdirSync(sub());
    });

    differs(
        "end of the run",
        "what a script left running is not signalled when the run ends",
        () => {
            expect(fs.existsSync(path.join(stack.dir, "listens"))).toBe(true);
            expect(fs.existsSync(path.join(stack.dir, "sigint"))).toBe(false);
        },
    );

    differs("long lines", "a line over 64 KiB is stored whole and shown cut", () => {
        expect(stdout("long-line")).toBe("x".repeat(70_000) + "\nend");
        expect(up.shown("long-line").map((l) => l.length < 5000)).toEqual([true, true]);
    });

    differs("held output", "a background process holds the command for a while only", () => {
        expect(stdout("held")).toBe("started");
        expect(up.warnings.join()).toMatch(/background process still holds the output/);
    });

    differs(
        "invalid UTF-8",
        "output that is not text is stored with replacement characters",
        () => {
            expect(stdout("not-utf8")).toBe("a\uFFFDb");
        },
    );
});
