/** MachineDisk, and machines that have some, against mocks: what is declared, what restarts what, and what stays as it was. */
import * as pulumi from "@pulumi/pulumi";
import { MachineDisk, type MachineDiskMountArgs, VirtualMachine } from "../../components/qemu";
import { baseImage, loginKey } from "../support/mocked-machine";
import { known, MockedRun } from "../support/mocked-run";

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

/** Commands of a machine with these disks, by name. */
async function declared(disks?: MachineDiskMountArgs[]) {
    const machine = new VirtualMachine("vm", { baseImage, loginKey, disks }, run.watched);
    await known(machine.host);
    return Object.fromEntries(run.commands().map(({ name, inputs }) => [name, inputs]));
}

test("a disk is a file of its own, whose size is no reason to make it anew", async () => {
    const data = new MachineDisk("data", { sizeGib: 3 }, run.watched);
    expect(await known(data.disk)).toEqual({
        ...{ serial: "data", sizeGib: 3, instanceId: "data-data-disk-id" },
        directory: "/state/kubedev/project/stack/data-data-disk",
    });
    expect(await known(data.path)).toBe("/state/kubedev/project/stack/data-data-disk/disk.qcow2");
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ format: "qcow2", incarnation: 7 }, { parents: [] }]);
    expect(inputs.environment["KUBEDEV_DISK_SIZE_MIB"]).toBe("3072");
});

test.each([[undefined], [[]]])("a machine with disks %j is what it was", async (disks) => {
    const all = await declared(disks);
    expect(Object.keys(all).sort()).toEqual([
        "vm-disk",
        "vm-host-key-pair",
        "vm-machine",
        "vm-ready",
    ]);
    const { triggers, environment } = all["vm-machine"] ?? {};
    expect(Object.keys((triggers as [object])[0])).not.toContain("disks");
    expect((triggers as [object, { parents: string[] }])[1].parents).toHaveLength(3);
    expect(environment?.["KUBEDEV_PRE_START"]).not.toContain("MACHINE_DISKS");
    expect(environment?.["KUBEDEV_RUN"]?.match(/driver=qcow2/g)).toHaveLength(2);
});

test("a machine with disks: they restart it, and where they are mounted is a change in place, of which guests know nothing", async () => {
    const [data, bare] = [new MachineDisk("data", {}), new MachineDisk("bare", {})];
    const all = await declared([{ disk: data.disk, mountPath: "/data" }, { disk: bare.disk }]);
    const { triggers, environment } = all["vm-machine"] ?? {};
    expect(triggers).toMatchObject([
        {
            disks: [
                { serial: "data", sizeGib: 16 },
                { serial: "bare", sizeGib: 16 },
            ],
        },
        {
            parents: [
                ...["vm-disk-id", "vm-host-key-pair-id", "key-id"],
                ...["data-data-disk-id", "bare-data-disk-id"],
            ],
        },
    ]);
    expect(environment?.["KUBEDEV_PRE_START"]).toContain(
        "disk-data 16384 /state/kubedev/project/stack/data-data-disk\n",
    );
    expect(environment?.["KUBEDEV_RUN"]).toContain("file.filename=disk-bare,");
    expect(environment?.["KUBEDEV_RUN"]).toContain("lun=1,serial=data,");
    const mounts = all["vm-disks"];
    expect(mounts?.triggers).toEqual([
        expect.not.objectContaining({ disks: expect.anything() as unknown }),
        { parents: ["vm-machine-id"] },
    ]);
    // The one without a place is not mentioned.
    expect(mounts?.environment["GUEST_DISKS"]).toBe("data /data\n");
});

const disk = { serial: "s", directory: "/d", sizeGib: 1, instanceId: "i" };
test.each<[string, MachineDiskMountArgs[], RegExp]>([
    ["twice the same", [{ disk }, { disk }], /disks: .*expected different disks/],
    ["the system's place", [{ disk, mountPath: "/usr/x" }], /disks\.0\.mountPath: got "\/usr\/x"/],
    ["no disk", [{ disk: {} as never }], /disks\.0\.disk/],
    ["a field that is none", [{ disk, path: "/d" } as never], /expected no path; a disk has disk/],
])("refused: %s", (_what, disks, message) => {
    expect(() => new VirtualMachine("vm", { baseImage, loginKey, disks })).toThrow(message);
});

test.each([
    ["a.b", {}, /name: got "a\.b"; expected 1 to 36 letters/],
    ["a", { sizeGib: 0 }, /sizeGib: got 0; expected a whole number of GiB/],
])("a disk is refused: %s %j", (name, args, message) => {
    expect(() => new MachineDisk(name, args)).toThrow(message);
});
