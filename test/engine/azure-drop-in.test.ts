/**
 * The stand-in for Azure on the real engine: a network with an agent's interface is previewed, made, changed, refused and
 * removed; nothing of it is anywhere but in a file of the stack.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";

jest.setTimeout(600_000);

const program = `
import * as pulumi from "@pulumi/pulumi";
class Azure extends pulumi.CustomResource {
    declare readonly name: pulumi.Output<string>;
    declare readonly ipAddress: pulumi.Output<string>;
    declare readonly ipConfigurations: pulumi.Output<{ privateIPAddress: string }[]>;
    constructor(type: string, name: string, inputs: pulumi.Inputs) {
        super("azure-native:" + type, name, { name: undefined, ipAddress: undefined, ...inputs });
    }
}
const { env } = process;
const location = env.PLACE ?? "westeurope";
const group = new Azure("resources:ResourceGroup", "group", { resourceGroupName: "rg-dev", location });
const resourceGroupName = group.name;
const rule = (name: string, priority: number, port: string) => ({
    ...{ name, priority, direction: "Inbound", access: "Allow", protocol: "Tcp" },
    ...{ sourceAddressPrefixes: (env.CIDRS ?? "203.0.113.7/32").split(","), sourcePortRange: "*" },
    ...{ destinationAddressPrefix: "*", destinationPortRange: port },
});
const access = new Azure("network:NetworkSecurityGroup", "access", {
    ...{ resourceGroupName, networkSecurityGroupName: "access", location },
    securityRules: [rule("ssh", 1000, "22"), ...(env.RDP ? [rule("rdp", 1010, "3389")] : [])],
});
const network = new Azure("network:VirtualNetwork", "network", {
    ...{ resourceGroupName, virtualNetworkName: "network", location },
    addressSpace: { addressPrefixes: [env.SPACE ?? "10.60.0.0/16"] },
});
const agents = new Azure("network:Subnet", "agents", {
    ...{ resourceGroupName, virtualNetworkName: network.name, subnetName: "agents" },
    ...{ addressPrefix: "10.60.0.0/24", networkSecurityGroup: { id: access.id } },
});
const address = new Azure("network:PublicIPAddress", "address", {
    ...{ resourceGroupName, publicIpAddressName: "address", location },
    ...{ sku: { name: "Standard" }, publicIPAllocationMethod: "Static" },
});
const nic = new Azure("network:NetworkInterface", "nic", {
    ...{ resourceGroupName, networkInterfaceName: "nic", location },
    ipConfigurations: [{ name: "main", subnet: { id: agents.id }, publicIPAddress: { id: address.id } }],
});
export const publicAddress = address.ipAddress;
export const privateAddress = nic.ipConfigurations.apply(([first]) => first.privateIPAddress);
`;

let stack: ScratchStack;
beforeAll(async () => {
    stack = await ScratchStack.create({ program });
});
afterAll(() => stack.dispose());

const kept = () => path.join(stack.stateHome, "kubedev/azure-stand-in/scratch/test.json");
const zeros = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-dev";

test("a preview makes nothing, says what it is, and knows no address", async () => {
    const preview = await stack.preview();
    expect(preview.ops()).toMatchObject({ group: "create", nic: "create" });
    expect(preview.warnings.join("\n")).toContain("nothing is made in Azure");
    expect(preview.step("address").newOutputs?.["ipAddress"]).toMatch(/^04da6b54-/);
    expect(fs.existsSync(kept())).toBe(false);
});

test("up makes it; then nothing changes, nor by a refresh", async () => {
    await stack.up();
    expect(await stack.outputs()).toEqual({
        publicAddress: "192.0.2.1",
        privateAddress: "10.60.0.4",
    });
    const resources = (await stack.exportState()).deployment.resources ?? [];
    expect(resources.find(({ urn }) => urn.endsWith("::agents"))?.id).toBe(
        `${zeros}/providers/Microsoft.Network/virtualNetworks/network/subnets/agents`,
    );
    expect(fs.statSync(kept()).mode & 0o777).toBe(0o600);
    await stack.refresh();
    expect((await stack.preview()).changed).toEqual([]);
});

test("one range more, or RDP, is a change of the security group alone", async () => {
    const both = { CIDRS: "203.0.113.7/32,198.51.100.0/24" };
    expect((await stack.preview({ env: both })).ops()).toEqual({ access: "update" });
    expect((await stack.up({ env: { RDP: "1" } })).ops()).toEqual({ access: "update" });
    expect((await stack.preview({ env: { RDP: "1" } })).changed).toEqual([]);
});

test("another place replaces what cannot move", async () => {
    const ops = (await stack.preview({ env: { RDP: "1", PLACE: "northeurope" } })).ops();
    expect(ops).toMatchObject({ group: "replace", network: "replace", address: "replace" });
});

test("what is wrong in itself is refused in a preview, by the name of the field", async () => {
    const preview = await stack.preview({ env: { CIDRS: "203.0.113.7/24" }, expectFailure: true });
    expect(preview.errors.join("\n")).toContain("securityRules[0].sourceAddressPrefixes");
});

test("what Azure refuses is refused, and stays as it was", async () => {
    const env = { RDP: "1", SPACE: "10.61.0.0/16" };
    const up = await stack.up({ env, expectFailure: true });
    expect(up.errors.join("\n")).toContain("NetcfgSubnetRangeOutsideVnet");
    expect((await stack.preview({ env: { RDP: "1" } })).changed).toEqual([]);
});

test("destroy leaves nothing", async () => {
    await stack.destroy();
    expect(fs.existsSync(path.dirname(kept()))).toBe(false);
});
