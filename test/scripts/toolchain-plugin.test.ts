/** The plugin: real before drop-in, and a drop-in only as new as its sources. */
import * as fs from "fs";
import * as path from "path";
import { ScratchClone } from "./toolchain-scratch";

let clone: ScratchClone;
beforeEach(() => {
    clone = new ScratchClone();
    clone.stub("curl", "exit 6");
    clone.write("toolchain/providers/command/main.go", "package main\n");
});
afterEach(() => clone.dispose());

const name = "resource-command-v1.2.1";
const dir = () => path.join(clone.root, ".toolchain/pulumi/plugins", name);
const check = () => clone.run("plugin.sh", ["check", "command", "1.2.1"]).stdout;

/** A Go that "builds" a program, and the build with it. */
function build(): void {
    const out = 'while [ "$1" != -o ]; do shift; done; echo "#!/bin/sh" >"$2"; chmod 755 "$2"';
    clone.stub("go", `case $1 in build) echo "$*" >>${clone.dir}/go.log; ${out} ;; esac`);
    expect(clone.run("go-build.sh", ["plugin:command:1.2.1"]).code).toBe(0);
}

test("a drop-in is marked, and built again only when what it is made of changes", () => {
    expect(check()).toMatch(/^missing/);
    build();
    expect(fs.readFileSync(path.join(clone.dir, "go.log"), "utf8")).toMatch(
        /build -mod=readonly -trimpath .* \.\/command$/m,
    );
    expect(check()).toMatch(/^ready\t1\.2\.1\t.*\(drop-in/);
    clone.write("toolchain/providers/command/main_test.go", "package main\n");
    clone.write("toolchain/providers/README.md", "new\n");
    expect(check()).toMatch(/^ready/);
    clone.write("toolchain/providers/command/main.go", "package main // changed\n");
    expect(check()).toContain("sources changed");
    build();
    expect(check()).toMatch(/^ready/);
    expect(clone.leftovers()).toEqual([]);
});

test("a build that fails leaves what was there", () => {
    build();
    clone.stub("go", "exit 1");
    const out = clone.run("go-build.sh", ["plugin:command:1.2.1"]);
    expect(out.code).toBe(1);
    expect(out.stderr).toContain("set it to a proxy that answers");
    expect(check()).toMatch(/^ready/);
    expect(clone.leftovers()).toEqual([]);
});

test("the real plugin of the user's own Pulumi is copied, not touched; a drop-in is not", () => {
    const theirs = path.join(clone.home, ".pulumi/plugins", name);
    fs.mkdirSync(theirs, { recursive: true });
    fs.writeFileSync(path.join(theirs, "DROP-IN"), "x");
    fs.writeFileSync(path.join(theirs, "pulumi-resource-command"), "#!/bin/sh\n", { mode: 0o755 });
    expect(clone.run("plugin.sh", ["fetch", "command", "1.2.1"]).code).toBe(1);
    fs.rmSync(path.join(theirs, "DROP-IN"));

    build();
    const out = clone.run("plugin.sh", ["fetch", "command", "1.2.1"]);
    expect(out.stderr).toContain(`from ${theirs}`);
    expect(out.code).toBe(0);
    expect(check()).toMatch(/^ready\t1\.2\.1\t.*\(real\)/);
    expect(fs.readdirSync(dir())).toEqual(["pulumi-resource-command"]);
    expect(fs.readdirSync(theirs)).toEqual(["pulumi-resource-command"]);
});

test("an interrupted installation is not taken for a plugin", () => {
    build();
    fs.writeFileSync(`${dir()}.partial`, "");
    expect(check()).toMatch(/^missing/);
});

test("the real plugin is installed where its server answers, in place of a drop-in", () => {
    build();
    clone.stub("curl", "exit 0");
    clone.stub(
        "pulumi",
        `echo "$PULUMI_HOME: $*" >>${clone.dir}/pulumi.log
        mkdir -p "$PULUMI_HOME/plugins/${name}"
        echo real >"$PULUMI_HOME/plugins/${name}/pulumi-resource-command"`,
    );
    expect(clone.run("plugin.sh", ["fetch", "command", "1.2.1"]).code).toBe(0);
    expect(fs.readFileSync(path.join(clone.dir, "pulumi.log"), "utf8")).toBe(
        `${clone.root}/.toolchain/pulumi: plugin install resource command 1.2.1 --reinstall\n`,
    );
    expect(check()).toMatch(/\(real\)/);
});
