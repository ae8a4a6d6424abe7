/** Every row of the diff table in docs/source-tree.md, on a clone and on an adopted tree, with the real engine and git. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { filesBelow } from "../support/host-state";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";

jest.setTimeout(300_000);

const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const { clone, mine } = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const trees = {
    ...(clone && { clone: new kubedev.SourceTree("clone", clone) }),
    ...(mine && { mine: new kubedev.SourceTree("mine", mine) }),
};
const each = (pick: (tree: any) => unknown) =>
    Object.fromEntries(Object.entries(trees).map(([name, tree]) => [name, pick(tree)]));
export const branch = each((tree) => tree.branch);
export const version = each((tree) => tree.version);
export const etcd = each((tree) => tree.etcdPath);
`;

let stack: ScratchStack;
let clone: Record<string, unknown> | undefined;
let mine: Record<string, unknown> | undefined;
const at = (name: string) => path.join(stack.dir, name);
const write = () => {
    stack.write("declared.json", JSON.stringify({ clone, mine }));
};
/** Changes arguments; previews, makes it, and sees that the next preview is clean; answers what was previewed. */
const change = async (ofClone: object, ofMine: object = {}) => {
    clone = clone && { ...clone, ...ofClone };
    mine = mine && { ...mine, ...ofMine };
    write();
    const steps = (result: { ops: () => Record<string, string> }) =>
        Object.fromEntries(
            Object.entries(result.ops()).filter(([name]) =>
                /^(clone|mine)-.*(tree|64)$/.test(name),
            ),
        );
    const previewed = steps(await stack.preview());
    expect(steps(await stack.up({ timeoutMs: 280_000 }))).toEqual(previewed);
    expect(steps(await stack.preview())).toEqual({});
    return previewed;
};
const setting = (name: string, key: string) => {
    try {
        return git(at(name), "config", "--local", key);
    } catch {
        return undefined;
    }
};
const both = { "clone-tree": "update", "mine-tree": "update" };

beforeAll(async () => {
    stack = await ScratchStack.create({ program, env: { GOFLAGS: "" } });
    fs.mkdirSync(at("fork"));
    makeWorkspace(at("fork"), smallScale);
    git(at("fork"), "branch", "fix");
    execFileSync("cp", ["-a", at("fork"), at("mine")]);
    fs.appendFileSync(at("mine/cmd/kubelet/main.go"), "// uncommitted\n");
    clone = { dir: at("clone"), origin: at("fork") };
    mine = { dir: at("mine") };
    write();
});
afterAll(async () => {
    await stack.dispose();
});

test("one is cloned, one is adopted", async () => {
    expect(await change({})).toEqual({ "clone-tree": "create", "mine-tree": "create" });
    expect((await stack.outputs())["version"]).toEqual({
        clone: "v1.36.1",
        mine: "v1.36.1-dirty",
    });
    expect(setting("mine", "remote.upstream.pushurl")).toBe("no_push");
});

test("upstream, protectUpstream, hooks: git's settings, in place", async () => {
    const args = { upstream: "https://example.com/k.git", protectUpstream: false, hooks: true };
    expect(await change(args, args)).toEqual(both);
    for (const name of ["clone", "mine"]) {
        expect(setting(name, "remote.upstream.url")).toBe("https://example.com/k.git");
        expect(setting(name, "remote.upstream.pushurl")).toBeUndefined();
        expect(setting(name, "core.hooksPath")).toContain("hooks");
    }
    const none = { upstream: "", protectUpstream: undefined, hooks: false };
    expect(await change(none, none)).toEqual(both);
    expect(setting("mine", "remote.upstream.url")).toBeUndefined();
    expect(setting("mine", "core.hooksPath")).toBeUndefined();
});

test("branch: a clone is switched in place, an adopted tree is not", async () => {
    expect(await change({ branch: "fix" }, { branch: "fix" })).toEqual(both);
    expect((await stack.outputs())["branch"]).toEqual({ clone: "fix", mine: "master" });
});

