/** scripts/source/build.sh with the real go: what it does when something is in the way. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";
import { json, runScript, scratchDirectory, startScript } from "../support/script-process";

// The first time Go compiles its own packages, also for debugging, beside the other tests: minutes.
jest.setTimeout(600_000);

let scratch: string;
let tree: string;
beforeEach(() => {
    scratch = scratchDirectory();
    tree = path.join(scratch, "the tree");
    fs.mkdirSync(tree);
    makeWorkspace(tree, smallScale);
});
afterEach(() => {
    // Go's own files are read-only.
    execFileSync("chmod", ["-R", "u+w", scratch]);
    fs.rmSync(scratch, { recursive: true, force: true });
});

const dir = () => path.join(scratch, "state/project/stack/built");
const goCache = () => {
    const home = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" });
    return home.trim();
};
const values = (change: Record<string, string> = {}) => ({
    HOME: path.join(scratch, "home"),
    GOCACHE: goCache(),
    GOPROXY: "off",
    KUBEDEV_DIR: dir(),
    KUBEDEV_SCOPE: "project/stack",
    KUBEDEV_KEY: "built",
    KUBEDEV_MODE: "go",
    KUBEDEV_TREE: tree,
    KUBEDEV_TARGET: "cmd/kubelet",
    KUBEDEV_PLATFORM: "linux/amd64",
    KUBEDEV_BUILD_KEY: "key1",
    KUBEDEV_BINARY: "kubelet",
    KUBEDEV_GO_FLAGS: "-trimpath\n-buildvcs=false",
    KUBEDEV_LDFLAGS: "-s -w",
    KUBEDEV_MODULE: "",
    KUBEDEV_CLEAN: "false",
    KUBEDEV_GO_VERSION: "",
    KUBEDEV_CGO: "0",
    KUBEDEV_TAGS: "default",
    KUBEDEV_DEBUG: "false",
    ...change,
});
const build = (change = {}) => runScript("source/build", values(change));
const binaries = () =>
    fs
        .readdirSync(dir(), { recursive: true, encoding: "utf8" })
        .filter((name) => name.includes("/"))
        .sort();

test("builds once for a key, keeps the one before, forgets older ones", async () => {
    const first = json(await build()) as Record<string, unknown>;
    expect(first).toMatchObject({ path: path.join(dir(), "key1/kubelet"), version: "v1.36.1" });
    const { ino } = fs.statSync(String(first["path"]));
    expect(json(await build())).toEqual(first);
    expect(fs.statSync(String(first["path"])).ino).toBe(ino);
    json(await build({ KUBEDEV_BUILD_KEY: "key2" }));
    json(await build({ KUBEDEV_BUILD_KEY: "key3" }));
    expect(binaries()).toEqual(["key2/kubelet", "key3/kubelet"]);
    expect(git(tree, "status", "--porcelain")).toBe("");
});

test("interrupted: the compiler ends, nothing is left, and the next run builds", async () => {
    // An empty cache, so that there is much to compile.
    const running = startScript("source/build", {
        ...values({ GOCACHE: path.join(scratch, "cache") }),
    });
    running.child.stdin.end();
    const compilers = () =>
        execFileSync(
            "sh",
            ["-c", 'grep -lz "^GOCACHE=$0/cache" /proc/[0-9]*/environ 2>/dev/null || :', scratch],
            {
                encoding: "utf8",
            },
        )
            .split("\n")
            .filter((name) => name !== "" && !name.includes("/self/"));
    while (compilers().length < 2) {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(130);
    const deadline = Date.now() + 20_000;
    while (compilers().length > 0 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(compilers()).toEqual([]);
    expect(fs.existsSync(path.join(scratch, "state"))).toBe(false);
    json(await build());
});

test("two at once: the second one waits and says so", async () => {
    const [one, two] = await Promise.all([
        build(),
        build({ KUBEDEV_DIR: `${dir()}2`, KUBEDEV_KEY: "built2" }),
    ]);
    json(one);
    json(two);
    expect(one.stderr + two.stderr).toContain("waiting for another build on this host");
});

test("a syntax error: the compiler's words alone, and what was built stays", async () => {
    json(await build());
    fs.appendFileSync(path.join(tree, "pkg/kubelet/own1/doc.go"), "func {\n");
    const failed = await build({ KUBEDEV_BUILD_KEY: "key2" });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/doc\.go:\d+:6: syntax error: /);
    expect(failed.stderr).toContain("the binary built before is left as it was");
    expect(failed.stderr.split("\n").length).toBeLessThan(10);
    expect(binaries()).toEqual(["key1/kubelet"]);
});

test("edited while it is built: an error that names the file; what it does not need may be edited", async () => {
    json(await build());
    const edited = async (file: string, key: string) => {
        // An empty cache, so that there is time.
        const running = startScript("source/build", {
            ...values({ KUBEDEV_BUILD_KEY: key, GOCACHE: path.join(scratch, `cache-${key}`) }),
        });
        running.child.stdin.end();
        const begun = path.join(scratch, `cache-${key}/trim.txt`);
        const log = path.join(dir(), "build.log");
        while (!fs.existsSync(log) && !fs.existsSync(begun)) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        fs.appendFileSync(path.join(tree, file), "// x\n");
        return running.ended;
    };
    // What was deleted is not read.
    fs.rmSync(path.join(tree, "docs/part0/page0.md"));
    json(await edited("pkg/proxy/own1/doc.go", "key2"));
    const failed = await edited("pkg/kubelet/own1/doc.go", "key3");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
        "cmd/kubelet was edited while it was built, so it is not what the preview showed: pkg/kubelet/own1/doc.go ; run it again",
    );
    expect(binaries()).toEqual(["key1/kubelet", "key2/kubelet"]);
    json(await build({ KUBEDEV_BUILD_KEY: "key3" }));
});

