/** `make env`: what it prints works in a plain POSIX shell and leaves the user's own settings. */
import { spawnSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { ScratchClone } from "./toolchain-scratch";

let clone: ScratchClone;
beforeEach(() => (clone = new ScratchClone()));
afterEach(() => clone.dispose());

/** The variables that a shell has after eval-ing the text. */
function evaluated(text: string, env: NodeJS.ProcessEnv): Map<string, string> {
    const r = spawnSync("sh", ["-c", 'eval "$1"; env -0', "-", text], { env, encoding: "utf8" });
    expect(r.stderr).toBe("");
    return new Map(
        r.stdout.split("\0").map((l): [string, string] => {
            const at = l.indexOf("=");
            return [l.slice(0, at), l.slice(at + 1)];
        }),
    );
}

test("tools, backend and passphrase below the user's own directories, in any sh", () => {
    const out = clone.run("env.sh");
    expect(out.code).toBe(0);
    const vars = evaluated(out.stdout, clone.env());
    const state = path.join(clone.home, ".local/state/kubedev");
    expect(vars.get("PATH")).toBe(`${clone.root}/.toolchain/bin:${clone.env().PATH}`);
    expect(vars.get("PULUMI_HOME")).toBe(`${clone.root}/.toolchain/pulumi`);
    expect(vars.get("PULUMI_BACKEND_URL")).toBe(`file://${state}/backend`);
    expect(vars.get("PULUMI_CONFIG_PASSPHRASE_FILE")).toBe(`${state}/passphrase`);
    expect(vars.has("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")).toBe(false);
    expect(fs.statSync(path.join(state, "backend")).mode & 0o777).toBe(0o700);
    expect(fs.statSync(path.join(state, "passphrase")).mode & 0o777).toBe(0o600);
});

test("evaluated twice, PATH holds the tools once", () => {
    const first = evaluated(clone.run("env.sh").stdout, clone.env());
    const again = clone.run("env.sh", [], Object.fromEntries(first));
    expect(evaluated(again.stdout, Object.fromEntries(first)).get("PATH")).toBe(first.get("PATH"));
});

test("the passphrase is made once, also when two ask at the same time", async () => {
    const both = await Promise.all([clone.runAsync("env.sh"), clone.runAsync("env.sh")]);
    expect(both.map((o) => o.code)).toEqual([0, 0]);
    const dir = path.join(clone.home, ".local/state/kubedev");
    const text = fs.readFileSync(path.join(dir, "passphrase"), "utf8");
    expect(text.trim()).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    clone.run("env.sh");
    expect(fs.readFileSync(path.join(dir, "passphrase"), "utf8")).toBe(text);
    expect(fs.readdirSync(dir).sort()).toEqual(["backend", "passphrase"]);
});

test("a backend and a passphrase of the user's own are left, and nothing is made for them", () => {
    const own = { PULUMI_BACKEND_URL: "s3://team", PULUMI_CONFIG_PASSPHRASE: "" };
    const out = clone.run("env.sh", [], own);
    expect(out.stdout).not.toMatch(/BACKEND_URL|PASSPHRASE/);
    expect(fs.existsSync(path.join(clone.home, ".local"))).toBe(false);
});

test("a home with blanks and quotes survives the shell", () => {
    const home = path.join(clone.dir, 'it\'s a "home" $HOME');
    fs.mkdirSync(home);
    const out = clone.run("env.sh", [], { HOME: home });
    const vars = evaluated(out.stdout, clone.env());
    expect(vars.get("PULUMI_BACKEND_URL")).toBe(`file://${home}/.local/state/kubedev/backend`);
});

test("XDG directories count when they are absolute", () => {
    const state = path.join(clone.dir, "xdg");
    const absolute = clone.run("env.sh", [], { XDG_STATE_HOME: state }).stdout;
    expect(absolute).toContain(`file://${state}/kubedev/backend`);
    const relative = clone.run("env.sh", [], { XDG_STATE_HOME: "xdg" }).stdout;
    expect(relative).toContain(`file://${clone.home}/.local/state/kubedev/backend`);
});

test("a drop-in turns the search for other plugins off", () => {
    clone.write(".toolchain/pulumi/plugins/resource-command-v1.2.1/DROP-IN", "x\n");
    const vars = evaluated(clone.run("env.sh").stdout, clone.env());
    expect(vars.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")).toBe("true");
});

test("a HOME that cannot be written is refused with the way out", () => {
    const out = clone.run("env.sh", [], { HOME: path.join(clone.dir, "absent") });
    expect(out.code).toBe(1);
    expect(out.stderr).toMatch(/HOME is .*absent.*\n.*set HOME/);
});
