/** scripts/source/fingerprint.sh on a real tree, with real git and go: which edit reaches which command. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseFingerprints, questions } from "../../components/source/source-fingerprint";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";
import { runScript, scratchDirectory, shells } from "../support/script-process";

jest.setTimeout(120_000);

const targets = ["cmd/kubelet", "cmd/kube-scheduler"];
const query = {
    targets,
    platforms: ["linux/amd64", "windows/amd64"],
    files: [],
    goFlags: [],
    goVersion: "",
    cgo: false,
    tags: undefined,
    debug: false,
};
const goEnvironment = { HOME: os.homedir(), GOFLAGS: "-mod=mod", GOPROXY: "off" };

let scratch: string;
let original: string;
let tree: string;
let warnings: string[];

beforeAll(() => {
    scratch = scratchDirectory();
    original = path.join(scratch, "original");
    fs.mkdirSync(original);
    makeWorkspace(original, smallScale);
});
afterAll(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
    tree = path.join(scratch, "the tree");
    fs.rmSync(tree, { recursive: true, force: true });
    fs.cpSync(original, tree, { recursive: true });
    warnings = [];
});

async function fingerprints(change: object = {}, shell = "dash"): Promise<Record<string, string>> {
    const ran = await runScript(
        "source/fingerprint",
        { ...goEnvironment, ...questions({ ...query, dir: tree, ...change }) },
        { shell },
    );
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    return parseFingerprints(ran.stdout, (text) => warnings.push(text)) ?? {};
}
const at = (name: string) => path.join(tree, name);
const append = (name: string, text: string) => fs.appendFileSync(at(name), text);
/** What a change makes differ, as `<target> <platform>`. */
async function reached(change: () => void): Promise<string[]> {
    const before = await fingerprints();
    change();
    const after = await fingerprints();
    return Object.keys(after).filter((key) => after[key] !== before[key]);
}
const all = targets.flatMap((t) => query.platforms.map((p) => `${t} ${p}`)).sort();
const kubelet = query.platforms.map((p) => `cmd/kubelet ${p}`);

test.each(shells)(
    "every target and platform has one of its own, the same each time (%s)",
    async (shell) => {
        const first = await fingerprints({}, shell);
        expect(Object.keys(first).sort()).toEqual(all);
        expect(new Set(Object.values(first)).size).toBe(all.length);
        expect(await fingerprints({}, "dash")).toEqual(first);
    },
);

