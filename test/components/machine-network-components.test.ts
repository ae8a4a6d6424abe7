/** MachineNetwork, and machines in it, against mocks: what is declared, what restarts what, and what stays as it was. */
import * as pulumi from "@pulumi/pulumi";
import { MachineNetwork, VirtualMachine } from "../../components/qemu";
import { script } from "../../components/internal/scripts";
import { baseImage, loginKey } from "../support/mocked-machine";
import { common, known, MockedRun, withoutTexts } from "../support/mocked-run";

const cidr = "198.18.0.0/20";
const two = [{ name: "a" }, { name: "b", address: "198.18.0.7" }];

let run: MockedRun;

beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    await begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

async function begin(): Promise<void> {
    run = new MockedRun({}, (asked) => {
        const found = (asked["KUBEDEV_TOOLS"] ?? "").split("\n").map(() => "tool=9.0");
        return "KUBEDEV_TOOLS" in asked
            ? [...found, "space=9999", "command=0", ""].join("\n")
            : "absent=7\n";
    });
    await run.begin();
}

function machine(name: string, networks?: MachineNetwork["network"][]): VirtualMachine {
    return new VirtualMachine(name, { baseImage, loginKey, networks }, run.watched);
}

/** Triggers and environments of commands by name, once all of these are declared. */
async function declared(...machines: VirtualMachine[]) {
    for (const one of machines) {
        await known(one.instanceId);
    }
    return Object.fromEntries(run.commands().map(({ name, inputs }) => [name, inputs]));
}

test("a network is one process here, which no change restarts", async () => {
    const lan = new MachineNetwork("lan", { cidr, machines: two }, run.watched);
    expect(await known(lan.cidr)).toBe(cidr);
    expect(await known(lan.addresses)).toEqual({ a: "198.18.0.177", b: "198.18.0.7" });
    await run.until(() => run.commands().length > 0);
    expect(run.registered.map(({ type, name }) => `${type} ${name}`)).toEqual([
        "kubedev:index:MachineNetwork lan",
        "command:local:Command lan-switch",
    ]);
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ incarnation: 7 }, { parents: [] }]);
    const { KUBEDEV_PRE_START, ...environment } = withoutTexts(inputs.environment);
    expect(KUBEDEV_PRE_START).toContain("70_000");
    expect(environment).toMatchObject({
        ...common("lan-switch", inputs.environment.KUBEDEV_SPEC, "160"),
        KUBEDEV_RUN: "exec perl switch.pl lan",
        KUBEDEV_HEALTH: "test -S switch.sock",
    });
    const asked = run.looks.map((look) => look["KUBEDEV_COMMANDS"] ?? "").join("");
    expect(Buffer.from(asked, "base64").toString()).toContain(
        "export NETWORK_RECORD=/state/kubedev/project/stack/lan-switch/record\n",
    );
});

test("a machine without networks is what it was: not a word more", async () => {
    const plain = machine("a");
    expect(await known(plain.networkAddresses)).toEqual({});
    const { "a-machine": service, "a-ready": ready } = await declared(plain);
    expect(Object.keys((service?.triggers as [object])[0]).sort()).toEqual([
        ...["address", "cpus", "diskGib", "hostname", "incarnation", "kernelParameters"],
        ...["mac", "memoryMib", "ports", "running", "sshPort"],
    ]);
    expect(service?.environment["KUBEDEV_RUN"]?.match(/-netdev|-device/g)).toHaveLength(2 * 5);
    expect(service?.environment["KUBEDEV_PRE_START"]).toMatch(/^export /);
    const preStart = service?.environment["KUBEDEV_PRE_START"] ?? "";
    expect(preStart.endsWith(script("qemu/machine-prepare.sh"))).toBe(true);
    expect(preStart).not.toContain("CARD");
    expect(Object.keys(ready?.environment ?? {}).filter((n) => n.startsWith("GUEST"))).toEqual([]);
});

test("an empty list of networks is none", async () => {
    const before = await declared(machine("a"));
    await begin();
    const after = await declared(machine("a", []));
    expect(after["a-machine"]).toEqual(before["a-machine"]);
    expect(after["a-ready"]?.triggers).toEqual(before["a-ready"]?.triggers);
});

test("a machine in a network: its card restarts it, the names of all are a change in place", async () => {
    const lan = new MachineNetwork("lan", { cidr, machines: two });
    const [a, b] = [machine("a", [lan.network]), machine("b", [lan.network])];
    expect(await known(b.networkAddresses)).toEqual({ lan: "198.18.0.7" });
    const { "b-machine": service, "b-ready": ready, "a-ready": other } = await declared(a, b);
    const { networks } = (service?.triggers as [{ networks: { mac: string }[] }])[0];
    const mac = networks[0]?.mac ?? "";
    expect(networks).toEqual([{ network: "lan", address: "198.18.0.7/20", mac }]);
    expect(service?.environment["KUBEDEV_RUN"]).toContain(
        `-netdev dgram,id=net1,local.type=unix,local.path=../b-machine/net-lan.sock,remote.type=unix,remote.path=../lan-switch/switch.sock -device virtio-net-pci,netdev=net1,mac=${mac},romfile=`,
    );
    expect(service?.environment["KUBEDEV_PRE_START"]).toContain(
        "f+~ /etc/systemd/network/05-kubedev-lan.network 0644 root root - ",
    );
    expect(ready?.triggers).toEqual([
        expect.not.objectContaining({ networks: expect.anything() as unknown }),
        { parents: ["b-machine-id"] },
    ]);
    const hosts = "198.18.0.177 a a.lan # kubedev network\n198.18.0.7 b b.lan # kubedev network\n";
    expect(ready?.environment["GUEST_NETWORKS"]).toMatch(
        new RegExp(`^lan ${mac} 198\\.18\\.0\\.7/20 [A-Za-z0-9+/]+=*\\n$`),
    );
    expect([ready, other].map((inputs) => inputs?.environment["GUEST_HOSTS"])).toEqual([
        hosts,
        hosts,
    ]);
});

test("nothing of a machine waits for the switch or goes with it", async () => {
    const lan = new MachineNetwork("lan", { cidr, machines: two });
    const resources = await new Promise<unknown>((resolve) => {
        void (lan.network as unknown as { allResources(): Promise<Set<unknown>> })
            .allResources()
            .then(resolve);
    });
    expect(resources).toEqual(new Set());
});

test.each([
    [{ machines: [{ name: "a_b" }] }, "lan", /machines\.0\.name: got "a_b"; expected letters/],
    [{ machines: [{ name: "a", addres: "x" }] }, "lan", /expected no addres; a machine has name/],
    [{ machines: [], cidr: "10.0.0.0/8" }, "lan", /cidr: got "10\.0\.0\.0\/8"; .* 10\.0\.2\.0/],
    [{ machines: [] }, "a.b", /name: got "a\.b"; expected letters, digits and inner hyphens/],
])("%j is refused", (args, name, message) => {
    expect(() => new MachineNetwork(name, args as never)).toThrow(message);
});
