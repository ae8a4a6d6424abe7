/** Every row of the diff table in docs/virtual-machine.md, read from previews of a machine that runs. */
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { machineProgram, machineStack, recordPath } from "../support/local-kvm";

const inside = `
const file = new kubedev.HostFile("motd", { host: vm.host, path: "/etc/kubedev-test", content: "hello" });
`;
const restart = {
    "node-machine": "replace",
    "node-ready": "replace",
    "motd-file": "replace",
};

let stack: ScratchStack;

beforeAll(async () => {
    stack = await machineStack(machineProgram({}, { more: inside }));
    await stack.up({ timeoutMs: 900_000 });
}, 900_000);

afterAll(async () => {
    await stack.dispose();
}, 120_000);

/** What a preview of the machine with other arguments would do to commands (components themselves do nothing). */
async function steps(args: Record<string, string>, options = {}): Promise<Record<string, string>> {
    stack.program(machineProgram(args, { more: inside, ...options }));
    const preview = await stack.preview();
    const commands = preview.changed.filter((step) => step.type.startsWith("command:"));
    const names = new Set(commands.map((step) => step.name));
    return Object.fromEntries(Object.entries(preview.ops()).filter(([name]) => names.has(name)));
}

test("nothing changed: nothing to do", async () => {
    expect(await steps({})).toEqual({});
});

test.each([
    ["memoryMib", "2048"],
    ["cpus", "1"],
    ["diskGib", "9"],
    ["hostname", '"other"'],
    ["mac", '"52:54:00:00:00:01"'],
    ["address", '"127.9.9.9"'],
    ["sshPort", "2223"],
    ["ports", "[{ guestPort: 6443 }]"],
    ["kernelParameters", '["kubedev.test=1"]'],
    ["shares", '[{ sourcePath: "/usr", mountPath: "/src" }]'],
    ["running", "false"],
])("%s: restart, the disk is kept", async (field, value) => {
    expect(await steps({ [field]: value })).toEqual(restart);
});

test("networks: joining one is a restart, the disk is kept, and the preview says its address", async () => {
    const program = machineProgram({ networks: "[lan.network]" }, { more: inside }).replace(
        "const vm",
        'const lan = new kubedev.MachineNetwork("lan", { machines: [{ name: "node" }, { name: "other" }] });\nconst vm',
    );
    stack.program(`${program}\nexport const addresses = vm.networkAddresses;`);
    const preview = await stack.preview();
    expect(preview.ops()).toMatchObject({ ...restart, "lan-switch": "create" });
    expect(preview.ops()).not.toHaveProperty("node-disk");
    expect(preview.step("node-machine").detailedDiff).toMatchObject({
        "triggers[0].networks": "add-replace",
    });
});

test("disks: to attach one is a restart, the disk of the system is kept", async () => {
    const field = { disks: '[{ disk: data.disk, mountPath: "/data" }]' };
    const before = 'const data = new kubedev.MachineDisk("data", {});\n';
    stack.program(machineProgram(field, { before, more: inside }));
    const preview = await stack.preview();
    expect(preview.ops()).toMatchObject({
        ...restart,
        ...{ "data-data-disk": "create", "node-disks": "create" },
    });
    expect(preview.ops()).not.toHaveProperty("node-disk");
    expect(preview.step("node-machine").detailedDiff).toMatchObject({
        "triggers[0].disks": "add-replace",
    });
});

test("memoryMib: the preview says it in the user's words", async () => {
    stack.program(machineProgram({ memoryMib: "2048" }, { more: inside }));
    const { detailedDiff } = (await stack.preview()).step("node-machine");
    expect(detailedDiff).toMatchObject({ "triggers[0].memoryMib": "update-replace" });
});

test.each([
    ["readyTimeoutSec", "200"],
    ["stopTimeoutSec", "20"],
])("%s: in place", async (field, value) => {
    expect(new Set(Object.values(await steps({ [field]: value })))).toEqual(new Set(["update"]));
});

test("loginKey: restart with the other key, the disk is kept", async () => {
    const program = machineProgram({ loginKey: "key.files" }, { more: inside }).replace(
        "const vm",
        'const key = new kubedev.SshKeyPair("other", {});\nconst vm',
    );
    stack.program(program);
    expect((await stack.preview()).ops()).toMatchObject({
        ...restart,
        "other-key-pair": "create",
        "node-login-key-pair": "delete",
    });
});

test("baseImage: the disk is replaced", async () => {
    const image = '{ packages: ["hello"] }';
    expect(await steps({}, { image })).toEqual({
        ...restart,
        "debian-base-image": "replace",
        "node-disk": "replace",
    });
});

test("the disk deleted by hand: the disk is replaced", async () => {
    const disk = path.join(path.dirname(recordPath(stack, "node-disk")), "disk.qcow2");
    fs.renameSync(disk, `${disk}.away`);
    try {
        expect(await steps({})).toEqual({ ...restart, "node-disk": "replace" });
    } finally {
        fs.renameSync(`${disk}.away`, disk);
    }
});

test("name: everything", async () => {
    const ops = await steps({}, { name: "other" });
    expect(ops).toMatchObject({
        "node-disk": "delete",
        "node-machine": "delete",
        "other-disk": "create",
        "other-machine": "create",
    });
});

test("a smaller disk is refused, with the present size", async () => {
    stack.program(machineProgram({ diskGib: "4" }, { more: inside }));
    const preview = await stack.preview({ expectFailure: true });
    expect(preview.errors.join("\n")).toContain(
        "diskGib: got 4; expected at least the present 8: a disk does not shrink",
    );
});

test("user data is refused for an image without cloud-init", async () => {
    stack.program(machineProgram({ userData: '"#cloud-config"' }, { more: inside }));
    const preview = await stack.preview({ expectFailure: true });
    expect(preview.errors.join("\n")).toContain("user data for an image without cloud-init");
});

test("UEFI is refused for an image whose kernel is booted directly", async () => {
    stack.program(machineProgram({ firmware: "kubedev.Firmware.Uefi" }, { more: inside }));
    const preview = await stack.preview({ expectFailure: true });
    expect(preview.errors.join("\n")).toContain(
        "firmware: got uefi for an image whose kernel is booted directly",
    );
});

test("no private key is in the state, in an argument vector or in a log", () => {
    const dir = path.join(stack.stateHome, "kubedev", stack.project, stack.stack);
    const secrets = ["node-host-key-pair", "node-login-key-pair"].map((key) => {
        const lines = fs.readFileSync(path.join(dir, key, "id_ed25519"), "utf8").split("\n");
        return lines[2] ?? "";
    });
    const processes = fs
        .readdirSync("/proc")
        .filter((pid) => /^\d+$/.test(pid))
        .map((pid) => readIfThere(`/proc/${pid}/cmdline`));
    const log = fs.readFileSync(path.join(dir, "node-machine", "log"), "utf8");
    const base64 = (text: string) => Buffer.from(text).toString("base64").slice(4, 60);
    for (const secret of secrets) {
        expect(secret.length).toBeGreaterThan(40);
        for (const text of [stack.rawState(), log, ...processes]) {
            expect(text.includes(secret)).toBe(false);
            expect(text.includes(base64(secret))).toBe(false);
        }
    }
    expect(fs.statSync(path.join(dir, "node-login-key-pair", "id_ed25519")).mode & 0o777).toBe(
        0o600,
    );
    expect(fs.statSync(path.join(dir, "node-machine", "credential-tmpfiles")).mode & 0o777).toBe(
        0o600,
    );
});

function readIfThere(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