test("in the tree's own builder: its words, its place for binaries", async () => {
    const bin = path.join(scratch, "bin");
    const without = {
        KUBEDEV_MODE: "container",
        KUBEDEV_DEBUG: "true",
        PATH: `${path.dirname(execFileSync("sh", ["-c", "command -v go"], { encoding: "utf8" }))}:${bin}`,
    };
    fs.mkdirSync(bin);
    const programs = fs.readdirSync("/usr/bin").filter((name) => name !== "docker");
    programs.forEach((name) => {
        fs.symlinkSync(`/usr/bin/${name}`, path.join(bin, name));
    });
    // What fails at once ends at once: nothing that reports on it is left, and holds the streams.
    for (let round = 0; round < 15; round++) {
        const begun = Date.now();
        const failed = await build(without);
        expect(failed.stderr).toContain(
            "there is no docker on this host; expected it, a BuildHost with containerEngine installs it",
        );
        expect(Date.now() - begun).toBeLessThan(60_000);
    }
    // The workspace's builder has no container; that there is a docker is all that is asked before.
    fs.symlinkSync("/usr/bin/true", path.join(bin, "docker"));
    const { path: file } = json(await build(without)) as { path: string };
    expect(fs.readFileSync(file).includes(`${tree}/cmd/kubelet/main.go`)).toBe(true);
    expect(fs.existsSync(path.join(tree, "_output/dockerized/bin/linux/amd64/kubelet"))).toBe(true);
});

test("a module that is not to be had: Go's words, and nothing around them", async () => {
    const ran = await build({
        ...{ KUBEDEV_MODE: "module", KUBEDEV_MODULE: "kubedev.invalid/nothing@v1.0.0" },
        KUBEDEV_TARGET: "kubedev.invalid/nothing",
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
        /^kubedev\.invalid\/nothing@v1\.0\.0: module lookup disabled by GOPROXY=off$/m,
    );
    expect(ran.stderr).toContain("kubedev.invalid/nothing@v1.0.0 for linux/amd64 was not built");
});

test("a released module is built once for all stacks of a user", async () => {
    const asModule = (key: string) =>
        build({
            ...{ KUBEDEV_MODE: "module", KUBEDEV_MODULE: "golang.org/x/tools@v0.36.0" },
            ...{ KUBEDEV_TARGET: "golang.org/x/tools/cmd/stress", KUBEDEV_BINARY: "stress" },
            ...{ KUBEDEV_TREE: "", KUBEDEV_BUILD_KEY: key, GOPROXY: "" },
            ...{
                GOMODCACHE: execFileSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).trim(),
            },
            KUBEDEV_DIR: path.join(scratch, "state/project", String(count++), "built"),
        });
    let count = 0;
    const first = await asModule("key1");
    expect(json(first)).toMatchObject({ version: "v0.36.0" });
    expect(first.stderr).not.toContain("it was built before");
    const second = await asModule("key1");
    expect({ ...(json(second) as object), path: "" }).toEqual({
        ...(json(first) as object),
        path: "",
    });
    expect(second.stderr).toContain("it was built before by this user");
    expect((await asModule("key2")).stderr).not.toContain("it was built before");
    // Whoever compiles something else meanwhile keeps nobody from it.
    const lock = path.join(scratch, "home/.cache/kubedev/build.lock");
    const holder = spawn("flock", [lock, "sh", "-c", "echo held; exec cat"]);
    try {
        await new Promise((resolve) => holder.stdout.once("data", resolve));
        const third = await asModule("key2");
        expect(third.stderr).toContain("it was built before by this user");
        expect(third.stderr).not.toContain("waiting");
    } finally {
        holder.stdin.end();
    }
});

test("a tree that wants a newer Go than there is", async () => {
    const file = path.join(tree, "go.work");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("go 1.24.0", "go 1.99.0"));
    const failed = await build();
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/go.*1\.99/);
    expect(fs.existsSync(path.join(scratch, "state"))).toBe(false);
});

test("a tree that is not there; a detached HEAD; no tag; no repository", async () => {
    expect((await build({ KUBEDEV_TREE: "/nowhere" })).stderr).toContain(
        "there is no directory /nowhere; expected the source tree",
    );
    git(tree, "checkout", "-q", "--detach");
    expect(json(await build())).toMatchObject({ version: "v1.36.1" });
    git(tree, "tag", "-d", "v1.36.1");
    const { version } = json(await build({ KUBEDEV_BUILD_KEY: "key2" })) as { version: string };
    expect(version).toMatch(/^v0\.0\.0-0\+[0-9a-f]{14}$/);
    fs.rmSync(path.join(tree, ".git"), { recursive: true });
    expect(json(await build({ KUBEDEV_BUILD_KEY: "key3" }))).toMatchObject({ version: "" });
});

const mayMount = (() => {
    try {
        execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"], {
            stdio: "ignore",
        });
        return true;
    } catch {
        return false;
    }
})();
(mayMount ? test : test.skip)(
    `a full disk${mayMount ? "" : ": this user may not mount a small one"}`,
    () => {
        const small = path.join(scratch, "small");
        fs.mkdirSync(small);
        const mounted = spawnSync(
            "unshare",
            ["-m", "sh", "-c", 'mount -t tmpfs -o size=8m none "$0" && eval "$SCRIPT"', small],
            {
                encoding: "utf8",
                env: {
                    PATH: process.env["PATH"],
                    ...values({ KUBEDEV_DIR: path.join(small, "project/stack/built") }),
                    SCRIPT: script("source/build.sh"),
                },
            },
        );
        expect(mounted.status).toBe(1);
        expect(mounted.stderr).toMatch(/got \d MiB of free disk at .*; expected 1024 MiB/);
    },
);
