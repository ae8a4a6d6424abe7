/** SourceTree and Build against mocks: their children by type, name and inputs, and what they ask of the host. */
import * as pulumi from "@pulumi/pulumi";
import { Build, BuildMode } from "../../components/source/build";
import { SourceTree, TreeRemoval } from "../../components/source/source-tree";
import { common, known, MockedRun, withoutTexts } from "../support/mocked-run";

let run: MockedRun;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    run = new MockedRun(
        { dir: "/k8s", adopted: true, path: "/there", sha256: "s", sizeBytes: 5, version: "v1" },
        (asked) => {
            if (asked["KUBEDEV_TARGETS"] !== undefined) {
                const platforms = (asked["KUBEDEV_PLATFORMS"] ?? "").split("\n");
                return asked["KUBEDEV_TARGETS"]
                    .split("\n")
                    .flatMap((t) => platforms.map((p) => `fingerprint=${t} ${p} of-${t}-${p}\n`))
                    .join("");
            }
            return asked["KUBEDEV_TREE"] === undefined
                ? "absent=7\n"
                : "commit=abc\nversion=v1.36.1\nbranch=fix\norigin=git@github.com:me/kubernetes.git\ngoVersion=1.26.2\n";
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
    ];
    for (const [make, message] of bad) {
        expect(make).toThrow(message);
    }
    await pulumi.runtime.disconnect();
    expect(run.commands()).toEqual([]);
});
