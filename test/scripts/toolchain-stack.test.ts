/** The stack verbs: each prints the plain `pulumi` command that it runs, always with -s. */
import * as fs from "fs";
import * as path from "path";
import { ScratchClone } from "./toolchain-scratch";

let clone: ScratchClone;
let log: string;

beforeEach(() => {
    clone = new ScratchClone();
    log = path.join(clone.dir, "pulumi.log");
    // Tools are another test's matter.
    clone.write("toolchain/ensure.sh", "#!/bin/sh\n");
    clone.write("stacks/local-kvm/index.ts", "");
    clone.write("stacks/kind/index.ts", "");
    stacks();
});
afterEach(() => clone.dispose());

/** A pulumi that knows these stacks and logs what it is asked to do. */
function stacks(...names: string[]): void {
    const list = JSON.stringify(names.map((name) => ({ name })));
    clone.stub(
        "pulumi",
        `echo "$*" >>${log}
        case "$1 $2" in
            "stack ls") echo '${list}' ;;
            "stack export") echo '{"deployment":{}}' ;;
            "stack output") echo '{"ssh":{"vm1":"ssh -p 22 a@b"},"n":3,"secret":"[secret]"}' ;;
            "stack init") touch "Pulumi.$3.yaml" ;;
        esac`,
    );
}
const asked = () => fs.readFileSync(log, "utf8").trim().split("\n");
const printed = (stderr: string) => stderr.split("\n").filter((l) => l.startsWith("+ "));
const configOf = (name: string) => clone.write(`Pulumi.${name}.yaml`, "");

test("up ENV=kind: a new stack gets it, with what it runs; one that is there keeps its own", () => {
    clone.write("toolchain/environment-tools.sh", `#!/bin/sh\necho "tools $1" >>${log}\n`);
    const out = clone.run("up.sh", [], { KUBEDEV_ENVIRONMENT: "kind" });
    expect(out.code).toBe(0);
    expect(asked()).toContain("config set kubedev:environment kind -s dev");

    stacks("dev");
    clone.write("Pulumi.dev.yaml", "config:\n    kubedev:environment: kind\n");
    fs.writeFileSync(log, "");
    expect(clone.run("up.sh", [], { KUBEDEV_ENVIRONMENT: "kind" }).code).toBe(0);
    expect(asked()).toContain("tools kind");
    expect(asked().join("\n")).not.toContain("config set");

    const other = clone.run("up.sh", [], { KUBEDEV_ENVIRONMENT: "local-kvm" });
    expect(other.code).not.toBe(0);
    expect(other.stderr).toContain(
        "the stack dev is of the environment kind, and ENV is local-kvm",
    );
    const wrong = clone.run("up.sh", [], { KUBEDEV_ENVIRONMENT: "none" });
    expect(wrong.stderr).toContain("ENV is none; expected one of: kind local-kvm");
});

test.each(["up.sh", "preview.sh", "destroy.sh"])(
    "%s: the plugins of add-ons are for the environment that has some by default",
    (verb) => {
        stacks("dev");
        clone.write("toolchain/ensure.sh", `#!/bin/sh\necho "ensure $1" >>${log}\n`);
        clone.write("toolchain/environment-tools.sh", "#!/bin/sh\n");
        clone.write("Pulumi.dev.yaml", "config:\n    kubedev:environment: local-kvm\n");
        expect(clone.run(verb).code).toBe(0);
        expect(asked()).not.toContain("ensure addons");
        clone.write("Pulumi.dev.yaml", "config:\n    kubedev:environment: kind\n");
        expect(clone.run(verb).code).toBe(0);
        expect(asked()).toContain("ensure addons");
    },
);

test("destroy in a clone without the stack's settings takes those of its last update first", () => {
    stacks("dev");
    fs.rmSync(path.join(clone.dir, "Pulumi.dev.yaml"), { force: true });
    expect(clone.run("destroy.sh").code).toBe(0);
    const verbs = asked().filter((words) => /^(config refresh|destroy)/.test(words));
    expect(verbs).toEqual(["config refresh -s dev", "destroy -s dev --yes"]);
});

test("up: a new stack is made, brought up, and its outputs shown", () => {
    const out = clone.run("up.sh");
    expect(out.code).toBe(0);
    expect(printed(out.stderr)).toEqual([
        "+ pulumi stack init dev --no-select",
        "+ pulumi up -s dev --yes",
        "+ pulumi stack output -s dev --json",
    ]);
    expect(asked()).toEqual([
        "stack ls --json",
        "stack init dev --no-select",
        "stack export -s dev",
        "up -s dev --yes",
        "stack output -s dev --json",
    ]);
    expect(out.stdout).toBe("ssh:\n    vm1: ssh -p 22 a@b\nn: 3\nsecret: [secret]\n");
});