const rows: [string, () => void, string[]][] = [
    ["a line in a package of one", () => append("pkg/kubelet/own1/doc.go", "// x\n"), kubelet],
    ["a line in its main package", () => append("cmd/kubelet/main.go", "// x\n"), kubelet],
    ["a line in a shared package", () => append("pkg/shared0/doc.go", "// x\n"), all],
    [
        "a line in a nested module",
        () => append("staging/src/k8s.io/mod1/pkg0/doc.go", "// x\n"),
        all,
    ],
    ["another command", () => append("cmd/kubectl/main.go", "// x\n"), []],
    ["a document", () => append("docs/part0/page0.md", "x\n"), []],
    ["a test", () => append("pkg/kubelet/own1/doc_test.go", "// x\n"), []],
    ["untracked junk", () => fs.writeFileSync(at("pkg/kubelet/own1/junk.txt"), "x"), []],
    ["a new time stamp", () => fs.utimesSync(at("pkg/shared0/doc.go"), 1, 1), []],
    [
        "a new file",
        () => fs.writeFileSync(at("pkg/kubelet/own1/new.go"), "package own1\n"),
        kubelet,
    ],
    ["a deleted file", () => fs.rmSync(at("pkg/kubelet/own1/file0.go")), kubelet],
    [
        "a renamed file",
        () => fs.renameSync(at("pkg/kubelet/own1/file0.go"), at("pkg/kubelet/own1/z.go")),
        kubelet,
    ],
    [
        "a file for one platform",
        () => fs.writeFileSync(at("pkg/kubelet/own1/a_windows.go"), "package own1\n"),
        ["cmd/kubelet windows/amd64"],
    ],
    [
        "a file with another tag",
        () => fs.writeFileSync(at("pkg/kubelet/own1/t.go"), "//go:build mine\n\npackage own1\n"),
        [],
    ],
    [
        "an edit that git was told not to see",
        () => {
            git(tree, "update-index", "--assume-unchanged", "pkg/kubelet/own1/doc.go");
            append("pkg/kubelet/own1/doc.go", "// x\n");
        },
        kubelet,
    ],
    [
        "an edit that is staged, and one on top of it",
        () => {
            append("pkg/kubelet/own1/doc.go", "// x\n");
            git(tree, "add", "-A");
            append("pkg/kubelet/own1/doc.go", "// y\n");
        },
        kubelet,
    ],
    [
        "an edit taken back",
        () => {
            const text = fs.readFileSync(at("pkg/shared0/doc.go"));
            append("pkg/shared0/doc.go", "// x\n");
            fs.writeFileSync(at("pkg/shared0/doc.go"), text);
        },
        [],
    ],
    [
        "a commit that changes nothing that is built",
        () => git(tree, "commit", "-q", "--allow-empty", "-m", "empty"),
        [],
    ],
    [
        "the language version of a module",
        () => {
            const text = fs.readFileSync(at("go.mod"), "utf8");
            fs.writeFileSync(at("go.mod"), text.replace("go 1.24.0", "go 1.24.1"));
            fs.writeFileSync(
                at("go.work"),
                fs.readFileSync(at("go.work"), "utf8").replace("1.24.0", "1.24.1"),
            );
        },
        all,
    ],
];
test.each(rows)("%s", async (_what, change, expected) => {
    expect((await reached(change)).sort()).toEqual([...expected].sort());
    expect(warnings).toEqual([]);
});

test("a commit of an edit is the edit; a check-out of what was is what was", async () => {
    const before = await fingerprints();
    append("pkg/kubelet/own1/doc.go", "// x\n");
    const edited = await fingerprints();
    git(tree, "commit", "-qam", "edit");
    expect(await fingerprints()).toEqual(edited);
    git(tree, "checkout", "-q", "--detach", "v1.36.1");
    expect(await fingerprints()).toEqual(before);
});

test("an embedded file with a blank in its name, a tree by a link, a vendored package", async () => {
    fs.writeFileSync(at("pkg/kubelet/own1/my file.txt"), "one");
    fs.writeFileSync(
        at("pkg/kubelet/own1/embed.go"),
        'package own1\n\nimport _ "embed"\n\n//go:embed "my file.txt"\nvar text string\n',
    );
    git(tree, "add", "-A");
    git(tree, "commit", "-qm", "embed");
    const change = () => fs.writeFileSync(at("pkg/kubelet/own1/my file.txt"), "two");
    expect((await reached(change)).sort()).toEqual([...kubelet].sort());

    const link = path.join(scratch, "link");
    fs.symlinkSync(tree, link);
    expect(await fingerprints({ dir: link })).toEqual(await fingerprints());

    // As Kubernetes has its dependencies: the module has a version, its files are in the tree.
    const small = path.join(scratch, "vendoring");
    const write = (name: string, text: string) => {
        fs.mkdirSync(path.dirname(path.join(small, name)), { recursive: true });
        fs.writeFileSync(path.join(small, name), text);
    };
    write("go.mod", "module example.com/m\n\ngo 1.24.0\n\nrequire example.com/dep v1.0.0\n");
    write("main.go", 'package main\n\nimport _ "example.com/dep"\n\nfunc main() {}\n');
    write(
        "vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.24\nexample.com/dep\n",
    );
    write("vendor/example.com/dep/dep.go", "package dep\n");
    git(small, "init", "-q");
    git(small, "add", "-A");
    git(small, "commit", "-qm", "vendored");
    const ask = () =>
        fingerprints({ dir: small, targets: ["example.com/m"], platforms: ["linux/amd64"] });
    const before = await ask();
    write("vendor/example.com/dep/dep.go", "package dep\n\nconst x = 1\n");
    expect(await ask()).not.toEqual(before);
    expect(warnings).toEqual([]);
});

