/**
 * Agents in Azure on the real engine and the stand-in for Azure: what each edit changes, what is refused before anything is
 * made, and that no secret is in clear anywhere.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";

jest.setTimeout(600_000);

const program = `
import * as kubedev from "${library}";
const { env } = process;
const network = new kubedev.AgentNetwork("net", {
    location: env.PLACE ?? "westeurope",
    tags: env.TAGS === undefined ? undefined : { owner: env.TAGS },
    addressSpace: env.SPACE,
    allowedCidrs: (env.CIDRS ?? "203.0.113.7/32").split(","),
    rdp: env.RDP === "1",
});
const data = new kubedev.AzureDisk("data", { network: network.network, sizeGib: Number(env.GIB ?? "64"), sku: env.SKU as kubedev.AzureDiskSku | undefined });
const other = new kubedev.SshKeyPair("other", {});
const linux = new kubedev.LinuxAgent("linux", {
    network: network.network,
    publicAddress: env.ADDRESS !== "none",
    userData: env.USER_DATA,
    loginKey: env.KEY === "other" ? other.files : undefined,
    size: env.SIZE,
    osDiskGib: env.OS_GIB === undefined ? undefined : Number(env.OS_GIB),
    adminUser: env.LOGIN,
    image: env.IMAGE === undefined ? undefined : { publisher: "Debian", offer: "debian-13", sku: env.IMAGE },
    disks: env.DISKS === "none" ? [] : [{ disk: data.disk, mountPath: env.MOUNT ?? "/data", bindPath: env.BIND, mounted: env.MOUNTED !== "0" }],
    autoShutdown: env.FOREVER === undefined,
    shutdownTime: env.AT,
    cleanTemp: env.CLEAN,
});
const windows = new kubedev.WindowsAgent("windows", {
    network: network.network,
    release: env.RELEASE as kubedev.WindowsRelease | undefined,
    computerName: env.COMPUTER,
    autoShutdown: false,
});
export const addresses = { linux: linux.publicAddress, windows: windows.publicAddress, private: linux.privateAddress };
export const ssh = linux.sshCommand;
export const rdp = { direct: windows.rdp, throughSsh: windows.rdpThroughSsh };
export const password = windows.adminPassword;
export const paidFor = linux.paidFor;
export const host = windows.host;
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
const hostKeyFile = () =>
    path.join(stack.stateHome, "kubedev/scratch/test/linux-host-key-pair/id_ed25519");

test("a preview makes nothing, and knows no address", async () => {
    const preview = await stack.preview();
    expect(preview.ops()).toMatchObject({
        "net-group": "create",
        "linux-machine": "create",
        "linux-access": "create",
        "windows-machine": "create",
    });
    expect(fs.existsSync(hostKeyFile())).toBe(false);
});

test("up makes it; then nothing changes, nor by a refresh", async () => {
    await stack.up();
    const outputs = await stack.outputs();
    expect(outputs).toMatchObject({
        addresses: {
            linux: expect.stringMatching(/^192\.0\.2\./) as unknown,
            private: expect.stringMatching(/^10\.60\.0\./) as unknown,
        },
        host: { os: "windows" },
        paidFor: {
            size: "Standard_D4s_v5",
            disks: ["system: 64 GiB StandardSSD_LRS", "/data: 64 GiB StandardSSD_LRS"],
            publicAddresses: 1,
            shutdown: "daily at 19:00 UTC",
        },
    });
    expect(outputs["ssh"]).toMatch(/^ssh .* kubedev@192\.0\.2\.\d+$/);
    expect((await stack.preview()).changed).toEqual([]);
    await stack.refresh();
    expect((await stack.preview()).changed).toEqual([]);
});

test("passwords and private keys are in clear neither in the state nor in Azure", async () => {
    const { password } = (await stack.outputs()) as { password: string };
    // Three of Azure's four classes.
    expect(password).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{24}$/);
    const key = fs.readFileSync(hostKeyFile(), "utf8");
    const secrets = [password, key.split("\n")[2] ?? "", Buffer.from(key).toString("base64")];
    const azure = path.join(stack.stateHome, "kubedev/azure-stand-in/scratch/test.json");
    for (const text of [stack.rawState(), fs.readFileSync(azure, "utf8")]) {
        expect(text.length).toBeGreaterThan(1000);
        expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
});

test.each<[string, Record<string, string>, Record<string, string>]>([
    ["another range", { CIDRS: "203.0.113.7/32,198.51.100.0/24" }, { "net-access": "update" }],
    ["the same range twice", { CIDRS: "203.0.113.7/32,203.0.113.7/32" }, {}],
    ["RDP", { RDP: "1" }, { "net-access": "update" }],
    ["another size", { SIZE: "Standard_D8s_v5" }, { "linux-machine": "update" }],
    ["a larger system disk", { OS_GIB: "128" }, { "linux-machine": "update" }],
    ["a larger data disk", { GIB: "128" }, { "data-disk": "update", "linux-disks": "update" }],
    ["a data disk unmounted, to be taken away", { MOUNTED: "0" }, { "linux-disks": "update" }],
    ["another place of the data disk", { MOUNT: "/srv" }, { "linux-disks": "update" }],
    ["a second place of it", { BIND: "/srv/tree" }, { "linux-disks": "update" }],
    ["no data disk", { DISKS: "none" }, { "linux-machine": "update", "linux-disks": "update" }],
    ["a faster data disk", { SKU: "Premium_LRS" }, { "data-disk": "update" }],
    ["a wider network", { SPACE: "10.60.0.0/15" }, { "net-network": "update" }],
    [
        "another key",
        { KEY: "other" },
        {
            "linux-access": "update",
            "linux-login": "delete",
            "linux-login-key-pair": "delete",
        },
    ],
    [
        "no public address",
        { ADDRESS: "none" },
        { "linux-interface": "update", "linux-address": "delete" },
    ],
    [
        "user data of one's own",
        { USER_DATA: "#cloud-config\n{}\n" },
        {
            "linux-machine": "replace",
            "linux-access": "replace",
            "linux-disks": "replace",
            "linux-shutdown": "update",
        },
    ],
    ["another time of shutdown", { AT: "21:30" }, { "linux-shutdown": "update" }],
    ["a clean-up", { CLEAN: "2026-11-28" }, { "linux-clean-temp": "create" }],
    ["no shutdown", { FOREVER: "1" }, { "linux-shutdown": "delete" }],
    [
        "another image",
        { IMAGE: "13-gen2" },
        {
            "linux-machine": "replace",
            "linux-access": "replace",
            "linux-disks": "replace",
            "linux-shutdown": "update",
        },
    ],
    [
        "another release of Windows",
        { RELEASE: "2022" },
        {
            "windows-machine": "replace",
            "windows-access": "replace",
            "windows-system-disk": "replace",
        },
    ],
    [
        "another computer name",
        { COMPUTER: "other" },
        {
            "windows-machine": "replace",
            "windows-access": "replace",
            "windows-system-disk": "replace",
        },
    ],
    [
        "another user",
        { LOGIN: "alice" },
        {
            "linux-machine": "replace",
            "linux-access": "replace",
            "linux-disks": "replace",
            "linux-shutdown": "update",
        },
    ],
])("%s: the preview names just what changes", async (_what, env, expected) => {
    expect(await previewed(env)).toEqual(expected);
});

test("another region replaces everything, keys apart", async () => {
    const ops = await previewed({ PLACE: "northeurope" });
    expect(ops).toMatchObject({ "net-group": "replace", "data-disk": "replace" });
    expect(Object.keys(ops).filter((name) => name.includes("key"))).toEqual([]);
});

test("tags are changed in place, everywhere", async () => {
    const ops = await previewed({ TAGS: "alice" });
    expect(ops).toMatchObject({ "net-group": "update", "data-disk": "update" });
    expect(new Set(Object.values(ops))).toEqual(new Set(["update"]));
});

test("a replaced machine keeps address, data disk and keys", async () => {
    const before = await stack.outputs();
    const key = fs.readFileSync(hostKeyFile(), "utf8");
    const up = await stack.up({ env: { IMAGE: "13-gen2" } });
    expect(up.ops()).toMatchObject({ "linux-machine": "replace", "linux-access": "replace" });
    expect(up.ops()).not.toHaveProperty("data-disk");
    const after = await stack.outputs();
    expect(after["addresses"]).toEqual(before["addresses"]);
    expect(fs.readFileSync(hostKeyFile(), "utf8")).toBe(key);
    expect((await stack.preview({ env: { IMAGE: "13-gen2" } })).changed).toEqual([]);
    await stack.up();
});

test("RDP: directly, or through ssh", async () => {
    const { rdp, addresses } = (await stack.outputs()) as {
        rdp: Record<"direct" | "throughSsh", Record<string, string>>;
        addresses: { windows: string };
    };
    expect(rdp.direct["mstsc"]).toBe(`mstsc /v:${addresses.windows}:3389`);
    expect(rdp.direct["file"]).toContain(`full address:s:${addresses.windows}:3389\r\n`);
    expect(rdp.throughSsh["tunnelCommand"]).toMatch(
        /^ssh .* -N -L 127\.0\.0\.1:33389:localhost:3389$/,
    );
    expect(rdp.throughSsh["mstsc"]).toBe("mstsc /v:localhost:33389");
});

test.each<[string, Record<string, string>, string]>([
    ["everybody", { CIDRS: "0.0.0.0/0" }, "allowedCidrs.0"],
    ["no range", { CIDRS: "203.0.113.7/24" }, "allowedCidrs.0"],
    ["a user whom attackers try", { LOGIN: "admin" }, "adminUser"],
    ["a computer name that NetBIOS cannot take", { COMPUTER: "x".repeat(16) }, "computerName"],
    ["a size that cannot boot the image", { SIZE: "Standard_D4_v3" }, "size"],
    ["a disk below the image", { OS_GIB: "29" }, "osDiskGib"],
    ["a mount path that is none", { MOUNT: "data" }, "disks.0.mountPath"],
    ["a time that is none", { AT: "25:00" }, "shutdownTime"],
])("%s is refused before anything is made", async (_what, env, field) => {
    const preview = await stack.preview({ env, expectFailure: true });
    expect(preview.errors.join("\n")).toContain(`${field}: got`);
});

test("destroy leaves nothing", async () => {
    await stack.destroy();
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev/azure-stand-in/scratch"))).toBe(false);
});
