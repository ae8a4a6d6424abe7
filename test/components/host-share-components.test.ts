/** Machines that share directories of this machine, against mocks: what restarts them, what is asked of this machine, and what stays as it was. */
import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { type HostShareArgs, MachineGroup, VirtualMachine } from "../../components/qemu";
import { problemsOf } from "../../components/host/preflight";
import { shareChecks, shareProblems, shareTag } from "../../components/qemu/host-share";
import { baseImage, loginKey } from "../support/mocked-machine";
import { known, MockedRun } from "../support/mocked-run";

let run: MockedRun;
/** Shell texts of checks. */
const checks: string[] = [];

beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    checks.length = 0;
    run = new MockedRun({}, (asked) => {
        if (!("KUBEDEV_TOOLS" in asked)) {
            return "absent=7\n";
        }
        const texts = (asked["KUBEDEV_COMMANDS"] ?? "").split("\n").filter((text) => text !== "");
        checks.push(...texts.map((text) => Buffer.from(text, "base64").toString()));
        const tools = (asked["KUBEDEV_TOOLS"] ?? "").split("\n").map(() => "tool=9.0");
        const commands = texts.map(() => "command=0 ");
        return ["root=false", ...tools, "space=9999", ...commands, ""].join("\n");
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const commands = () => Object.fromEntries(run.commands().map(({ name, inputs }) => [name, inputs]));
async function declared(shares?: pulumi.Input<pulumi.Input<HostShareArgs>[]>) {
    const machine = new VirtualMachine("vm", { baseImage, loginKey, shares }, run.watched);
    await known(machine.host);
    return commands();
}

test.each([[undefined], [[]]])("a machine with shares %j is what it was", async (shares) => {
    const all = await declared(shares);
    const { triggers, environment } = all["vm-machine"] ?? {};
    expect(Object.keys((triggers as [object])[0])).not.toContain("shares");
    for (const word of ["hare", "virtiofs", "memory-backend"]) {
        expect(Object.values(environment ?? {}).join()).not.toContain(word);
    }
    expect(all["vm-ready"]?.environment["GUEST_SHARES"] ?? "").toBe("");
    expect(checks).toEqual([]);
});

test("shares restart a machine, and are read-only unless they are said not to be", async () => {
    const all = await declared([
        { sourcePath: "/home/me/my tree", mountPath: "/src/kubernetes" },
        { sourcePath: "/home/me/out", mountPath: "/src/out", readOnly: false },
    ]);
    const { triggers, environment = {} } = all["vm-machine"] ?? {};
    expect((triggers as [{ shares: unknown }])[0].shares).toEqual([
        { sourcePath: "/home/me/my tree", mountPath: "/src/kubernetes", readOnly: true },
        { sourcePath: "/home/me/out", mountPath: "/src/out", readOnly: false },
    ]);
    const [tree, out] = [shareTag("/src/kubernetes"), shareTag("/src/out")];
    const lines = (environment["KUBEDEV_RUN"] ?? "").split("\n");
    expect(lines.slice(0, 3)).toEqual([
        `perl host-share.pl ${tree} ro '/home/me/my tree' || exit 1`,
        `perl host-share.pl ${out} rw /home/me/out || exit 1`,
        'case "$(cat accelerator)" in',
    ]);
    expect(lines[3]).toContain(`path=share-${tree}.sock`);
    expect(environment["KUBEDEV_PRE_START"]).toContain("/home/me/my tree\n/home/me/out\n");
    expect(all["vm-ready"]?.environment["GUEST_SHARES"]).toBe(
        `${tree} /src/kubernetes ro\n${out} /src/out rw\n`,
    );
    // Its disk is the same with any shares.
    expect(Object.keys((all["vm-disk"]?.triggers as [object])[0]).sort()).toEqual([
        ...["baseImage", "format", "incarnation"],
    ]);
    expect(checks.join()).toMatch(/usr\/lib\/qemu\/virtiofsd[\s\S]*--map-root-user/);
});

test("each machine of a group has them", async () => {
    const shares = [{ sourcePath: "/src", mountPath: "/src" }];
    const group = new MachineGroup("g", { baseImage, loginKey, count: 2, shares }, run.watched);
    await known(group.hosts);
    for (const name of ["g-1-machine", "g-2-machine"]) {
        expect((commands()[name]?.triggers as object[])[0]).toMatchObject({
            shares: [{ sourcePath: "/src", mountPath: "/src", readOnly: true }],
        });
    }
});

const at = (mountPath: string, sourcePath = "/src") => ({ sourcePath, mountPath });
test.each<[string, HostShareArgs[], RegExp]>([
    [
        "a relative source",
        [at("/a", "src")],
        /shares\.0\.sourcePath: got "src"; expected an absolute/,
    ],
    ["a source with a way up", [at("/a", "/src/../etc")], /shares\.0\.sourcePath/],
    ["all of this machine", [at("/a", "/")], /shares\.0\.sourcePath: got "\/"; .* other than \//],
    ["a line break in it", [at("/a", "/a\nb")], /shares\.0\.sourcePath/],
    ["a relative place", [at("src")], /shares\.0\.mountPath: got "src"/],
    ["the guest's root", [at("/")], /shares\.0\.mountPath: got "\/"/],
    ["its settings", [at("/etc")], /hides nothing of the system/],
    ["within its processes", [at("/proc/1")], /hides nothing of the system/],
    ["its home", [at("/root")], /hides nothing of the system/],
    [
        "the same place twice",
        [at("/a"), at("/a")],
        /shares\.0\.mountPath: .* apart from \/a, which another/,
    ],
    [
        "one within another",
        [at("/a"), at("/a/b")],
        /shares\.1\.mountPath: got "\/a\/b"; expected a place apart from \/a/,
    ],
    [
        "a word for readOnly",
        [{ ...at("/a"), readOnly: "no" as never }],
        /shares\.0\.readOnly: got "no"; expected true or false/,
    ],
    [
        "a field that is none",
        [{ ...at("/a"), writable: true } as never],
        /expected no writable; a share has sourcePath, mountPath, readOnly/,
    ],
    [
        "all at once",
        [at("/etc", "src"), at("b")],
        /3 invalid[\s\S]*shares\.0\.sourcePath[\s\S]*shares\.0\.mountPath[\s\S]*shares\.1\.mountPath/,
    ],
])("refused: %s", (_what, shares, message) => {
    expect(() => new VirtualMachine("vm", { baseImage, loginKey, shares })).toThrow(message);
});

test("paths that only begin alike are apart", async () => {
    const all = await declared([at("/src/kube"), at("/src/kubernetes")]);
    expect(all["vm-machine"]).toBeDefined();
});

test.each([
    ["/data/src", "/data"],
    ["/data", "/data/sub"],
    ["/data", "/data"],
])("refused: %s beside a disk at %s", (mountPath, taken) => {
    const disks = [{ mountPath: undefined }, { mountPath: taken }];
    expect(shareProblems([{ mountPath: "/database" }, { mountPath }], disks)).toEqual([
        {
            propertyPath: "shares.1.mountPath",
            reason: `got ${mountPath}; expected a place apart from ${taken}, which a disk has`,
        },
    ]);
});

test("without virtiofsd, or namespaces for it, a preview says what to install", () => {
    const missing = { status: 1, said: "none" };
    const found = { manager: "apt-get", root: false, tools: ["5.36", "2.36"], freeMib: [] };
    const said = problemsOf(shareChecks(), { ...found, commands: [missing, missing] });
    expect(said).toEqual([
        "unshare: got 2.36; expected 2.38 or later",
        "install: sudo apt-get install util-linux",
        expect.stringMatching(/^virtiofsd.*: got none; .*: apt-get install virtiofsd/),
        expect.stringMatching(/^namespaces.*: apt-get install uidmap; usermod --add-subuids/),
    ]);
});

test("tags fit, and are each their own, even of places whose names are alike", () => {
    expect(shareTag("/src/kubernetes")).toBe("src_kubernetes-ca88530e");
    const place = fc.stringMatching(/^(\/[a-z0-9_.@:+~-]{1,12}){1,6}$/);
    fc.assert(
        fc.property(place, place, (one, other) => {
            expect(shareTag(one)).toMatch(/^[A-Za-z0-9_-]{1,36}$/);
            expect(shareTag(one) === shareTag(other)).toBe(one === other);
        }),
    );
});
