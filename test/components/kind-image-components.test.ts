/** NodeImage against mocks: what names an image, and what makes another one. */
import { NodeImage } from "../../components/kind/node-image";
import { NodeImageArgs } from "../../components/kind/node-image-args";
import { Build } from "../../components/source/build";
import { binary, fingerprintOf, MockedKind } from "../support/mocked-kind";
import { known } from "../support/mocked-run";

const mocked = new MockedKind();

test("an image is named after what it is made from; a published one is taken as it is", async () => {
    const tags = await Promise.all(
        [{}, { suite: "bookworm" }, { suite: "trixie" }, { extraImages: ["a:1"] }].map((more, at) =>
            known(new NodeImage(`i${String(at)}`, { version: "v1.36.1", ...more }).tag),
        ),
    );
    expect(tags[0]).toMatch(/^kubedev\/node:v1\.36\.1-[0-9a-f]{16}$/);
    expect(tags[1]).toBe(tags[0]);
    expect(new Set(tags).size).toBe(3);
    const digest = `kindest/node:v1.36.1@sha256:${"a".repeat(64)}`;
    expect(await known(new NodeImage("r", { release: digest }).tag)).toBe(digest);
});

test("programs that are laid over an image make another one, by their fingerprints alone", async () => {
    const tagOf = (name: string, args: NodeImageArgs) => known(new NodeImage(name, args).tag);
    const base = "kubedev/node:v1.36.1-0123456789abcdef";
    const one = await tagOf("a", { base, binaries: { kubelet: binary("f1") } });
    expect(one).toMatch(/^kubedev\/node:[0-9a-f]{16}$/);
    expect(await tagOf("b", { base, binaries: { kubelet: binary("f1", "/x") } })).toBe(one);
    expect(await tagOf("c", { base, binaries: { kubelet: binary("f2") } })).not.toBe(one);
    expect(mocked.commandOf("a-overlay")?.inputs.environment).toMatchObject({
        KUBEDEV_IMAGE_BASE: base,
        KUBEDEV_IMAGE_TAG: one,
        KUBEDEV_BINARIES: "kubelet f1 /bin/it",
    });
    // A published image does not adapt itself to hosts, with another kubelet neither: its name must not say so.
    const release = `kindest/node:v1.36.1@sha256:${"a".repeat(64)}`;
    expect(await tagOf("e", { release, binaries: { kubelet: binary("f1") } })).toMatch(
        /^kubedev-overlay\/node:/,
    );
});

test("an image of a version is one resource: its programs are those of a Build, under the same key", async () => {
    await known(new NodeImage("i", { version: "v1.36.1" }).tag);
    expect(mocked.run.commands().map(({ name }) => name)).toEqual(["i-image"]);
    const etcd = "go.etcd.io/etcd/server/v3";
    const built = {
        kubelet: ["k8s.io/kubernetes@v1.36.1", "k8s.io/kubernetes/cmd/kubelet"],
        etcd: [`${etcd}@v3.6.8`, etcd],
    };
    const environment = mocked.commandOf("i-image")?.inputs.environment ?? {};
    const lines = (environment["KUBEDEV_PROGRAMS"] ?? "").split("\n");
    expect(lines).toHaveLength(14);
    for (const [name, [module = "", target = ""]] of Object.entries(built)) {
        const build = new Build(name, { module, targets: [target], names: { [target]: name } });
        await known(build.paths);
        const theirs = mocked.run
            .commands()
            .find((command) => command.name.startsWith(`${name}-${name}`));
        const key = theirs?.inputs.environment["KUBEDEV_BUILD_KEY"] ?? "none";
        const platform = theirs?.inputs.environment["KUBEDEV_PLATFORM"] ?? "none";
        expect(lines).toContain([name, key, platform, module, target].join(" "));
        for (const flags of ["GO_FLAGS", "LDFLAGS", "TAGS", "CGO", "DEBUG", "GO_VERSION"]) {
            const variable = `KUBEDEV_${flags}`;
            expect(environment[variable]).toBe(theirs?.inputs.environment[variable]);
        }
    }
});

test.each([
    "fact.tag=kubedev/node:old\n",
    "fact.tag=kubedev/node:new\nfact.first=kubedev/node:old\n",
])(
    "another image is an update in place, also of a stack that has the tag among its triggers (%#)",
    async (facts) => {
        const record = `alive=true\nincarnation=1\n${facts}`;
        mocked.seen = {
            ...mocked.seen,
            probe: `absent=1\n[i-image]\n${record}[i-overlay]\n${record}`,
        };
        const binaries = { kubelet: binary("f1") };
        const tag = await known(new NodeImage("i", { version: "v1.36.1", binaries }).tag);
        for (const name of ["i-image", "i-overlay"]) {
            const { triggers, environment } = mocked.commandOf(name)?.inputs ?? {};
            expect(triggers).toEqual([
                { tag: "kubedev/node:old", incarnation: 1 },
                { parents: [] },
            ]);
            expect(environment?.["KUBEDEV_IMAGE_FIRST"]).toBe("kubedev/node:old");
        }
        expect(mocked.commandOf("i-overlay")?.inputs.environment["KUBEDEV_IMAGE_TAG"]).toBe(tag);
        expect(tag).not.toContain("old");
    },
);

