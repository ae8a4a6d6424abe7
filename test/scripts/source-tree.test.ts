/** scripts/source/tree-*.sh with real git: what a clone is like, what is never touched, what is never lost. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { parseFacts } from "../../components/source/source-tree";
import { git } from "../support/go-workspace";
import { json, Ran, runScript, scratchDirectory, startScript } from "../support/script-process";

jest.setTimeout(120_000);

let scratch: string;
let fork: string;
let tree: string;
beforeEach(() => {
    scratch = scratchDirectory();
    fork = path.join(scratch, "fork");
    tree = path.join(scratch, "the tree");
    fs.mkdirSync(fork);
    git(fork, "init", "-q", "-b", "master");
    fs.writeFileSync(path.join(fork, "a.go"), "package a\n");
    fs.writeFileSync(path.join(fork, ".gitignore"), "_output\n");
    fs.writeFileSync(path.join(fork, ".go-version"), "1.26.2\n");
    fs.mkdirSync(path.join(fork, "hack/lib"), { recursive: true });
    fs.writeFileSync(
        path.join(fork, "hack/lib/etcd.sh"),
        "# x\nETCD_VERSION=${ETCD_VERSION:-3.6.8}\nETCD_HOST=a\n",
    );
    git(fork, "add", "-A");
    git(fork, "commit", "-qm", "first");
    git(fork, "tag", "v1.36.1");
    git(fork, "branch", "theirs");
});
afterEach(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

const values = (change: Record<string, string> = {}) => ({
    HOME: path.join(scratch, "home"),
    KUBEDEV_DIR: path.join(state(), "project/stack/tree"),
    KUBEDEV_SCOPE: "project/stack",
    KUBEDEV_KEY: "tree",
    KUBEDEV_TREE: tree,
    KUBEDEV_ORIGIN: fork,
    KUBEDEV_UPSTREAM: "https://github.com/kubernetes/kubernetes.git",
    KUBEDEV_PROTECT: "true",
    KUBEDEV_BRANCH: "",
    KUBEDEV_REFERENCE: "",
    KUBEDEV_PARTIAL: "false",
    KUBEDEV_DEPTH: "",
    KUBEDEV_HOOKS: "false",
    KUBEDEV_STAGING_LINKS: "false",
    KUBEDEV_REMOVE: "refuse",
    ...change,
});
const create = (change = {}) => runScript("source/tree-create", values(change));
const remove = (change = {}) => runScript("source/tree-delete", values(change));
const facts = async () => parseFacts((await runScript("source/tree-facts", values())).stdout);
const config = (name: string) => {
    try {
        return git(tree, "config", "--local", name);
    } catch {
        return undefined;
    }
};
const state = () => path.join(scratch, "home/.local/state/kubedev");

/** All of a directory, its links and modes, byte by byte. */
function contents(dir: string): Record<string, string> {
    const all = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).sort();
    const entries = all.filter((name) => !name.endsWith(".sample"));
    return Object.fromEntries(
        entries.map((name) => {
            const file = path.join(dir, name);
            const stat = fs.lstatSync(file);
            const text = stat.isSymbolicLink()
                ? fs.readlinkSync(file)
                : stat.isFile()
                  ? createHash("sha256").update(fs.readFileSync(file)).digest("hex")
                  : "";
            return [name, `${stat.mode.toString(8)} ${text}`];
        }),
    );
}