test.each([
    ["nothing changes", "exit 0", ["stack output -s dev --json"], "nothing changes"],
    [
        "something does",
        "echo 'error: no changes were expected' >&2; exit 7",
        ["up -s dev --yes --skip-preview", "stack output -s dev --json"],
        "",
    ],
    [
        "an output does",
        "echo Outputs:; exit 0",
        ["up -s dev --yes --skip-preview", "stack output -s dev --json"],
        "",
    ],
    ["it cannot be told", "exit 255", ["up -s dev --yes", "stack output -s dev --json"], ""],
])("up of a stack that is there, when %s", (_what, previewed, then, said) => {
    stacks("dev");
    configOf("dev");
    clone.stub(
        "pulumi",
        `echo "$*" >>${log}
        case "$1 $2" in
            "stack ls") echo '[{"name":"dev"}]' ;;
            "stack export") echo '{"deployment":{}}' ;;
            "stack output") echo '{}' ;;
            "preview "*) ${previewed} ;;
        esac`,
    );
    const out = clone.run("up.sh");
    expect(out.code).toBe(0);
    expect(out.stderr).toContain(said);
    expect(out.stderr).not.toContain("no changes were expected");
    expect(asked()).toEqual([
        "stack ls --json",
        "stack export -s dev",
        "preview -s dev --expect-no-changes",
        ...then,
    ]);
});

test("STACK and more arguments reach pulumi", () => {
    stacks("alice");
    configOf("alice");
    const env = { STACK: "alice", KUBEDEV_ARGS: "--diff --target x" };
    expect(printed(clone.run("up.sh", [], env).stderr)[0]).toBe(
        "+ pulumi up -s alice --yes --diff --target x",
    );
    expect(printed(clone.run("preview.sh", [], env).stderr)).toEqual([
        "+ pulumi preview -s alice --diff --target x",
    ]);
});

test("a stack of another clone gets the configuration of its last update", () => {
    stacks("dev");
    expect(printed(clone.run("preview.sh").stderr)).toEqual([
        "+ pulumi config refresh -s dev",
        "+ pulumi preview -s dev",
    ]);
});

test("destroy keeps the stack, REMOVE takes it away, an unknown one is no error", () => {
    const none = clone.run("destroy.sh");
    expect(none).toMatchObject({ code: 0, stderr: "there is no stack dev: nothing to destroy\n" });
    stacks("dev");
    configOf("dev");
    expect(printed(clone.run("destroy.sh").stderr)).toEqual(["+ pulumi destroy -s dev --yes"]);
    expect(printed(clone.run("destroy.sh", [], { KUBEDEV_REMOVE: "1" }).stderr)).toEqual([
        "+ pulumi destroy -s dev --yes --remove",
    ]);
});

test("stack: made once, with its environment", () => {
    const env = { KUBEDEV_NAME: "alice", KUBEDEV_ENVIRONMENT: "kind" };
    expect(printed(clone.run("stack.sh", [], env).stderr)).toEqual([
        "+ pulumi stack init alice --no-select",
        "+ pulumi config set kubedev:environment kind -s alice",
    ]);
    stacks("alice");
    expect(printed(clone.run("stack.sh", [], env).stderr)).toEqual([
        "+ pulumi config set kubedev:environment kind -s alice",
    ]);
});

test.each([
    [{}, /make stack wants a name/],
    [{ KUBEDEV_NAME: "a", KUBEDEV_ENVIRONMENT: "none" }, /expected one of: kind local-kvm/],
])("stack refuses %j before anything is made", (env, message) => {
    const out = clone.run("stack.sh", [], env);
    expect(out.code).toBe(1);
    expect(out.stderr).toMatch(message);
    expect(fs.existsSync(log)).toBe(false);
});

test("a failed run is the verb's failure, and no outputs are shown", () => {
    clone.stub("pulumi", 'case "$1 $2" in "stack ls") echo "[]" ;; "up "*) exit 255 ;; esac');
    const out = clone.run("up.sh");
    expect(out.code).toBe(255);
    expect(out.stdout).toBe("");
});

test("make passes NAME and ENV only from its command line", () => {
    const make = path.join(clone.dir, "tools/make");
    fs.copyFileSync(path.join(__dirname, "../../Makefile"), path.join(clone.root, "Makefile"));
    const run = (args: string, env = {}) =>
        clone.bash(["lib/common.sh"], `cd "$ROOT" && ${make} ${args}`, env);
    // NAME is set on some systems for everybody, ENV names a start-up file of sh.
    const env = { NAME: "host", ENV: "/root/.shrc" };
    expect(run("stack", env).stderr).toContain("make stack wants a name");
    expect(printed(run("stack NAME=alice ENV=kind", env).stderr)[1]).toBe(
        "+ pulumi config set kubedev:environment kind -s alice",
    );
    const up = run(`up STACK=bob ARGS="--message \\"it's\\""`);
    expect(printed(up.stderr)[1]).toContain("+ pulumi up -s bob --yes --message");
    expect(run("").stdout).toContain("make up");
});
