/** SourceTree and Build against mocks: their children by type, name and inputs, and what they ask of the host. */
import * as pulumi from "@pulumi/pulumi";
import { Build } from "../../components/source/build";
import { BuildHost } from "../../components/source/build-host";
import { CheckSuite } from "../../components/source/check-commands";
import { Checks } from "../../components/source/checks";
import { BuildMode } from "../../components/source/go-build";
import { SourceTree, TreeRemoval } from "../../components/source/source-tree";
import { common, known, MockedRun, withoutTexts } from "../support/mocked-run";

let run: MockedRun;
let lacks: string;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    lacks = "";
    run = new MockedRun(
        {
            ...{
                dir: "/k8s",
                adopted: true,
                path: "/there",
                sha256: "s",
                sizeBytes: 5,
                version: "v1",
            },
            ...{ tests: 7, skipped: 1, coveragePercent: 50.5, goVersion: "1.26.8", goPath: "/go" },
        },
        (asked) => {
            if (asked["KUBEDEV_FETCH_PROGRAMS"] !== undefined) {
                return lacks;
            }
            if (asked["KUBEDEV_TARGETS"] !== undefined) {
                if (asked["KUBEDEV_PLATFORMS"] === "") {
                    return "fingerprint=checks of-all\n";
                }
                const platforms = (asked["KUBEDEV_PLATFORMS"] ?? "").split("\n");
                return asked["KUBEDEV_TARGETS"]
                    .split("\n")
                    .flatMap((t) => platforms.map((p) => `fingerprint=${t} ${p} of-${t}-${p}\n`))
                    .join("");
            }
            return asked["KUBEDEV_TREE"] === undefined
                ? "absent=7\n"
                : "commit=abc\nversion=v1.36.1\nbranch=fix\norigin=git@github.com:me/kubernetes.git\ngoVersion=1.26.2\netcdVersion=3.6.8\n";
        },
    );
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

test("SourceTree: its place in the triggers, all else in place, what it looks like read anew", async () => {
    const tree = new SourceTree(
        "k8s",
        { dir: "/k8s", branch: "fix", depth: 5, onDelete: TreeRemoval.Retain },
        run.watched,
    );
    expect(await known(tree.commit)).toBe("abc");
    expect(await known(tree.goVersion)).toBe("1.26.2");
    expect(await known(tree.compareUrl)).toBe(
        "https://github.com/kubernetes/kubernetes/compare/me:fix?expand=1",
    );
    expect((await known(tree.links))["kubelet"]).toContain("/blob/abc/pkg/kubelet/");
    expect(await known(tree.files)).toEqual({ dir: "/k8s", instanceId: "k8s-tree-id" });
    const { name, inputs } = run.command();
    expect(name).toBe("k8s-tree");
    expect(inputs.triggers).toEqual([{ dir: "/k8s", incarnation: 7 }, { parents: [] }]);
    expect(withoutTexts(inputs.environment)).toEqual({
        ...common("k8s-tree", inputs.environment["KUBEDEV_SPEC"], "3600"),
        KUBEDEV_TREE: "/k8s",
        KUBEDEV_ORIGIN: "",
        KUBEDEV_UPSTREAM: "https://github.com/kubernetes/kubernetes.git",
        KUBEDEV_PROTECT: "true",
        KUBEDEV_BRANCH: "fix",
        KUBEDEV_REMEMBER: "fact.branch=fix",
        KUBEDEV_REFERENCE: "",
        KUBEDEV_PARTIAL: "false",
        KUBEDEV_DEPTH: "5",
        KUBEDEV_HOOKS: "false",
        KUBEDEV_STAGING_LINKS: "false",
        KUBEDEV_REMOVE: "retain",
    });
    expect(run.optionsOf("k8s-tree").deleteBeforeReplace).toBe(true);
});