describe("a clone", () => {
    test("has upstream beside origin, nothing can be pushed there, and goes away whole", async () => {
        expect(json(await create())).toEqual({ dir: tree, adopted: false });
        expect(git(tree, "remote", "-v").split("\n")).toEqual([
            `origin\t${fork} (fetch)`,
            `origin\t${fork} (push)`,
            "upstream\thttps://github.com/kubernetes/kubernetes.git (fetch)",
            "upstream\tno_push (push)",
        ]);
        expect(() => git(tree, "push", "upstream", "master")).toThrow();
        expect(await facts()).toMatchObject({
            commit: git(fork, "rev-parse", "HEAD"),
            branch: "master",
            version: "v1.36.1",
            state: "clean",
            goVersion: "1.26.2",
            etcdVersion: "3.6.8",
        });
        expect(json(await create())).toMatchObject({ adopted: false });
        expect((await remove()).code).toBe(0);
        expect(fs.existsSync(tree)).toBe(false);
        expect(fs.existsSync(state())).toBe(false);
        expect((await remove()).code).toBe(0);
    });

    test("has the branch that is asked for, theirs or a new one, and follows another one", async () => {
        json(await create({ KUBEDEV_BRANCH: "theirs" }));
        expect((await facts())["branch"]).toBe("theirs");
        json(await create({ KUBEDEV_BRANCH: "mine" }));
        expect((await facts())["branch"]).toBe("mine");
        // Who switches by hand is left alone.
        git(tree, "switch", "-q", "master");
        json(await create({ KUBEDEV_BRANCH: "mine", KUBEDEV_PROTECT: "false" }));
        expect((await facts())["branch"]).toBe("master");
        expect(config("remote.upstream.pushurl")).toBeUndefined();
    });

    test("shares the objects of another tree; is shallow", async () => {
        json(await create({ KUBEDEV_REFERENCE: fork }));
        const alternates = path.join(tree, ".git/objects/info/alternates");
        expect(fs.readFileSync(alternates, "utf8").trim()).toBe(path.join(fork, ".git/objects"));
        expect((await remove()).code).toBe(0);
        git(fork, "commit", "-q", "--allow-empty", "-m", "second");
        json(await create({ KUBEDEV_DEPTH: "1", KUBEDEV_ORIGIN: `file://${fork}` }));
        expect(git(tree, "rev-list", "--count", "HEAD")).toBe("1");
        expect((await facts())["version"]).toMatch(/^v0\.0\.0-0\+[0-9a-f]{14}$/);
        expect((await remove()).code).toBe(0);
    });

    test.each([
        [
            "an uncommitted edit",
            () => fs.appendFileSync(path.join(tree, "a.go"), "// x\n"),
            "1 uncommitted files",
        ],
        ["a new file", () => fs.writeFileSync(path.join(tree, "b.go"), ""), "1 uncommitted files"],
        [
            "a commit",
            () => git(tree, "commit", "-q", "--allow-empty", "-m", "mine"),
            "1 commits that were not pushed",
        ],
        [
            "a commit without a branch",
            () => {
                git(tree, "checkout", "-q", "--detach");
                git(tree, "commit", "-q", "--allow-empty", "-m", "mine");
            },
            "1 commits that were not pushed",
        ],
        [
            "a stash",
            () => {
                fs.appendFileSync(path.join(tree, "a.go"), "// x\n");
                git(tree, "stash", "-q");
            },
            "1 stashes",
        ],
        [
            "a commit on another branch, on one that has none",
            () => {
                git(tree, "commit", "-q", "--allow-empty", "-m", "mine");
                git(tree, "switch", "-q", "--orphan", "empty");
            },
            "1 commits that were not pushed",
        ],
        [
            "a commit that only a tag holds",
            () => {
                git(tree, "commit", "-q", "--allow-empty", "-m", "mine");
                git(tree, "tag", "mine");
                git(tree, "reset", "-q", "--hard", "origin/master");
            },
            "1 commits that were not pushed",
        ],
        [
            "an edit that git was told not to see",
            () => {
                git(tree, "update-index", "--assume-unchanged", "a.go");
                fs.appendFileSync(path.join(tree, "a.go"), "// x\n");
            },
            "1 files that git was told not to look at",
        ],
        [
            "a worktree",
            () => git(tree, "worktree", "add", "-q", path.join(scratch, "wt")),
            "1 further worktrees",
        ],
    ])("is not deleted with %s, unless that is said", async (_what, work, said) => {
        json(await create());
        work();
        const before = contents(tree);
        const refused = await remove();
        expect(refused.code).toBe(1);
        expect(refused.stderr).toContain(
            `${tree} has ${said}; push or throw that away, or set onDelete`,
        );
        expect(contents(tree)).toEqual(before);
        expect((await remove({ KUBEDEV_REMOVE: "retain" })).code).toBe(0);
        expect(fs.existsSync(path.join(tree, ".git"))).toBe(true);
        expect(fs.existsSync(state())).toBe(false);
    });

    test("is not deleted when git cannot say what is in it", async () => {
        const shared = path.join(scratch, "shared");
        execFileSync("cp", ["-r", fork, shared]);
        json(await create({ KUBEDEV_REFERENCE: shared, KUBEDEV_ORIGIN: `file://${fork}` }));
        fs.appendFileSync(path.join(tree, "a.go"), "// mine\n");
        fs.rmSync(shared, { recursive: true });
        const refused = await remove();
        expect(refused.code).toBe(1);
        expect(refused.stderr).toMatch(/cannot (tell what would be lost|read the index)/);
        expect(fs.readFileSync(path.join(tree, "a.go"), "utf8")).toContain("// mine");
    });

    test("is not deleted while another SourceTree uses it; that one can take the settings over", async () => {
        const other = {
            KUBEDEV_DIR: path.join(state(), "project/other/tree"),
            KUBEDEV_SCOPE: "project/other",
        };
        json(await create());
        expect(json(await create(other))).toEqual({ dir: tree, adopted: true });
        expect((await remove()).stderr).toContain("1 other SourceTree that uses it (");
        expect((await remove({ KUBEDEV_REMOVE: "retain" })).code).toBe(0);
        expect((await remove(other)).code).toBe(0);
        expect(fs.existsSync(path.join(tree, "a.go"))).toBe(true);
        expect(fs.existsSync(path.join(tree, ".git/kubedev-users"))).toBe(false);
    });

    test("switches to a branch that upstream has too", async () => {
        json(await create({ KUBEDEV_UPSTREAM: fork }));
        git(tree, "fetch", "-q", "upstream");
        json(await create({ KUBEDEV_UPSTREAM: fork, KUBEDEV_BRANCH: "theirs" }));
        expect((await facts())["branch"]).toBe("theirs");
    });

    test("is deleted with all that is in it by force", async () => {
        json(await create());
        fs.writeFileSync(path.join(tree, "b.go"), "");
        expect((await remove({ KUBEDEV_REMOVE: "force" })).code).toBe(0);
        expect(fs.existsSync(tree)).toBe(false);
    });

    test("ignored files do not keep it", async () => {
        json(await create());
        fs.mkdirSync(path.join(tree, "_output"));
        fs.writeFileSync(path.join(tree, "_output/kubelet"), "binary");
        expect((await remove()).code).toBe(0);
        expect(fs.existsSync(tree)).toBe(false);
    });

    test("of what is no repository fails and leaves nothing", async () => {
        const failed = await create({ KUBEDEV_ORIGIN: path.join(scratch, "none") });
        expect(failed.code).toBe(1);
        expect(failed.stderr).toMatch(/fatal: .*\nkubedev: cannot clone \S+.*; expected the URL/s);
        expect(fs.readdirSync(scratch).sort()).toEqual(["fork", "home"]);
        fs.mkdirSync(tree);
        fs.writeFileSync(path.join(tree, "mine"), "");
        const refused = await create();
        expect(refused.stderr).toContain("is there and is no git repository; remove it or choose");
        expect(fs.readdirSync(tree)).toEqual(["mine"]);
    });

    test("interrupted leaves nothing, and is repeated", async () => {
        // A server that never answers.
        const { child, ended } = startScript("source/tree-create", {
            ...values({ KUBEDEV_ORIGIN: "ext::sleep 60" }),
            GIT_ALLOW_PROTOCOL: "ext",
        });
        await new Promise((resolve) => setTimeout(resolve, 1000));
        child.kill("SIGTERM");
        expect((await ended).code).toBe(130);
        expect(fs.readdirSync(scratch).sort()).toEqual(["fork", "home"]);
        json(await create());
    });
});