test("origin, reference, partial, depth, onDelete, timeoutSec: in place, and the tree is as it was", async () => {
    const head = git(at("clone"), "rev-parse", "HEAD");
    execFileSync("cp", ["-a", at("fork"), at("fork2")]);
    const args = { reference: at("mine"), partial: true, depth: 5, timeoutSec: 600 };
    expect(
        await change({ origin: at("fork2"), ...args }, { ...args, reference: undefined }),
    ).toEqual(both);
    expect(setting("clone", "remote.origin.url")).toBe(at("fork2"));
    expect(git(at("clone"), "rev-parse", "HEAD")).toBe(head);
    expect(await change({ onDelete: "force" }, { onDelete: "force" })).toEqual(both);
});

test("edits, commits, another branch: nothing", async () => {
    fs.appendFileSync(at("clone/cmd/kubelet/main.go"), "// x\n");
    git(at("clone"), "commit", "-qam", "x");
    git(at("clone"), "switch", "-qc", "other");
    expect(await change({})).toEqual({});
    expect((await stack.outputs())["branch"]).toEqual({ clone: "other", mine: "master" });
});

test("etcd: built as the tree asks, in place of nothing; removed again", async () => {
    for (const name of ["clone", "mine"]) {
        fs.mkdirSync(at(`${name}/hack/lib`), { recursive: true });
        fs.writeFileSync(at(`${name}/hack/lib/etcd.sh`), "ETCD_VERSION=${ETCD_VERSION:-3.6.8}\n");
    }
    const platform = `linux-${process.arch === "arm64" ? "arm64" : "amd64"}`;
    expect(await change({ etcd: true })).toEqual({ [`clone-etcd-etcd-${platform}`]: "create" });
    const { clone: file } = (await stack.outputs())["etcd"] as { clone: string };
    expect(execFileSync(file, ["--version"], { encoding: "utf8" })).toContain(
        "etcd Version: 3.6.8",
    );
    expect(await change({ etcd: false })).toEqual({ [`clone-etcd-etcd-${platform}`]: "delete" });
});

test("legacyStagingLinks: in place", async () => {
    fs.mkdirSync(at("mine/vendor/k8s.io"), { recursive: true });
    fs.writeFileSync(at("mine/vendor/k8s.io/mod1"), "../../staging/src/k8s.io/k8s.io/mod1");
    fs.mkdirSync(at("mine/staging/src/k8s.io/mod9"));
    fs.writeFileSync(at("mine/vendor/k8s.io/mod9"), "../../staging/src/k8s.io/mod9");
    expect(await change({}, { legacyStagingLinks: true })).toEqual({ "mine-tree": "update" });
    expect(fs.readlinkSync(at("mine/vendor/k8s.io/mod9"))).toBe("../../staging/src/k8s.io/mod9");
    expect(await change({}, { legacyStagingLinks: false })).toEqual({ "mine-tree": "update" });
    expect(fs.readFileSync(at("mine/vendor/k8s.io/mod9"), "utf8")).toContain("../../staging");
});

test("moved away: a clone is made anew; an adopted one is an error that says so", async () => {
    fs.renameSync(at("clone"), at("clone-moved"));
    expect(await change({})).toEqual({ "clone-tree": "replace" });
    fs.renameSync(at("mine"), at("mine-moved"));
    const { errors } = await stack.up({ expectFailure: true });
    expect(errors.join("\n")).toContain(
        `there is no source tree at ${at("mine")}; expected one to adopt`,
    );
    fs.renameSync(at("mine-moved"), at("mine"));
    await change({});
});

test("dir: a clone is removed and made at the other place; of an adopted one the settings are put back", async () => {
    execFileSync("cp", ["-a", at("mine"), at("mine2")]);
    const args = { upstream: "https://example.com/k.git" };
    await change(args, args);
    expect(await change({ dir: at("clone2") }, { dir: at("mine2") })).toEqual({
        "clone-tree": "replace",
        "mine-tree": "replace",
    });
    expect(fs.existsSync(at("clone"))).toBe(false);
    expect(setting("mine", "remote.upstream.url")).toBeUndefined();
    expect(setting("mine2", "remote.upstream.url")).toBe("https://example.com/k.git");
});

test("removed: the clone goes, the adopted tree stays as it was", async () => {
    await stack.destroy();
    expect(fs.existsSync(at("clone2"))).toBe(false);
    expect(setting("mine2", "remote.upstream.url")).toBeUndefined();
    expect(fs.readFileSync(at("mine2/cmd/kubelet/main.go"), "utf8")).toContain("// uncommitted");
    expect(filesBelow(stack.stateHome)).toEqual([]);
});