test("Build: one resource for each target and platform, one look for all of them", async () => {
    const built = new Build("b", {
        source: { dir: "/k8s" },
        targets: ["cmd/kubelet", "cmd/kubectl"],
        platforms: ["linux/amd64", "windows/amd64"],
        tags: ["x", "y"],
        debug: true,
    });
    const paths = await known(built.paths);
    const fingerprints = await known(built.fingerprints);
    expect(run.commands().map(({ name }) => name)).toEqual([
        "b-kubelet-linux-amd64",
        "b-kubelet-windows-amd64",
        "b-kubectl-linux-amd64",
        "b-kubectl-windows-amd64",
    ]);
    expect(new Set(Object.values(fingerprints)).size).toBe(4);
    const key = fingerprints["kubelet-windows-amd64"] ?? "";
    expect(paths["kubelet-windows-amd64"]).toBe(
        `/state/kubedev/project/stack/b-kubelet-windows-amd64/${key}/kubelet.exe`,
    );
    expect((await known(built.binaries))["kubelet-windows-amd64"]).toMatchObject({
        sha256: "s",
        sizeBytes: 5,
        version: "v1",
        platform: "windows/amd64",
    });
    const asked = run.looks.filter((look) => look["KUBEDEV_TARGETS"] !== undefined);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
        KUBEDEV_TREE: "/k8s",
        KUBEDEV_TARGETS: "cmd/kubelet\ncmd/kubectl",
        KUBEDEV_PLATFORMS: "linux/amd64\nwindows/amd64",
        KUBEDEV_TAGS: "x,y",
        KUBEDEV_CGO: "0",
        KUBEDEV_DEBUG: "true",
    });
    const { inputs } = run.commands()[1] ?? run.command();
    // An edit is no trigger: the binary is built in place, so that one that fails leaves the old one running.
    expect(inputs.triggers).toEqual([
        { target: "cmd/kubelet", platform: "windows/amd64", mode: "go", incarnation: 7 },
        { parents: [] },
    ]);
    expect(inputs.environment).toMatchObject({
        KUBEDEV_BUILD_KEY: key,
        KUBEDEV_BINARY: "kubelet.exe",
        KUBEDEV_GO_FLAGS: "-buildvcs=false\n-gcflags=all=-N -l",
        KUBEDEV_LDFLAGS: "",
        KUBEDEV_MODE: "go",
    });
});

test("Build of a module looks at no tree", async () => {
    const built = new Build("b", {
        module: "k8s.io/kubernetes@v1.36.1",
        targets: ["k8s.io/kubernetes/cmd/kubelet"],
        platforms: ["linux/amd64"],
    });
    await known(built.binaries);
    expect(run.looks.every((look) => look["KUBEDEV_TARGETS"] === undefined)).toBe(true);
    expect(run.command().inputs.environment).toMatchObject({
        KUBEDEV_MODE: "module",
        KUBEDEV_MODULE: "k8s.io/kubernetes@v1.36.1",
        KUBEDEV_TREE: "",
    });
});

test("SourceTree builds the etcd that the tree asks for", async () => {
    const tree = new SourceTree("k8s", { dir: "/k8s", etcd: true });
    expect(await known(tree.etcdPath)).toMatch(
        /^\/state\/kubedev\/project\/stack\/k8s-etcd-etcd-linux-a..64\/[0-9a-f]+\/etcd$/,
    );
    const etcd = run.commands().find(({ name }) => name.startsWith("k8s-etcd-etcd-linux-"));
    expect(etcd?.inputs.environment).toMatchObject({
        KUBEDEV_MODULE: "go.etcd.io/etcd/server/v3@v3.6.8",
        KUBEDEV_TARGET: "go.etcd.io/etcd/server/v3",
        KUBEDEV_BINARY: "etcd",
    });
});

test("Checks: the command is said; nothing is declared and nothing looked at unless it is to be run", async () => {
    const checks = new Checks("unit", {
        source: { dir: "/k8s tree" },
        suite: CheckSuite.Unit,
        what: ["pkg/kubelet"],
        race: true,
    });
    expect(await known(checks.command)).toBe(
        `cd '/k8s tree' && export ARTIFACTS="\${ARTIFACTS:-/tmp/_artifacts}" && mkdir -p "$ARTIFACTS" && export CGO_ENABLED=1 && export KUBE_CACHE_MUTATION_DETECTOR=true && export KUBE_PANIC_WATCH_DECODE_ERROR=true && go run gotest.tools/gotestsum@v1.13.0 --format=pkgname-and-test-fails --junitfile="$ARTIFACTS/junit.xml" -- -timeout=180s -race ./pkg/kubelet`,
    );
    expect(await known(checks.environment)).toMatchObject({ CGO_ENABLED: "1" });
    expect(checks.results).toBeUndefined();
    await pulumi.runtime.disconnect();
    expect(run.commands()).toEqual([]);
    expect(run.looks).toEqual([]);
});