describe("legacy staging links", () => {
    const link = (name: string) => path.join(tree, "vendor/k8s.io", name);
    beforeEach(() => {
        for (const name of ["api", "client-go"]) {
            fs.mkdirSync(path.join(fork, "staging/src/k8s.io", name), { recursive: true });
            fs.writeFileSync(path.join(fork, "staging/src/k8s.io", name, "a.go"), "package a\n");
        }
        fs.mkdirSync(path.join(fork, "vendor/k8s.io/klog"), { recursive: true });
        fs.writeFileSync(path.join(fork, "vendor/k8s.io/klog/a.go"), "package klog\n");
        for (const name of ["api", "client-go"]) {
            fs.symlinkSync(
                `../../staging/src/k8s.io/${name}`,
                path.join(fork, "vendor/k8s.io", name),
            );
        }
        git(fork, "add", "-A");
        git(fork, "commit", "-qm", "links");
    });

    test("files that stand for links become links, and files again; edited ones stay", async () => {
        git(scratch, "clone", "-q", "-c", "core.symlinks=false", fork, tree);
        expect(fs.readFileSync(link("api"), "utf8")).toBe("../../staging/src/k8s.io/api");
        fs.writeFileSync(link("client-go"), "something else");
        const before = contents(tree);
        json(await create({ KUBEDEV_STAGING_LINKS: "true" }));
        expect(fs.readFileSync(path.join(link("api"), "a.go"), "utf8")).toBe("package a\n");
        expect(fs.readFileSync(link("client-go"), "utf8")).toBe("something else");
        expect(git(tree, "status", "--porcelain")).toBe("M vendor/k8s.io/client-go");
        json(await create({ KUBEDEV_STAGING_LINKS: "true" }));
        json(await create());
        expect(fs.readFileSync(link("api"), "utf8")).toBe("../../staging/src/k8s.io/api");
        json(await create({ KUBEDEV_STAGING_LINKS: "true" }));
        expect((await remove()).code).toBe(0);
        const after = contents(tree);
        // git itself has looked at them.
        expect({ ...after, ".git/index": "" }).toEqual({ ...before, ".git/index": "" });
    });

    test("a tree that has none says so", async () => {
        fs.rmSync(path.join(fork, "vendor"), { recursive: true });
        git(fork, "commit", "-qam", "workspaces");
        const { code, stderr } = await create({ KUBEDEV_STAGING_LINKS: "true" });
        expect(code).toBe(1);
        expect(stderr).toContain("expected a tree of Kubernetes before 1.30");
    });
});

