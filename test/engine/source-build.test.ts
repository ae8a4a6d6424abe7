/**
 * SourceTree and Build on the real engine, with real git and go: what an edit rebuilds, what a failure leaves, what is
 * never touched (the diff tables of docs/source-tree.md and docs/build.md).
 */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { dirOf, filesBelow } from "../support/host-state";
import { git, makeWorkspace, saidBy, smallScale } from "../support/go-workspace";

jest.setTimeout(300_000);

interface Declared extends Record<string, unknown> {
    targets: string[];
    platforms: string[];
    debug: boolean;
    mode: string;
    tags: string[] | undefined;
    branch: string | undefined;
    onDelete: string;
}
const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const { onDelete, branch, ...build } = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const tree = new kubedev.SourceTree("tree", {
    dir: path.join(__dirname, "k8s"), origin: path.join(__dirname, "fork"), branch, onDelete,
});
const built = new kubedev.Build("k8s", { source: tree.files, ...build });
new kubedev.HostCommand("use", {
    create: "true", triggers: { kubelet: built.fingerprints.apply((all) => all["kubelet-linux-amd64"] ?? "") },
});
export const binaries = built.binaries;
export const paths = built.paths;
export const commit = tree.commit;
export const version = tree.version;
export const goVersion = tree.goVersion;
`;

const hasCompiler = spawnSync("gcc", ["--version"]).status === 0;

let stack: ScratchStack;
let declared: Declared = {
    targets: ["cmd/kubelet", "cmd/kube-scheduler"],
    platforms: ["linux/amd64"],
    debug: false,
    mode: "go",
    tags: undefined,
    branch: undefined,
    onDelete: "refuse",
};
const declare = (change: Partial<Declared>) => {
    declared = { ...declared, ...change };
    stack.write("declared.json", JSON.stringify(declared));
};
const tree = () => path.join(stack.dir, "k8s");
const edit = (name: string, text: string) => fs.appendFileSync(path.join(tree(), name), text);
const paths = async () => (await stack.outputs()).paths as Record<string, string>;
/** The operations of the commands, by the end of their names. */
const things = (result: StepsResult): Record<string, string> =>
    Object.fromEntries(
        Object.entries(result.ops())
            .filter(([name]) => /^(tree|k8s|use)-/.test(name))
            .map(([name, op]) => [name.replace(/^k8s-/, ""), op]),
    );
/** Previews and makes a change, and sees that the next preview is clean; answers what was previewed. */
const change = async () => {
    const previewed = things(await stack.preview());
    expect(things(await stack.up({ timeoutMs: 280_000 }))).toEqual(previewed);
    expect(things(await stack.preview())).toEqual({});
    return previewed;
};

beforeAll(async () => {
    stack = await ScratchStack.create({
        program,
        env: {
            // One cache for all runs.
            GOCACHE: process.env["GOCACHE"] ?? path.join(os.homedir(), ".cache/go-build"),
            GOFLAGS: "",
            GOPROXY: "off",
        },
    });
    const fork = path.join(stack.dir, "fork");
    fs.mkdirSync(fork);
    makeWorkspace(fork, smallScale);
    declare({});
});
afterAll(async () => {
    await stack.dispose();
});

test("up clones and builds; the binaries say their version; the next preview is clean", async () => {
    const previewed = await change();
    expect(previewed).toEqual({
        "tree-tree": "create",
        "kubelet-linux-amd64": "create",
        "kube-scheduler-linux-amd64": "create",
        "use-command": "create",
    });
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({ version: "v1.36.1", goVersion: "1.24.0" });
    expect(outputs.commit).toBe(git(tree(), "rev-parse", "HEAD"));
    const binaries = outputs.binaries as Record<string, Record<string, unknown>>;
    for (const [name, file] of Object.entries(await paths())) {
        expect(saidBy(file)).toBe("Kubernetes v1.36.1 true");
        expect(binaries[name]).toMatchObject({
            path: file,
            sizeBytes: fs.statSync(file).size,
            sha256: execFileSync("sha256sum", [file], { encoding: "utf8" }).slice(0, 64),
            version: "v1.36.1",
            platform: "linux/amd64",
        });
    }
});

test("an edit rebuilds the command that it reaches and restarts what runs it, and nothing else", async () => {
    const before = await paths();
    edit("pkg/kubelet/own1/doc.go", "\nfunc New() int { return 1 }\n");
    expect(await change()).toEqual({ "kubelet-linux-amd64": "update", "use-command": "replace" });
    const after = await paths();
    expect(after["kube-scheduler-linux-amd64"]).toBe(before["kube-scheduler-linux-amd64"]);
    expect(after["kubelet-linux-amd64"]).not.toBe(before["kubelet-linux-amd64"]);
    // What may still run from the old one does so.
    expect(fs.existsSync(before["kubelet-linux-amd64"] ?? "")).toBe(true);
    expect(saidBy(after["kubelet-linux-amd64"] ?? "")).toContain("-dirty");
});

test.each([
    ["a document", () => edit("docs/part0/page0.md", "x\n")],
    ["a test", () => edit("pkg/kubelet/own1/doc_test.go", "// x\n")],
    ["another command", () => edit("cmd/kubectl/main.go", "// x\n")],
    ["a commit of all that", () => git(tree(), "commit", "-qam", "mine")],
])("nothing is rebuilt for %s", async (_what, work) => {
    work();
    expect(things(await stack.preview())).toEqual({});
});

test("what does not compile: the compiler's words, and the binary before it stays", async () => {
    const before = await paths();
    const file = path.join(tree(), "pkg/kubelet/own1/doc.go");
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, `${text}\nfunc broken() int { return "x" }\n`);
    const failed = await stack.up({ expectFailure: true });
    const said = failed.errors.join("\n");
    expect(said).toMatch(/doc\.go:\d+:\d+: cannot use "x" .* as int value in return statement/);
    expect(said).toContain(
        "was not built (exit status 1); the binary built before is left as it was",
    );
    expect(said.split("\n").length).toBeLessThan(20);
    expect(fs.existsSync(before["kubelet-linux-amd64"] ?? "")).toBe(true);
    fs.writeFileSync(file, text);
    expect(await change()).toEqual({});
    expect(await paths()).toEqual(before);
});

test("debug, tags, mode: all is built anew; a target and a platform more: only those", async () => {
    const both = { "kubelet-linux-amd64": "update", "kube-scheduler-linux-amd64": "update" };
    const used = { "use-command": "replace" };
    declare({ debug: true });
    expect(await change()).toEqual({ ...both, ...used });
    const file = (await paths())["kubelet-linux-amd64"] ?? "";
    const sections = execFileSync("readelf", ["-S", "-W", file], { encoding: "utf8" });
    expect(sections).toMatch(/\.z?debug_info/);
    // A debugger finds the source where it is.
    expect(fs.readFileSync(file).includes(`${fs.realpathSync(tree())}/cmd/kubelet/main.go`)).toBe(
        true,
    );
    declare({ debug: false, tags: ["mine"] });
    expect(await change()).toEqual({ ...both, ...used });
    declare({
        tags: undefined,
        targets: ["cmd/kubelet"],
        platforms: ["linux/amd64", "windows/amd64", "darwin/arm64"],
    });
    expect(await change()).toEqual({
        "kubelet-linux-amd64": "update",
        "kube-scheduler-linux-amd64": "delete",
        "kubelet-windows-amd64": "create",
        "kubelet-darwin-arm64": "create",
        ...used,
    });
    const magic = Object.entries(await paths()).map(([name, binary]) => [
        `${name} ${path.basename(binary)}`,
        fs.readFileSync(binary).subarray(0, 4).toString("hex"),
    ]);
    expect(Object.fromEntries(magic)).toEqual({
        "kubelet-linux-amd64 kubelet": "7f454c46",
        "kubelet-windows-amd64 kubelet.exe": "4d5a9000",
        "kubelet-darwin-arm64 kubelet": "cffaedfe",
    });
});

test("by make, as Kubernetes' Makefile takes it", async () => {
    declare({ mode: "make", platforms: ["linux/amd64"], debug: true, tags: undefined });
    await change();
    const file = (await paths())["kubelet-linux-amd64"] ?? "";
    expect(saidBy(file)).toMatch(/^Kubernetes v1\.36\.1-1-g/);
    expect(fs.existsSync(path.join(tree(), "_output/bin/kubelet"))).toBe(true);
    edit("Makefile", "# x\n");
    expect(things(await stack.preview())).toEqual({
        "kubelet-linux-amd64": "update",
        "use-command": "replace",
    });
    git(tree(), "checkout", "-q", "Makefile");
});

test("flags and Go's version: built in place; clean and timeoutSec build nothing; another name replaces", async () => {
    const kubelet = { "kubelet-linux-amd64": "update" };
    const used = { "use-command": "replace" };
    declare({ mode: "go", debug: false, targets: ["cmd/kubelet"] });
    await change();
    const installed = execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" }).trim();
    for (const flags of [
        { ldflags: "-X main.a=b" },
        { gcflags: "-e" },
        { goFlags: ["-a=false"] },
        { goVersion: installed.slice(2) },
    ]) {
        declare(flags);
        expect(await change()).toEqual({ ...kubelet, ...used });
    }
    const { ino } = fs.statSync((await paths())["kubelet-linux-amd64"] ?? "");
    declare({ clean: true, timeoutSec: 1234 });
    expect(await change()).toEqual(kubelet);
    expect(fs.statSync((await paths())["kubelet-linux-amd64"] ?? "").ino).toBe(ino);
    declare({ names: { "cmd/kubelet": "my-kubelet" } });
    expect(await change()).toEqual({
        "kubelet-linux-amd64": "delete",
        "my-kubelet-linux-amd64": "create",
        ...used,
    });
    const { "my-kubelet-linux-amd64": mine } = await paths();
    expect(path.basename(mine ?? "")).toBe("my-kubelet");
    declare({ names: undefined });
    await change();
});

(hasCompiler ? test : test.skip)(
    `race and cgo${hasCompiler ? "" : ": no C compiler here"}`,
    async () => {
        declare({ race: true });
        expect(await change()).toMatchObject({ "kubelet-linux-amd64": "update" });
        const file = (await paths())["kubelet-linux-amd64"] ?? "";
        expect(fs.readFileSync(file).includes("__tsan_init")).toBe(true);
        declare({ race: undefined, cgo: true });
        expect(await change()).toMatchObject({ "kubelet-linux-amd64": "update" });
        declare({ cgo: undefined });
        await change();
    },
);

test("a binary removed by hand is built again", async () => {
    fs.rmSync((await paths())["kubelet-linux-amd64"] ?? "");
    expect(await change()).toEqual({
        "kubelet-linux-amd64": "replace",
        "use-command": "replace",
    });
});

test("a mistyped target stops the preview", async () => {
    declare({ targets: ["cmd/kublet"] });
    const { errors } = await stack.preview({ expectFailure: true });
    expect(errors.join("\n")).toContain(
        `there is no cmd/kublet in ${tree()}; expected the directory of a command, as cmd/kubelet`,
    );
    declare({ targets: ["cmd/kubelet"] });
});

test("a tree with commits that are nowhere else is not destroyed, until that is said", async () => {
    const refused = await stack.destroy({ expectFailure: true });
    expect(JSON.stringify(refused)).toContain("1 commits that were not pushed");
    expect(git(tree(), "log", "-1", "--format=%s")).toBe("mine");
    declare({ onDelete: "retain" });
    await stack.up({ timeoutMs: 280_000 });
    await stack.destroy();
    expect(git(tree(), "log", "-1", "--format=%s")).toBe("mine");
    expect(filesBelow(stack.stateHome)).toEqual([]);
    expect(fs.existsSync(dirOf(stack, "tree-tree"))).toBe(false);
});