test("a link is what it leads to", async () => {
    fs.writeFileSync(path.join(scratch, "elsewhere.go"), "package own1\n");
    fs.symlinkSync(path.join(scratch, "elsewhere.go"), at("pkg/kubelet/own1/linked.go"));
    git(tree, "add", "-A");
    git(tree, "commit", "-qm", "link");
    const change = () =>
        fs.writeFileSync(path.join(scratch, "elsewhere.go"), "package own1\n// x\n");
    expect((await reached(change)).sort()).toEqual([...kubelet].sort());
});

test("a module of its own repository inside the tree", async () => {
    const inner = at("staging/src/k8s.io/mod1");
    git(tree, "rm", "-rq", "--cached", "staging/src/k8s.io/mod1");
    git(inner, "init", "-q");
    git(inner, "add", "-A");
    git(inner, "commit", "-qm", "inner");
    git(tree, "add", "staging/src/k8s.io/mod1");
    git(tree, "commit", "-qm", "submodule");
    expect(
        await reached(() => append("staging/src/k8s.io/mod1/pkg0/doc.go", "// x\n")),
    ).toHaveLength(4);
});

test("line ends that git converts, names that need quotes, a tree without git", async () => {
    const file = "pkg/kubelet/own1/doc.go";
    git(tree, "config", "core.autocrlf", "true");
    const before = await fingerprints();
    fs.writeFileSync(at(file), fs.readFileSync(at(file), "utf8").replaceAll("\n", "\r\n"));
    // The compiler reads what is on disk.
    const converted = await fingerprints();
    expect(all.filter((key) => converted[key] !== before[key]).sort()).toEqual([...kubelet].sort());
    fs.writeFileSync(at("pkg/kubelet/own1/näme.go"), "package own1\n");
    const named = await fingerprints();
    expect(named["cmd/kubelet linux/amd64"]).not.toBe(converted["cmd/kubelet linux/amd64"]);
    fs.rmSync(at(".git"), { recursive: true });
    expect(Object.keys(await fingerprints()).sort()).toEqual(all);
    expect((await reached(() => append(file, "// x\r\n"))).sort()).toEqual([...kubelet].sort());
});

test("tags, cgo and further files count", async () => {
    const before = await fingerprints();
    const changes = [{ tags: ["mine"] }, { cgo: true }, { files: ["Makefile"] }];
    for (const change of changes) {
        const after = await fingerprints(change);
        expect(all.filter((key) => after[key] === before[key])).toEqual([]);
    }
});

test("what cannot be listed is said, and is a change", async () => {
    const broken = () =>
        fs.writeFileSync(at("pkg/kubelet/own1/doc.go"), 'package own1\n\nimport _ "k8s.io/none"\n');
    expect(await reached(broken)).toEqual(expect.arrayContaining(kubelet));
    expect(warnings.join()).toContain("k8s.io/none");
});

test("a target, a tree that is not there", async () => {
    await expect(fingerprints({ targets: ["cmd/kublet"] })).rejects.toThrow(
        `there is no cmd/kublet in ${fs.realpathSync(tree)}; expected the directory of a command`,
    );
    await expect(fingerprints({ dir: "/nowhere" })).rejects.toThrow(
        "there is no directory /nowhere",
    );
});

test("it only looks: not even git's index is written", async () => {
    fs.utimesSync(at("pkg/shared0/doc.go"), 1, 1);
    const state = () =>
        execFileSync("sh", ["-c", "find . -printf '%p %T@ %s\\n' | sort | sha256sum"], {
            cwd: tree,
            encoding: "utf8",
        });
    const before = state();
    await fingerprints();
    expect(state()).toBe(before);
});