describe("the hook", () => {
    const commit = (message: string): Ran => {
        try {
            git(tree, "commit", "-q", "-m", message);
            return { code: 0, stdout: "", stderr: "" };
        } catch (error) {
            return { code: 1, stdout: "", stderr: (error as { stderr: string }).stderr };
        }
    };

    test("stops what gofmt would change, but no work in progress", async () => {
        json(await create({ KUBEDEV_HOOKS: "true" }));
        fs.writeFileSync(path.join(tree, "b.go"), "package   a\n");
        fs.writeFileSync(path.join(tree, "c.go"), "package a\n");
        git(tree, "add", "-A");
        // What is on disk is not what is committed.
        fs.writeFileSync(path.join(tree, "b.go"), "package a\n");
        const stopped = commit("done");
        expect(stopped.code).toBe(1);
        expect(stopped.stderr).toContain("not as gofmt writes it:\n  b.go\n");
        expect(commit("WIP: still at it").code).toBe(0);
        git(tree, "add", "-A");
        expect(commit("done").code).toBe(0);
        json(await create());
        expect(config("core.hooksPath")).toBeUndefined();
    });

    test("stops what go vet finds, in the packages of the commit alone", async () => {
        json(await create({ KUBEDEV_HOOKS: "true" }));
        const write = (name: string, text: string) => {
            fs.mkdirSync(path.dirname(path.join(tree, name)), { recursive: true });
            fs.writeFileSync(path.join(tree, name), text);
        };
        const wrong = 'package b\n\nimport "fmt"\n\nfunc b() { fmt.Printf("%d", "x") }\n';
        write("go.mod", "module a.b/c\n\ngo 1.24\n");
        write("b/b.go", wrong);
        write("c/c.go", "package c\n");
        // So that what it imports is compiled already.
        spawnSync("go", ["vet", "./..."], { cwd: tree });
        git(tree, "add", "go.mod", "b/b.go");
        const stopped = commit("done");
        expect(stopped.stderr).toMatch(/go vet says:\n {2}b\/b\.go:5:\d+: fmt\.Printf format %d/);
        expect(commit("wip").code).toBe(0);
        git(tree, "add", "c/c.go");
        expect(commit("c alone").code).toBe(0);
        // What is on disk is not what is committed: nothing can be said.
        write("b/b.go", wrong.replace("%d", "%x "));
        git(tree, "add", "b/b.go");
        write("b/b.go", wrong.replace("%d", "%d%d"));
        expect(commit("not looked at").code).toBe(0);
        // No module: no reason to stop.
        git(tree, "rm", "-q", "--cached", "go.mod");
        fs.rmSync(path.join(tree, "go.mod"));
        git(tree, "add", "-A");
        expect(commit("no module").code).toBe(0);
    });
});

