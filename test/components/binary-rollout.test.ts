/** BinaryRollout against mocks: a swap per node, in which order, and what it refuses. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HostOs } from "../../components/host/host";
import { awaited, BinaryRollout } from "../../components/swap/binary-rollout";
import { BinarySwap } from "../../components/swap/binary-swap";
import { type BinaryRolloutArgs } from "../../components/swap/rollout-args";
import { known, MockedRun } from "../support/mocked-run";
import { scratchDir } from "../support/scratch";

let run: MockedRun;
let dir: string;
beforeAll(() => {
    dir = scratchDir("kubedev-rollout-");
    process.env.XDG_STATE_HOME = "/state";
    process.env.XDG_CACHE_HOME = dir;
    for (const name of ["kubelet", "kubelet.exe"]) fs.writeFileSync(path.join(dir, name), name);
});
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
beforeEach(async () => {
    run = new MockedRun({ path: "/usr/bin/kubelet", runs: "abc", version: "v1" }, (asked) => {
        // In place of a build.
        const program = asked["KUBEDEV_PROGRAM"];
        if (program === undefined) return "absent=7\n";
        fs.mkdirSync(path.dirname(path.join(dir, "kubedev", program)), { recursive: true });
        fs.writeFileSync(path.join(dir, "kubedev", program), "built");
        return "";
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const binary = (name = "kubelet") => ({ path: path.join(dir, name), fingerprint: `${name}-f1` });
const ssh = (last: number) => ({ address: `10.0.0.${String(last)}`, hostKey: "ssh-ed25519 AAAA" });
const host = (last: number) => ({ ssh: ssh(last) });
const args = (more: Partial<BinaryRolloutArgs> = {}): BinaryRolloutArgs => ({
    ...{ service: "kubelet", binary: binary() },
    nodes: ["a", "b", "c", "d"].map((name, at) => ({ name, host: host(at) })),
    ...more,
});
async function declared(more: Partial<BinaryRolloutArgs> = {}) {
    const rollout = new BinaryRollout("R", args(more), run.watched);
    const outputs = {
        fingerprints: await known(rollout.fingerprints),
        versions: await known(rollout.versions),
        instanceIds: await known(rollout.instanceIds),
    };
    await pulumi.runtime.disconnect();
    return outputs;
}
/** Names of what a command waits for, besides its own program. */
function waitsFor(name: string): string[] {
    const given = run.optionsOf(name).dependsOn as pulumi.Resource | pulumi.Resource[];
    return [given]
        .flat()
        .filter((resource) => resource instanceof BinarySwap)
        .map((swap) => (swap as unknown as { __name: string }).__name);
}

test("a swap for each node, each after the one before; programs are sent to all at once", async () => {
    expect(await declared()).toEqual({
        fingerprints: { a: "kubelet-f1", b: "kubelet-f1", c: "kubelet-f1", d: "kubelet-f1" },
        versions: { a: "v1", b: "v1", c: "v1", d: "v1" },
        instanceIds: { a: "R-a-swap-id", b: "R-b-swap-id", c: "R-c-swap-id", d: "R-d-swap-id" },
    });
    expect(["a", "b", "c", "d"].map((node) => waitsFor(`R-${node}-swap`))).toEqual([
        [],
        ...[["R-a"], ["R-a", "R-b"], ["R-a", "R-b", "R-c"]],
    ]);
    expect(waitsFor("R-d-program")).toEqual([]);
    // Of the order nothing is an input of a resource.
    const [a, d] = ["R-a-swap", "R-d-swap"].map((name) => {
        const found = run.commands().find((command) => command.name === name)?.inputs;
        return JSON.stringify({ ...found, triggers: undefined })
            .replaceAll(name, "NAME")
            .replaceAll(/R-[ad]-program/g, "PROGRAM")
            .replaceAll(/10\.0\.0\.\d/g, "ADDRESS")
            .replace(/"KUBEDEV_SPEC":"\w+"/, "");
    });
    expect(a).toBe(d);
});

