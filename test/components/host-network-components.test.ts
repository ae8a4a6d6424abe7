/** HostNetwork, and a machine on it, against mocks: what is declared, what is looked at, what restarts what. */
import * as pulumi from "@pulumi/pulumi";
import { HostNetwork, HostNetworkArgs, VirtualMachine } from "../../components/qemu";
import { baseImage, loginKey } from "../support/mocked-machine";
import { common, known, MockedRun } from "../support/mocked-run";

const args = {
    bridge: "qemu0",
    cidr: "10.44.0.0/16",
    machines: [{ name: "a" }, { name: "b", address: "10.44.0.7" }],
};

let run: MockedRun;
/** What host-network-look.sh says. */
let said = "";

beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    said = "root=true\nbridge=absent\naddress=false\nroutes=\nmissing=\ndrops=false\n";
    run = new MockedRun({}, (asked) => {
        if ("NETWORK_BRIDGE" in asked) return said;
        const found = (asked["KUBEDEV_TOOLS"] ?? "").split("\n").map(() => "tool=9.0");
        return "KUBEDEV_TOOLS" in asked
            ? [...found, "space=9999", "command=0", ""].join("\n")
            : "absent=7\n[lan-bridge]\nincarnation=3\nfact.repairs=2\nalive=true\n";
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const network = (changes: Partial<HostNetworkArgs> = {}) =>
    new HostNetwork("lan", { ...args, ...changes }, run.watched);
const named = (name: string) => run.commands().find((one) => one.name === name)?.inputs;

test("a bridge, and a name server that stands on it", async () => {
    const lan = network();
    expect(await known(lan.addresses)).toEqual({ a: "10.44.78.142", b: "10.44.0.7" });
    await run.until(() => run.commands().length === 2);
    const [bridge, names] = [named("lan-bridge"), named("lan-names")];
    expect(bridge?.triggers).toEqual([
        { bridge: "qemu0", cidr: "10.44.0.0/16", incarnation: 3 },
        { parents: [] },
    ]);
    expect(bridge?.environment).toMatchObject({
        ...common("lan-bridge", bridge?.environment["KUBEDEV_SPEC"], "60"),
        KUBEDEV_INCARNATION: "3",
        NETWORK_BRIDGE: "qemu0",
        NETWORK_ADDRESS: "10.44.0.1/16",
        NETWORK_TABLE: "kubedev-qemu0",
        NETWORK_USER: "",
        NETWORK_NAT: "true",
        NETWORK_REPAIRS: "2",
    });
    expect(bridge?.environment["NETWORK_TAPS"]).toMatch(/^(kt[0-9a-f]{10}\n){2}$/);
    expect(names?.triggers).toEqual([
        {
            machines: [
                expect.objectContaining({ name: "a", address: "10.44.78.142" }),
                expect.objectContaining({ name: "b", address: "10.44.0.7" }),
            ],
            ...{ domain: "lan", nat: true, nameServers: [], repairs: "2", incarnation: 7 },
        },
        { parents: ["lan-bridge-id"] },
    ]);
    expect(names?.environment["KUBEDEV_SUPERVISOR"]).toBe("detached");
    expect(names?.environment["KUBEDEV_PRE_START"]).toContain("bind-dynamic");
});

test("a machine on it: a card on its tap device, which the name server's restart is nothing to", async () => {
    const lan = network();
    const machine = new VirtualMachine(
        "a",
        { baseImage, loginKey, networks: [lan.network] },
        run.watched,
    );
    await known(machine.instanceId);
    expect(await known(machine.networkAddresses)).toEqual({ lan: "10.44.78.142" });
    const [bridge, service] = [named("lan-bridge"), named("a-machine")];
    const [tap = ""] = (bridge?.environment["NETWORK_TAPS"] ?? "").split("\n");
    const [{ networks }] = service?.triggers as [{ networks: { mac: string }[] }];
    expect(networks).toEqual([
        { network: "lan", address: "10.44.78.142/16", mac: networks[0]?.mac, tap },
    ]);
    expect(service?.environment["KUBEDEV_RUN"]).toContain(
        `-netdev tap,id=net1,ifname=${tap},script=no,downscript=no -device virtio-net-pci,netdev=net1,mac=${networks[0]?.mac ?? ""},romfile=`,
    );
});

test("what is missing of it is put back in place, and starts the name server again", async () => {
    said = said.replace("missing=", "missing=the table kubedev-qemu0 as it was");
    network();
    await run.until(() => run.commands().length === 2);
    expect(named("lan-bridge")?.environment["NETWORK_REPAIRS"]).toBe("3");
    expect(named("lan-names")?.triggers).toEqual([
        expect.objectContaining({ repairs: "3" }),
        { parents: ["lan-bridge-id"] },
    ]);
});

test("every problem is named before anything is declared", () => {
    const wrong = {
        ...{ bridge: "Bridge that is too long", cidr: "10.44.0.1/16", domain: "-lan" },
        ...{ nat: "yes" as never, nameServers: ["dns.example"], user: "a b" },
        ...{ proxyUrl: "http://user:secret@proxy:3128", machines: [{ name: "a b" }] },
    };
    const problems = ["bridge", "cidr", "domain", "nat", "nameServers.0", "user", "proxyUrl"];
    expect(() => network(wrong)).toThrow(
        new RegExp([...problems].map((at) => `(?=[^]*${at}: got )`).join("")),
    );
    expect(run.commands()).toEqual([]);
});