describe("an adopted tree", () => {
    beforeEach(() => {
        execFileSync("cp", ["-r", fork, tree]);
    });
    const adopt = (change = {}) => create({ KUBEDEV_ORIGIN: "", ...change });

    test("without origin there must be one", async () => {
        fs.rmSync(tree, { recursive: true });
        const failed = await adopt();
        expect(failed.stderr).toContain("expected one to adopt. Give origin, the URL of your fork");
    });

    test("keeps the remotes and hooks that it had, and gets them back", async () => {
        git(tree, "remote", "add", "upstream", "https://example.com/theirs.git");
        git(tree, "config", "core.hooksPath", ".githooks");
        const before = contents(tree);
        expect(json(await adopt({ KUBEDEV_HOOKS: "true" }))).toEqual({ dir: tree, adopted: true });
        expect(config("remote.upstream.pushurl")).toBe("no_push");
        expect(config("core.hooksPath")).toContain("/hooks");
        expect((await remove({ KUBEDEV_REMOVE: "force" })).code).toBe(0);
        expect(config("remote.upstream.url")).toBe("https://example.com/theirs.git");
        expect(config("core.hooksPath")).toBe(".githooks");
        expect(contents(tree)).toEqual(before);
    });

    test("whoever is the last to go takes the settings back", async () => {
        const other = {
            KUBEDEV_DIR: path.join(state(), "project/other/tree"),
            KUBEDEV_SCOPE: "project/other",
        };
        const before = contents(tree);
        json(await adopt({ KUBEDEV_HOOKS: "true" }));
        json(await adopt({ KUBEDEV_HOOKS: "true", ...other }));
        expect((await remove()).code).toBe(0);
        expect(config("remote.upstream.pushurl")).toBe("no_push");
        expect((await remove(other)).code).toBe(0);
        expect(contents(tree)).toEqual(before);
    });

    test("one without go.mod, without a commit, and a second fetch rule", async () => {
        git(tree, "rm", "-q", "--cached", ".go-version");
        fs.rmSync(path.join(tree, ".go-version"));
        git(tree, "remote", "add", "upstream", "https://example.com/theirs.git");
        git(tree, "config", "--add", "remote.upstream.fetch", "+refs/pull/*/head:refs/pull/*");
        git(tree, "switch", "-q", "--orphan", "empty");
        json(await adopt());
        expect(config("remote.upstream.pushurl")).toBe("no_push");
        expect(await facts()).toMatchObject({ goVersion: "", branch: "empty" });
        expect((await remove()).code).toBe(0);
    });

    test("a setting that the user has changed since stays", async () => {
        json(await adopt());
        git(tree, "config", "remote.upstream.pushurl", "https://example.com/mine.git");
        json(await adopt());
        expect((await remove()).code).toBe(0);
        expect(config("remote.upstream.pushurl")).toBe("https://example.com/mine.git");
    });

    test("whatever state it is in, no byte of it changes", async () => {
        const name = fc.constantFrom("a.go", "b.go", "sub/c.go", "_output/x", "nä me");
        const action = fc.oneof(
            fc.record({ do: fc.constant("write" as const), name, text: fc.string() }),
            fc.record({ do: fc.constant("delete" as const), name }),
            fc.record({ do: fc.constant("link" as const), name }),
            fc.record({ do: fc.constant("stage" as const), name }),
            fc.constant({ do: "commit" as const }),
            fc.constant({ do: "stash" as const }),
            fc.constant({ do: "detach" as const }),
            fc.constant({ do: "merge" as const }),
        );
        const apply = (step: { do: string; name?: string; text?: string }) => {
            const file = path.join(tree, step.name ?? "");
            fs.mkdirSync(path.dirname(file), { recursive: true });
            const quietly = (...args: string[]) => {
                try {
                    git(tree, ...args);
                } catch {
                    // As it is for a person: some commands make no sense in some states.
                }
            };
            switch (step.do) {
                case "write":
                    fs.writeFileSync(file, step.text ?? "");
                    break;
                case "delete":
                    fs.rmSync(file, { force: true });
                    break;
                case "link":
                    fs.rmSync(file, { force: true });
                    fs.symlinkSync("/nowhere", file);
                    break;
                case "stage":
                    quietly("add", "-f", "--", step.name ?? "");
                    break;
                case "commit":
                    quietly("commit", "-qm", "x");
                    break;
                case "stash":
                    quietly("stash", "-q");
                    break;
                case "detach":
                    quietly("checkout", "-q", "--detach");
                    break;
                default:
                    quietly("merge", "--no-commit", "--no-ff", "theirs");
                    break;
            }
        };
        await fc.assert(
            fc.asyncProperty(
                fc.array(action, { minLength: 1, maxLength: 12 }),
                fc.boolean(),
                fc.constantFrom("refuse", "retain", "force"),
                async (steps, hooks, removal) => {
                    fs.rmSync(tree, { recursive: true });
                    execFileSync("cp", ["-r", fork, tree]);
                    steps.forEach(apply);
                    const before = contents(tree);
                    const change = { KUBEDEV_HOOKS: String(hooks), KUBEDEV_BRANCH: "other" };
                    json(await adopt(change));
                    json(await adopt({ ...change, KUBEDEV_PROTECT: "false" }));
                    await facts();
                    expect((await remove({ KUBEDEV_REMOVE: removal })).code).toBe(0);
                    const { ".git/config": configAfter, ...after } = contents(tree);
                    const { ".git/config": configBefore, ...rest } = before;
                    expect(after).toEqual(rest);
                    expect(configAfter).toBe(configBefore);
                },
            ),
            { numRuns: Number(process.env["KUBEDEV_PROPERTY_RUNS"] ?? 25) },
        );
    });
});