describe("an image from a tree", () => {
    const source = { dir: "/src/kubernetes" };
    const tagOf = (name: string, args: NodeImageArgs = {}) =>
        known(new NodeImage(name, { source, ...args }).tag);

    test("is named after what the tree's commands are made of", async () => {
        const one = await tagOf("a");
        expect(one).toMatch(/^kubedev-source\/node:[0-9a-f]{16}$/);
        expect(await tagOf("b", { kindPath: "/opt/kind" })).toBe(one);
        const others = [
            await tagOf("c", { extraImages: ["a:1"] }),
            // Upon an image that adapts itself to hosts, it does so too.
            await tagOf("d", { baseImage: "kubedev/node:v1.36.1-0123456789abcdef" }),
        ];
        expect(new Set([one, ...others]).size).toBe(3);
        expect(others[1]).toMatch(/^kubedev\/node:/);
        expect(mocked.commandOf("a-source")?.inputs.environment).toMatchObject({
            KUBEDEV_TREE: "/src/kubernetes",
            KUBEDEV_KIND: "kind",
            KUBEDEV_IMAGE_TAG: one,
        });
        expect(mocked.commandOf("c-source")?.inputs.environment["KUBEDEV_EXTRA_IMAGES"]).toBe(
            "a:1",
        );
    });

    test("is another one after an edit, made in place", async () => {
        const record = "alive=true\nincarnation=1\nfact.tag=kubedev-source/node:before\n";
        mocked.seen = { ...mocked.seen, probe: `absent=1\n[a-source]\n${record}` };
        const before = await tagOf("a");
        mocked.seen = { ...mocked.seen, tree: fingerprintOf("kubelet", "2") };
        expect(await tagOf("b")).not.toBe(before);
        expect(mocked.commandOf("a-source")?.inputs.triggers).toEqual([
            { tag: "kubedev-source/node:before", incarnation: 1 },
            { parents: [] },
        ]);
    });

    test("stays what it was while its host is away", async () => {
        const shadow = "[a-source]\nincarnation=1\nalive=true\nfact.tag=kubedev-source/node:last\n";
        mocked.seen = {
            ...mocked.seen,
            tree: "unreachable=no route\n",
            probe: `unreachable=no route\n${shadow}`,
        };
        const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
        expect(await tagOf("a", { source: { ...source, host: { ssh } } })).toBe(
            "kubedev-source/node:last",
        );
    });
});

test("images for every node are laid over one that is not built", async () => {
    const base = "kubedev/node:v1.36.1-0123456789abcdef";
    const tag = await known(new NodeImage("a", { base, extraImages: ["a:1", "b:2"] }).tag);
    expect(tag).toMatch(/^kubedev\/node:[0-9a-f]{16}$/);
    expect(mocked.commandOf("a-overlay")?.inputs.environment).toMatchObject({
        KUBEDEV_BINARIES: "",
        KUBEDEV_EXTRA_IMAGES: "a:1\nb:2",
    });
    // One that is built has them already.
    const binaries = { kubelet: binary("f1") };
    await known(new NodeImage("v", { version: "v1.36.1", extraImages: ["a:1"], binaries }).tag);
    expect(mocked.commandOf("v-overlay")?.inputs.environment["KUBEDEV_EXTRA_IMAGES"]).toBe("");
});

test.each([
    [() => new NodeImage("x", {}), "got neither; expected one of version"],
    [
        () => new NodeImage("x", { version: "v1.36.1", kindPath: "/kind" }),
        "kindPath: expected none beside version: it goes with source",
    ],
    [
        () => new NodeImage("x", { source: { dir: "/src" }, host: {}, mirror: "http://a" }),
        "mirror: expected none beside source: it goes with version\n  host: expected none beside source",
    ],
    [
        () => new NodeImage("x", { base: "kubedev/node:a", suite: "trixie" }),
        "suite: expected none beside base: it goes with version\n  binaries: got none, and no extraImages",
    ],
    [() => new NodeImage("x", { version: "v1.20.0" }), "expected a version of Kubernetes 1.36"],
    [() => new NodeImage("x", { release: "kindest/node:v1.36.1" }), "expected an image by digest"],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