test("Checks that run: the fingerprint, the words and the triggers make the key, the suite is what it is", async () => {
    const keys: string[] = [];
    for (const [at, change] of [{}, { count: 2 }, { triggers: { kubelet: "x" } }].entries()) {
        const name = `c${String(at)}`;
        const checks = new Checks(name, {
            ...{ source: { dir: "/k8s" }, suite: CheckSuite.Unit, run: true, ...change },
        });
        expect(checks.results && (await known(checks.results))).toEqual({
            ...{ dir: "/k8s", tests: 7, skipped: 1, coveragePercent: 50.5 },
        });
        const { inputs } = run.commands().find((c) => c.name === `${name}-run`) ?? run.command();
        expect(inputs.triggers).toEqual([{ suite: "unit", incarnation: 7 }, { parents: [] }]);
        keys.push(inputs.environment["KUBEDEV_CHECK_KEY"] ?? "");
    }
    expect(new Set(keys).size).toBe(3);
    const asked = run.looks.find((look) => look["KUBEDEV_TARGETS"] !== undefined);
    // All of the tree.
    expect(asked).toMatchObject({ KUBEDEV_TREE: "/k8s", KUBEDEV_TARGETS: "" });
});

test("BuildHost: what is missing is installed in place, and nobody looks at the host before", async () => {
    lacks = "lacks=make go\n";
    const made = new BuildHost("tools", { goVersion: "1.26.2", cgo: true, packages: ["hello"] });
    expect(await known(made.goVersion)).toBe("1.26.8");
    expect(await known(made.host)).toEqual({ running: true, readyId: "tools-tools-id" });
    const { name, inputs } = run.command();
    expect(name).toBe("tools-tools");
    expect(inputs.triggers).toEqual([{ incarnation: 7 }, { parents: [] }]);
    expect(inputs.environment).toMatchObject({
        KUBEDEV_PROGRAMS: "git git\nmake make\njq jq\ngcc gcc\n/usr/include/stdio.h libc6-dev",
        KUBEDEV_PACKAGES: "hello",
        KUBEDEV_GO_VERSION: "1.26.2",
        KUBEDEV_GO_PROXY: "https://proxy.golang.org",
        KUBEDEV_INSTALL: "true",
        KUBEDEV_FREE_MIB: "10240",
        KUBEDEV_GENERATION: "1",
    });
});

test("bad input is rejected before the first child is declared", async () => {
    const bad: [() => unknown, string][] = [
        [() => new SourceTree("a", { dir: "k8s" }), 'dir: got "k8s"; expected an absolute path'],
        [() => new SourceTree("b", { dir: "/k", branch: "a..b" }), "expected a branch name"],
        [() => new SourceTree("c", { dir: "/k", origin: "--upload-pack=x" }), "expected the URL"],
        [
            () => new Build("d", { targets: ["cmd/a"] }),
            "source: got neither; expected either source",
        ],
        [
            () =>
                new Build("e", {
                    source: { dir: "/k" },
                    targets: ["../a", "-x"],
                    platforms: ["plan9/386"],
                }),
            "Build e: 3 invalid arguments",
        ],
        [
            () => new Build("f", { source: { dir: "/k" }, targets: [] }),
            "expected at least one target",
        ],
        [
            () => new Build("g", { module: "a@v1", targets: ["a"], mode: BuildMode.Make }),
            'mode: got "make"; expected "module" with a module',
        ],
        [
            () => new Build("h", { source: { dir: "/k" }, host: {}, targets: ["a"] }),
            "host: expected none beside source",
        ],
        [
            () => new Build("i", { source: { dir: "/k" }, targets: ["a/x", "b/x"] }),
            "targets: got b/x, whose binary is called x as another one's; expected a name of its own, in names",
        ],
        [
            () => new Build("j", { source: { dir: "/k" }, targets: ["a"], names: { b: "c" } }),
            "names: got b, which is none of targets; expected one of a",
        ],
        [
            () =>
                new Build("k", {
                    ...{ source: { dir: "/k" }, targets: ["a"], tags: ["x"] },
                    mode: BuildMode.Container,
                }),
            'tags: expected none with mode "container"',
        ],
        [
            () =>
                new Checks("l", {
                    ...{ source: { dir: "/k" }, suite: CheckSuite.Verify, labelFilter: "x" },
                }),
            'labelFilter: expected none with suite "verify"; it is of e2e, node-e2e',
        ],
        [
            () =>
                new Checks("o", {
                    ...{ source: { dir: "/k" }, suite: CheckSuite.E2e, what: ["./test/..."] },
                }),
            "what: got ./test/...; expected one package",
        ],
        [
            () =>
                new Checks("m", { source: { dir: "/k" }, suite: "units" as unknown as CheckSuite }),
            'suite: got "units"; expected one of verify, unit, bench, integration, e2e, node-e2e',
        ],
        [
            () => new BuildHost("n", { goVersion: "latest", packages: ["-y"], goProxy: "direct" }),
            "BuildHost n: 3 invalid arguments",
        ],
    ];
    for (const [make, message] of bad) {
        expect(make).toThrow(message);
    }
    await pulumi.runtime.disconnect();
    expect(run.commands()).toEqual([]);
});
