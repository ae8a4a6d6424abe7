/**
 * What a node or a build host takes of a Windows agent, on the real engine and the stand-in for Azure: data disks, containerd,
 * build tools. What each edit changes, and what is refused before anything is made.
 */
import { library, ScratchStack } from "../support/engine";

jest.setTimeout(600_000);

const program = `
import * as kubedev from "${library}";
const { env } = process;
const network = new kubedev.AgentNetwork("net", { location: "westeurope", allowedCidrs: ["203.0.113.7/32"] });
const data = new kubedev.AzureDisk("data", { network: network.network, sizeGib: Number(env.GIB ?? "64") });
const more = new kubedev.AzureDisk("more", { network: network.network });
const download = (name: string, version: string, sha256 = "a".repeat(64)) => ({
    ...{ version, url: "https://example.com/" + name + "-" + version + ".zip", sha256 },
});
const lists: Record<string, kubedev.AgentDiskArgs[]> = {
    none: [],
    one: [{ disk: data.disk, mountPath: env.MOUNT ?? "F:", mounted: env.MOUNTED !== "0" }],
    two: [{ disk: data.disk, mountPath: "F:" }, { disk: more.disk, mountPath: "C:\\\\more", lun: Number(env.LUN ?? "1") }],
};
new kubedev.WindowsAgent("agent", {
    network: network.network,
    size: env.SIZE,
    disks: lists[env.DISKS ?? "one"],
    containerd: env.CONTAINERD === "none" ? undefined : download("containerd", env.CONTAINERD ?? "2.1.4", env.SHA256),
    gitDownload: env.GIT === "none" ? undefined : env.GIT === "known" ? {} : download("git", env.GIT ?? "2.50.1"),
    goDownload: env.GO === "none" ? undefined : download("go", env.GO ?? "1.26.8"),
    cleanTemp: env.CLEAN,
});
`;

let stack: ScratchStack;
beforeAll(async () => {
    stack = await ScratchStack.create({ program });
});
afterAll(() => stack.dispose());

/** What a preview says of resources; components, whose inputs it shows too, have names without a hyphen here. */
async function previewed(env: Record<string, string>): Promise<Record<string, string>> {
    const ops = Object.entries((await stack.preview({ env })).ops());
    return Object.fromEntries(ops.filter(([name]) => name.includes("-")));
}

interface Parameters {
    name: string;
    value: string;
}
/** Values that a script gets. */
async function valuesOf(name: string): Promise<Record<string, string>> {
    const resources = (await stack.exportState()).deployment.resources ?? [];
    const inputs = resources.find(({ urn }) => urn.endsWith(`::${name}`))?.inputs ?? {};
    const listed = inputs["parameters"] as Parameters[];
    return Object.fromEntries(listed.map((each) => [each.name, each.value]));
}

test("up makes it, one script after the other; then nothing changes", async () => {
    await stack.up();
    const { Disks } = await valuesOf("agent-disks");
    expect(JSON.parse(Buffer.from(String(Disks), "base64").toString())).toEqual([
        { lun: 0, sizeGib: 64, mounted: true, mountPath: "F:", label: "kubedev-0" },
    ]);
    expect(await valuesOf("agent-containers-started")).toEqual({ ContainerdVersion: "2.1.4" });
    const resources = (await stack.exportState()).deployment.resources ?? [];
    const waitsFor = (name: string) =>
        resources
            .find(({ urn }) => urn.endsWith(`::${name}`))
            ?.dependencies?.map((urn) => urn.slice(urn.lastIndexOf("::") + 2));
    expect(waitsFor("agent-disks")).toContain("agent-system-disk");
    expect(waitsFor("agent-build-tools")).toContain("agent-disks");
    expect(waitsFor("agent-containers")).toContain("agent-build-tools");
    // Behind the restart.
    expect(waitsFor("agent-containers-started")).toContain("agent-containers");
    expect((await stack.preview()).changed).toEqual([]);
});

const containerd = { "agent-containers": "update", "agent-containers-started": "update" };

test.each<[string, Record<string, string>, Record<string, string>]>([
    ["a larger data disk", { GIB: "128" }, { "data-disk": "update", "agent-disks": "update" }],
    ["another place of it", { MOUNT: "C:\\data" }, { "agent-disks": "update" }],
    ["it is to be unmounted", { MOUNTED: "0" }, { "agent-disks": "update" }],
    ["it is taken away", { DISKS: "none" }, { "agent-machine": "update", "agent-disks": "update" }],
    ["a second one", { DISKS: "two" }, { "agent-machine": "update", "agent-disks": "update" }],
    [
        "another size, whose disks are NVMe",
        { SIZE: "Standard_D4s_v6" },
        { "agent-machine": "update" },
    ],
    ["another containerd", { CONTAINERD: "2.2.0" }, containerd],
    [
        "no containerd",
        { CONTAINERD: "none" },
        { "agent-containers": "delete", "agent-containers-started": "delete" },
    ],
    ["another Git", { GIT: "2.51.0" }, { "agent-build-tools": "update" }],
    ["another Go", { GO: "1.27.0" }, { "agent-build-tools": "update" }],
    ["no Go", { GO: "none" }, { "agent-build-tools": "update" }],
    ["no build tools", { GIT: "none", GO: "none" }, { "agent-build-tools": "delete" }],
    ["a clean-up", { CLEAN: "2026-11-28" }, { "agent-clean-temp": "create" }],
])("%s: the preview names just what changes", async (_what, env, expected) => {
    expect(await previewed(env)).toEqual(expected);
});

test.each<[string, Record<string, string>, string]>([
    [
        "a disk that Windows cannot tell from others",
        { SIZE: "Standard_D4s_v6", DISKS: "two", LUN: "9" },
        "disks.1.lun: got 9; expected 0 to 8 on Standard_D4s_v6",
    ],
    ["a LUN that is taken", { DISKS: "two", LUN: "0" }, "expected different luns"],
    ["a path of another system", { MOUNT: "/data" }, "disks.0.mountPath: got"],
    ["a download without its digest", { SHA256: "none" }, "containerd.sha256: got"],
])("%s is refused before anything is made", async (_what, env, problem) => {
    const preview = await stack.preview({ env, expectFailure: true });
    expect(preview.errors.join("\n")).toContain(problem);
});

test("an agent that had neither gets containerd in place", async () => {
    await stack.up({ env: { CONTAINERD: "none", DISKS: "none", GIT: "known" } });
    expect((await valuesOf("agent-build-tools"))["GitUrl"]).toMatch(
        /^https:.*MinGit.*-64-bit\.zip$/,
    );
    expect(await previewed({ DISKS: "none", GIT: "known" })).toEqual({
        "agent-containers": "create",
        "agent-containers-started": "create",
    });
    await stack.destroy();
});