test("what a node says itself goes before what is said of all", async () => {
    await declared({
        nodeCheckCommand: "check all",
        nodes: [
            { name: "a", host: host(1), nodeCheckCommand: "check a", service: "kubelet-a" },
            {
                name: "win",
                host: { ssh: ssh(2), os: HostOs.Windows },
                ...{ binary: binary("kubelet.exe"), path: "C:\\k\\kubelet.exe" },
            },
        ],
    });
    const asked = (name: string) => {
        const { environment } = run.commands().find((c) => c.name === name)?.inputs ?? {};
        const {
            service,
            nodeCheck,
            path: file,
        } = JSON.parse(environment?.KUBEDEV_SWAP ?? "") as Record<string, string>;
        return [service, nodeCheck, file, environment?.KUBEDEV_FINGERPRINT];
    };
    expect(asked("R-a-swap")).toEqual(["kubelet-a", "check a", "", "kubelet-f1"]);
    expect(asked("R-win-swap")).toEqual([
        ...["kubelet", "check all", "C:\\k\\kubelet.exe", "kubelet.exe-f1"],
    ]);
});

describe("which nodes one waits for", () => {
    test.each([
        [1, 0, []],
        [1, 3, [0, 1, 2]],
        [2, 1, []],
        [2, 2, [0]],
        [2, 5, [0, 1, 2, 3]],
        [3, 4, [0, 1]],
        [9, 8, []],
    ])("of %i that may be in work, at place %i", (maxUnavailable, at, expected) => {
        expect(awaited(at, maxUnavailable)).toEqual(expected);
    });

    test("whichever of them are removed, no more than may be in work are taken back at once", () => {
        // By what is left to be removed: one goes when none that waits for it directly is left.
        for (let maxUnavailable = 1; maxUnavailable < 4; maxUnavailable++) {
            for (let removed = 1; removed < 2 ** 8; removed++) {
                const left = [...Array(8).keys()].filter((at) => removed & (1 << at));
                const free = left.filter(
                    (at) => !left.some((other) => awaited(other, maxUnavailable).includes(at)),
                );
                expect(free.length).toBeLessThanOrEqual(maxUnavailable);
                expect(free).not.toEqual([]);
            }
        }
    });
});

test.each<[string, Partial<BinaryRolloutArgs>, RegExp]>([
    ["no list", { nodes: undefined }, /nodes: got no list; expected nodes/],
    ["a name", { nodes: [{ name: "a/b" }] }, /nodes\.0\.name: got "a\/b"; expected a name/],
    [
        "a name twice",
        { nodes: [{ name: "a" }, { name: "b" }, { name: "a" }] },
        /nodes\.2\.name: got "a", which another node has; expected different names/,
    ],
    [
        "the last node, beside one whose host is an output",
        {
            nodes: [
                { name: "a", host: pulumi.output(host(1)) },
                { name: "b", service: "-x" },
            ],
        },
        /nodes\.1\.service: got "-x"/,
    ],
    [
        "what a node brings itself, and a node without a program",
        {
            binary: undefined,
            nodes: [
                { name: "a", binary: { path: "/k", fingerprint: pulumi.output("f") } },
                { name: "b", binary: { path: "k", fingerprint: "f" } },
                { name: "c" },
            ],
        },
        /2 invalid.*nodes\.1\.binary\.path: got "k".*nodes\.2\.binary: got nothing; expected/s,
    ],
    [
        "the program of all",
        { binary: { path: "/k", fingerprint: "f 1" } },
        /nodes\.3\.binary\.fingerprint: got "f 1"; expected the fingerprint/,
    ],
    [
        "a path of another system",
        { path: "/usr/bin/k", nodes: [{ name: "w", host: { ssh: ssh(1), os: HostOs.Windows } }] },
        /nodes\.0\.path: got "\/usr\/bin\/k"; expected an absolute path with a drive/,
    ],
    ["what is for all", { settleSec: 0, maxUnavailable: 0 }, /2 invalid.*settleSec: .*Unav/s],
])("%s is refused before anything is declared", (_what, more, message) => {
    expect(() => new BinaryRollout("R", args(more))).toThrow(message);
    expect(run.commands()).toEqual([]);
});
