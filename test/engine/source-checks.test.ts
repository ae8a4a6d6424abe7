/** Checks and BuildHost on the real engine, with real go (the diff tables of docs/checks.md and docs/build-host.md). */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { dirOf, filesBelow } from "../support/host-state";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const { bare, host, ...checks } = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const builder = bare ? undefined : new kubedev.BuildHost("here", { install: false, freeMib: 1024, ...host });
const tree = new kubedev.SourceTree("tree", { host: builder?.host, dir: path.join(__dirname, "k8s"), upstream: "" });
const tests = new kubedev.Checks("tests", { source: tree.files, ...checks });
export const command = tests.command;
export const results = tests.results;
export const go = builder?.goVersion;
`;

let stack: ScratchStack;
let declared: Record<string, unknown> = {
    suite: "unit",
    what: ["pkg/kubelet/..."],
    run: true,
};
const declare = (change: Record<string, unknown>) => {
    declared = { ...declared, ...change };
    stack.write("declared.json", JSON.stringify(declared));
};
const tree = () => path.join(stack.dir, "k8s");
const edit = (name: string, text: string) => fs.appendFileSync(path.join(tree(), name), text);
const commands = (ops: Record<string, string>) =>
    Object.fromEntries(
        Object.entries(ops).filter(([name]) => /^(here-tools|tree-tree|tests-run)$/.test(name)),
    );
/** Previews and makes a change, and sees that the next preview is clean; answers what was previewed. */
const change = async () => {
    const previewed = commands((await stack.preview()).ops());
    expect(commands((await stack.up({ timeoutMs: 280_000 })).ops())).toEqual(previewed);
    expect(commands((await stack.preview()).ops())).toEqual({});
    return previewed;
};
const results = async () => (await stack.outputs())["results"] as Record<string, unknown>;

beforeAll(async () => {
    stack = await ScratchStack.create({
        program,
        env: {
            GOCACHE: process.env["GOCACHE"] ?? path.join(os.homedir(), ".cache/go-build"),
            GOFLAGS: "",
        },
    });
    fs.mkdirSync(tree());
    makeWorkspace(tree(), smallScale);
    declare({});
});
afterAll(async () => {
    await stack.dispose();
});

test("up runs the suite and keeps its results; the next preview is clean; the command is to be pasted", async () => {
    declare({ bare: true });
    expect(await change()).toEqual({ "tree-tree": "create", "tests-run": "create" });
    // What is on the host is not made anew for the tools; what looks at it cannot say before they are there.
    declare({ bare: false });
    expect(commands((await stack.preview()).ops())).toEqual({
        "here-tools": "create",
        "tests-run": "update",
    });
    expect(commands((await stack.up()).ops())).toEqual({ "here-tools": "create" });
    expect(commands((await stack.preview()).ops())).toEqual({});
    const found = await results();
    expect(found).toMatchObject({ tests: 2, skipped: 0, coveragePercent: -1 });
    expect(fs.readFileSync(path.join(String(found["dir"]), "junit.xml"), "utf8")).toContain(
        'tests="2"',
    );
    const outputs = await stack.outputs();
    expect(outputs["go"]).toBe(
        execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" }).trim().slice(2),
    );
    const artifacts = path.join(stack.dir, "artifacts");
    const said = execFileSync("sh", ["-c", String(outputs["command"])], {
        env: { ...process.env, GOFLAGS: "", ARTIFACTS: artifacts },
        encoding: "utf8",
    });
    expect(said).toContain("DONE 2 tests");
    expect(fs.readdirSync(artifacts)).toEqual(["junit.xml"]);
});

test.each([
    [
        "another command's package",
        () => {
            edit("pkg/proxy/own1/doc.go", "// x\n");
        },
    ],
    [
        "a document",
        () => {
            edit("docs/part0/page0.md", "x\n");
        },
    ],
    ["a commit", () => git(tree(), "commit", "-qam", "x")],
])("nothing is run for %s", async (_what, work) => {
    work();
    expect(commands((await stack.preview()).ops())).toEqual({});
});

test("an edit of what is tested runs it again; one that breaks a test fails the update with its name", async () => {
    edit("pkg/kubelet/own1/doc.go", "\n// Two is 2.\nfunc Two() int { return 2 }\n");
    expect(await change()).toEqual({ "tests-run": "update" });
    const before = await results();
    const file = path.join(tree(), "pkg/kubelet/own1/two_test.go");
    fs.writeFileSync(
        file,
        'package own1\n\nimport "testing"\n\nfunc TestTwo(t *testing.T) {\n\tif Two() != 3 {\n\t\tt.Fatal("two is", Two())\n\t}\n}\n',
    );
    const failed = await stack.up({ expectFailure: true });
    const said = failed.errors.join("\n");
    expect(said).toContain("two is 2");
    expect(said).toContain("1 of 3 tests failed: k8s.io/kubernetes/pkg/kubelet/own1 TestTwo ");
    expect(said.split("\n").length).toBeLessThan(30);
    // It is not forgotten, and what passed before is still there.
    expect(commands((await stack.preview()).ops())).toEqual({ "tests-run": "update" });
    expect(fs.existsSync(path.join(String(before["dir"]), "junit.xml"))).toBe(true);
    fs.rmSync(file);
    expect(await change()).toEqual({});
});

test("arguments: run again in place; the time limit alone runs nothing; another suite replaces", async () => {
    declare({ count: 2, cover: true });
    expect(await change()).toEqual({ "tests-run": "update" });
    const found = await results();
    expect(found).toMatchObject({ tests: 4 });
    expect(found["coveragePercent"]).toBeGreaterThan(10);
    const { mtimeMs } = fs.statSync(path.join(String(found["dir"]), "junit.xml"));
    declare({ runTimeoutSec: 600 });
    expect(await change()).toEqual({ "tests-run": "update" });
    expect(fs.statSync(path.join(String(found["dir"]), "junit.xml")).mtimeMs).toBe(mtimeMs);
    declare({ triggers: { cluster: "2" } });
    expect(await change()).toEqual({ "tests-run": "update" });
    declare({ suite: "bench", cover: undefined });
    expect(await change()).toEqual({ "tests-run": "replace" });
    fs.rmSync(String((await results())["dir"]), { recursive: true });
    expect(await change()).toEqual({ "tests-run": "replace" });
    declare({ run: false });
    expect(await change()).toEqual({ "tests-run": "delete" });
    expect(fs.existsSync(dirOf(stack, "tests-run"))).toBe(false);
});

test("a host that lacks something and may not be changed stops the preview with the command", async () => {
    declare({ host: { packages: ["hello-traditional"] } });
    const { errors } = await stack.preview({ expectFailure: true });
    expect(errors.join("\n")).toContain(
        "on this machine: got no hello-traditional (by the names of Debian packages); expected it to be there, since install is false; run: sudo apt-get install hello-traditional",
    );
    declare({ host: { goVersion: "1.25.3" } });
    const { errors: old } = await stack.preview({ expectFailure: true });
    expect(old.join("\n")).toMatch(/got Go 1\.\S+; expected 1\.25\.3, since install is false/);
    // Where something is to be installed there must be room for it and for builds.
    declare({ host: { freeMib: 9_999_999, install: true, goVersion: "1.25.3" } });
    const { errors: full } = await stack.preview({ expectFailure: true });
    expect(full.join("\n")).toMatch(/got \d+ MiB of free disk at .*; expected 9999999 MiB/);
    declare({ host: {} });
});

test("destroy leaves nothing but the tree", async () => {
    declare({ run: true, suite: "unit" });
    await stack.up({ timeoutMs: 280_000 });
    await stack.destroy();
    expect(filesBelow(stack.stateHome)).toEqual([]);
    expect(git(tree(), "log", "-1", "--format=%s")).toBe("x");
});
