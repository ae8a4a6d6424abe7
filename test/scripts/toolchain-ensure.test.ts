/** ensure.sh and its parts on machines of our making: once, quietly, one at a time, ended cleanly. */
import { spawn } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { ScratchClone } from "./toolchain-scratch";

let clone: ScratchClone;
let npmLog: string;
let nodeLog: string;

beforeEach(() => {
    clone = new ScratchClone();
    npmLog = path.join(clone.dir, "npm.log");
    nodeLog = path.join(clone.dir, "node.log");
    clone.stub("node", `echo "$*" >>${nodeLog}; echo v20.20.2`);
    npm("mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json");
});
afterEach(() => clone.dispose());

/** Installs an npm that logs its arguments and then does what the body says. */
function npm(body: string): void {
    clone.stub("npm", `echo "$*" >>${npmLog}\n${body}`);
}
const npmRuns = () =>
    fs.existsSync(npmLog) ? fs.readFileSync(npmLog, "utf8").trim().split("\n") : [];
const lock = (version: string) =>
    clone.write(
        "package-lock.json",
        JSON.stringify({ packages: { "": {}, "node_modules/a": { version } } }),
    );

/** Running, and not merely unreaped. */
function running(pid: number): boolean {
    try {
        return !/\) [ZX] /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}

async function until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + 10_000;
    while (!holds()) {
        if (Date.now() > end) {
            throw new Error(`after 10 s there still was no ${what}`);
        }
        await new Promise((r) => setTimeout(r, 50));
    }
}

test("npm ci runs once, then nothing does, until the lock file changes", () => {
    lock("1.0.0");
    const first = clone.run("ensure.sh", ["base"]);
    expect(first.stderr).toMatch(/installing npm packages.*\n.*done in/);
    expect(first.code).toBe(0);
    expect(npmRuns()).toEqual(["ci --ignore-scripts --no-audit --no-fund --loglevel=http"]);

    // No tool is even asked for its version.
    fs.rmSync(nodeLog);
    const second = clone.run("ensure.sh", ["base"]);
    expect(second).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(fs.existsSync(nodeLog)).toBe(false);
    expect(npmRuns()).toHaveLength(1);

    lock("2.0.0");
    expect(clone.run("ensure.sh", ["base"]).code).toBe(0);
    expect(npmRuns()).toHaveLength(2);
    expect(clone.leftovers()).toEqual([]);
});

test("a node_modules that someone else installed will do when it holds the lock file's packages", () => {
    lock("1.0.0");
    const installed = (version: string) =>
        clone.write(
            "node_modules/.package-lock.json",
            JSON.stringify({ packages: { "node_modules/a": { version } } }),
        );
    installed("0.9.0");
    expect(clone.run("npm.sh", ["check"]).code).toBe(1);
    installed("1.0.0");
    expect(clone.run("npm.sh", ["check"]).code).toBe(0);
    expect(clone.run("ensure.sh", ["base"])).toMatchObject({ code: 0, stderr: "" });
    expect(npmRuns()).toEqual([]);
});

test("a failed npm ci says so with its output, and the next run tries again", () => {
    npm("echo no such registry >&2; exit 3");
    const out = clone.run("ensure.sh", ["base"]);
    expect(out.code).toBe(1);
    expect(out.stderr).toContain("no such registry");
    expect(out.stderr).toContain("the same command goes on from here");
    npm("mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json");
    expect(clone.run("ensure.sh", ["base"]).code).toBe(0);
});

test("two at once: the second waits and finds it done", async () => {
    npm("sleep 1; mkdir -p node_modules; cp package-lock.json node_modules/.package-lock.json");
    const first = clone.runAsync("ensure.sh", ["base"]);
    await new Promise((r) => setTimeout(r, 400));
    const second = await clone.runAsync("ensure.sh", ["base"]);
    expect((await first).code).toBe(0);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain("waiting for it");
    expect(npmRuns()).toHaveLength(1);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s ends the jobs and leaves nothing", async (signal) => {
    const pidFile = path.join(clone.dir, "pid");
    npm(`sleep 300 & echo $! >${pidFile}; wait`);
    const child = spawn(path.join(clone.toolchain, "ensure.sh"), ["base"], {
        env: clone.env(),
        stdio: "ignore",
    });
    const ended = new Promise<number | null>((r) => child.on("close", r));
    await until("npm run", () => fs.existsSync(pidFile) && fs.statSync(pidFile).size > 0);
    const grandchild = Number(fs.readFileSync(pidFile, "utf8"));
    child.kill(signal);
    expect(await ended).toBe(signal === "SIGINT" ? 130 : 143);
    await until(`end of process ${grandchild}`, () => !running(grandchild));
    expect(clone.leftovers()).toEqual([]);
});

test("what a killed run left is cleared by the next one", () => {
    clone.write(".toolchain/run.ABCDEFGH/half", "");
    expect(clone.run("ensure.sh", ["base"]).code).toBe(0);
    expect(clone.leftovers()).toEqual([]);
});

describe("OS packages", () => {
    const probe = () => path.join(clone.dir, "installed");
    beforeEach(() =>
        clone.packages(`base sh dash\nup ${probe()} some-package\ntest other-tool other-package`),
    );

    test("nothing runs when all are there", () => {
        clone.stub("apt-get", "echo apt-get was run >&2; exit 1");
        expect(clone.run("os-packages.sh", ["ensure", "base"])).toMatchObject({
            code: 0,
            stderr: "",
        });
    });

    test("without root the exact command is printed, and nothing is run", () => {
        clone.stub("apt-get", `touch ${probe()}`);
        const out = clone.run("os-packages.sh", ["ensure", "base", "up"]);
        expect(out.code).toBe(1);
        expect(out.stderr).toContain(
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends some-package",
        );
        expect(out.stderr).not.toContain("other-package");
        expect(fs.existsSync(probe())).toBe(false);
    });

    test("with passwordless sudo they are installed, by one apt-get", () => {
        const log = path.join(clone.dir, "apt.log");
        clone.stub("sudo", 'shift; exec "$@"');
        clone.stub(
            "apt-get",
            `echo "$*" >>${log}; case "$*" in *install*) touch ${probe()} ;; esac`,
        );
        const out = clone.run("os-packages.sh", ["ensure", "base", "up"]);
        expect(out.code).toBe(0);
        expect(fs.readFileSync(log, "utf8")).toMatch(
            /update\n.*install -y --no-install-recommends some-package\n$/,
        );
    });

    test("a package that does not bring its program is an error", () => {
        clone.stub("sudo", 'shift; exec "$@"');
        clone.stub("apt-get", "");
        const out = clone.run("os-packages.sh", ["ensure", "up"]);
        expect(out.code).toBe(1);
        expect(out.stderr).toContain("their programs are not found: some-package");
    });
});
