/** BinarySwap against mocks: what it declares, what it asks the host for, what it refuses. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { HostOs } from "../../components/host/host";
import { BinarySwap } from "../../components/swap/binary-swap";
import { type BinarySwapArgs } from "../../components/swap/swap-args";
import { known, MockedRun } from "../support/mocked-run";
import { scratchDir } from "../support/scratch";

let run: MockedRun;
let dir: string;
beforeAll(() => {
    dir = scratchDir("kubedev-swap-");
    process.env.XDG_STATE_HOME = "/state";
    process.env.XDG_CACHE_HOME = dir;
    fs.writeFileSync(path.join(dir, "kubelet"), "a kubelet");
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

const binary = () => ({ path: path.join(dir, "kubelet"), fingerprint: "f1" });
const ssh = { address: "10.0.0.1", hostKey: "ssh-ed25519 AAAA" };
async function declared(args: Partial<BinarySwapArgs> = {}) {
    const swap = new BinarySwap(
        "S",
        { service: "kubelet", binary: binary(), ...args },
        run.watched,
    );
    await known(swap.sha256);
    await pulumi.runtime.disconnect();
    return swap;
}
const inputs = (name: string) => run.commands().find((c) => c.name === name)?.inputs;
const environmentOf = (name: string): Record<string, string> => inputs(name)?.environment ?? {};

test("a swap: service and path are triggers, the program and how to check it are not", async () => {
    const swap = await declared({
        path: "/usr/bin/kubelet",
        dependents: ["kube-proxy"],
        healthCheck: { httpUrl: "http://127.0.0.1:10248/healthz", timeoutSec: 9 },
        stopTimeoutSec: 3,
    });
    expect(await known(swap.path)).toBe("/usr/bin/kubelet");
    expect(await known(swap.version)).toBe("v1");
    expect(await known(swap.fingerprint)).toBe("f1");
    const environment = environmentOf("S-swap");
    expect(inputs("S-swap")?.triggers).toEqual([
        { service: "kubelet", path: "/usr/bin/kubelet", incarnation: 7 },
        { parents: [] },
    ]);
    expect(environment).toMatchObject({
        KUBEDEV_FINGERPRINT: "f1",
        KUBEDEV_SHA256: "6efd020860a5aff72fc4a72694191a66a8bc2be881ccdbad04b2d35a647c7e0c",
        KUBEDEV_PROGRAM: "S-program",
        KUBEDEV_PAYLOAD_FILE: path.join(dir, "kubelet"),
    });
    expect(JSON.parse(environment["KUBEDEV_SWAP"] ?? "")).toEqual({
        ...{ service: "kubelet", path: "/usr/bin/kubelet", dependents: ["kube-proxy"] },
        health: { httpUrl: "http://127.0.0.1:10248/healthz" },
        ...{ nodeCheck: "", drain: "", undrain: "", versionArguments: [] },
        ...{ stopSec: 3, healthSec: 9, settleSec: 5 },
    });
    expect(environmentOf("S-program")["KUBEDEV_PAYLOAD_FILE"]).toMatch(
        /\/kubedev\/swap-agent\/[0-9a-f]{20}-(amd64|arm64)$/,
    );
});

test.each([
    ["nothing is there", "absent=7\n", "1"],
    ["a record of a release before", "[S-swap]\nalive=true\nfact.fingerprint=f1\n", "0"],
    ["it is there", "[S-swap]\nalive=true\nfact.fingerprint=f1\nfact.turn=4\n", "4"],
    ["another is there", "[S-swap]\nalive=true\nfact.fingerprint=f0\nfact.turn=4\n", "5"],
    ["a run works on it", "[S-swap]\nalive=true\nfact.turn=4\n", "5"],
])("what counts the programs of the host: %s", async (_what, record, turn) => {
    const build = run.look;
    run.look = (asked) => ("KUBEDEV_PROGRAM" in asked ? build(asked) : record);
    await declared();
    expect(environmentOf("S-swap")).toMatchObject({
        KUBEDEV_TURN: turn,
        // Else a preview of a host that does not answer would show a change.
        KUBEDEV_REMEMBER: `fact.fingerprint=f1\nfact.turn=${turn}`,
    });
});

test("a static pod is another thing, and false is none", async () => {
    await declared({ service: "kube-scheduler", staticPod: true });
    expect(inputs("S-swap")?.triggers).toEqual([
        { service: "kube-scheduler", staticPod: true, incarnation: 7 },
        { parents: [] },
    ]);
    expect(JSON.parse(environmentOf("S-swap")["KUBEDEV_SWAP"] ?? "")).toMatchObject({
        ...{ service: "kube-scheduler", path: "", staticPod: true },
    });
});

test("no static pod is as if nothing was said", async () => {
    await declared({ staticPod: false });
    expect(inputs("S-swap")?.triggers).toEqual([
        { service: "kubelet", incarnation: 7 },
        { parents: [] },
    ]);
    expect(environmentOf("S-swap")["KUBEDEV_SWAP"]).not.toContain("staticPod");
});

test("on Windows its program has all of it", async () => {
    await declared({ host: { ssh, os: HostOs.Windows }, path: "C:\\k\\kubelet.exe" });
    expect(environmentOf("S-program")).toMatchObject({
        ...{ KUBEDEV_PAYLOAD_FILE: "", KUBEDEV_SCRIPT_CREATE: "program" },
    });
    expect(environmentOf("S-swap")).toMatchObject({
        ...{ KUBEDEV_SCRIPT_CREATE: "swap", KUBEDEV_SCRIPT_DELETE: "restore" },
    });
});

test.each([
    ["service", { service: "-x" }, /service: got "-x"; expected the name of a systemd unit/],
    ["path", { path: "kubelet" }, /path: got "kubelet"; expected an absolute path/],
    ["architecture", { architecture: "s390x" }, /architecture: .*expected "amd64" or "arm64"/],
    ["stopTimeoutSec", { stopTimeoutSec: 0 }, /stopTimeoutSec: got 0; expected a whole number/],
    [
        "a static pod on Windows",
        { host: { ssh, os: HostOs.Windows }, staticPod: true },
        /staticPod: got true; expected nothing on a Windows host: the kubelet there has none/,
    ],
    [
        "a path of another system",
        { host: { ssh, os: HostOs.Windows }, path: "/usr/bin/kubelet" },
        /path: got "\/usr\/bin\/kubelet"; expected an absolute path with a drive/,
    ],
])("%s is refused before anything is declared", (_name, args, message) => {
    expect(() => new BinarySwap("S", { service: "kubelet", binary: binary(), ...args })).toThrow(
        message,
    );
});
