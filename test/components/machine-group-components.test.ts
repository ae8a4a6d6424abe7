/** MachineGroup against mocks: which machines there are, what they share, and what is refused. */
import * as pulumi from "@pulumi/pulumi";
import { MachineGroup, type MachineGroupArgs } from "../../components/qemu";
import { known, MockedRun } from "../support/mocked-run";

const baseImage = {
    ...{ digest: "d1", instanceId: "image-id", directory: "/image", format: "qcow2" as never },
    ...{ directBoot: true, cloudInit: false },
};
let run: MockedRun;

beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    run = new MockedRun({}, (asked) => {
        const found = (asked["KUBEDEV_TOOLS"] ?? "").split("\n").map(() => "tool=9.0");
        return "KUBEDEV_TOOLS" in asked ? [...found, "space=9999", ""].join("\n") : "absent=7\n";
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

async function declared(args: Partial<MachineGroupArgs>) {
    const group = new MachineGroup("g", { baseImage, ...args }, run.watched);
    await known(group.hosts);
    return group;
}
const names = (ending: string) =>
    run
        .commands()
        .map(({ name }) => name)
        .filter((name) => name.endsWith(ending))
        .sort();
const triggers = (name: string) =>
    (run.commands().find((command) => command.name === name)?.inputs.triggers as [object])[0];

test("so many machines, one key", async () => {
    const group = await declared({ count: 3, memoryMib: 512 });
    expect(names("-machine")).toEqual(["g-1-machine", "g-2-machine", "g-3-machine"]);
    expect(names("-login-key-pair")).toEqual(["g-login-key-pair"]);
    const addresses = Object.values(await known(group.addresses));
    expect(new Set(addresses).size).toBe(3);
    expect(Object.keys(await known(group.hosts))).toEqual(["1", "2", "3"]);
    expect(triggers("g-2-machine")).toMatchObject({ memoryMib: 512, hostname: "g-2" });
});

test("machines by name have what is their own, and else what all have", async () => {
    await declared({
        memoryMib: 512,
        cpus: 1,
        machines: [{ name: "cp", memoryMib: 2048, cpus: undefined, index: 1 }, { name: "w" }],
    });
    expect(triggers("g-cp-machine")).toMatchObject({ memoryMib: 2048, cpus: 1, index: 1 });
    // Not a word of it without a number.
    expect(triggers("g-w-machine")).not.toHaveProperty("index");
    expect(triggers("g-w-machine")).toMatchObject({ memoryMib: 512, cpus: 1 });
});

test("a key that is given is that of all", async () => {
    await declared({
        count: 2,
        loginKey: {
            ...{ privateKeyPath: "/key", publicKeyPath: "/key.pub", knownHostsPath: "/known" },
            ...{ publicKey: "ssh-ed25519 AAAA", instanceId: "key-id" },
        },
    });
    expect(names("-login-key-pair")).toEqual([]);
});

test.each<[Partial<MachineGroupArgs>, RegExp]>([
    [{}, /machines: got neither count nor machines; expected one of them/],
    [{ count: 1, machines: [] }, /machines: got both count and machines; expected one of them/],
    [
        {
            machines: [
                { name: "a", index: 3 },
                { name: "b", index: 3 },
            ],
        },
        /VirtualMachine g-b: 1 invalid argument\n +index: got 3, which is that of g-a; expected a number of its own/,
    ],
    [{ machines: [{ name: "a", index: 100 }] }, /index: got 100; expected a whole number/],
    [{ count: 0 }, /count: got 0; expected a whole number of machines, 1 to 1000/],
    [{ machines: [] }, /machines: got none; expected machines, each with a name/],
    [{ machines: [{ name: "A" }] }, /machines\.0\.name: got "A"; expected a name: lower-case/],
    [
        { machines: [{ name: "a" }, { name: "a" }] },
        /machines\.1\.name: got "a", which another machine has; expected different names/,
    ],
])("%j is refused before anything is declared", (args, message) => {
    expect(() => new MachineGroup("g", { baseImage, ...args })).toThrow(message);
    expect(run.commands()).toEqual([]);
});
