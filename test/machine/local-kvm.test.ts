/**
 * The environment `local-kvm` as a developer has it: two stacks side by side on one machine, one of them with a network
 * that its machines share, the other with a disk that outlives its machine.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { repoRoot, ScratchStack } from "../support/engine";
import { dirOf, isRunning, killHard, pidOf } from "../support/host-state";
import { inGuest, imageCache } from "../support/local-kvm";
import { scratchDir } from "../support/scratch";

const program = `module.exports = require("${path.join(repoRoot, "stacks")}");\n`;
const node = { name: "node", memoryMib: 512, cpus: 1, ports: [8080] };
const other = { name: "other", memoryMib: 512, cpus: 1 };
const work = { name: "work", sizeGib: 1, mountPath: "/work" };
const cidr = "198.18.0.0/20";
const third = { name: "third", running: false, networkAddress: "198.18.15.254" };

let home: string;
let alice: ScratchStack;
let bob: ScratchStack;

beforeAll(async () => {
    home = scratchDir("kubedev-home-");
    [alice, bob] = await Promise.all([
        developer("alice", {
            "local-kvm:machines": JSON.stringify([node, other]),
            "local-kvm:network": JSON.stringify({ cidr }),
        }),
        developer("bob", {
            "local-kvm:machines": JSON.stringify([{ ...node, disks: [work] }]),
        }),
    ]);
}, 60_000);

afterAll(async () => {
    await Promise.all([alice.dispose(), bob.dispose()]);
    fs.rmSync(home, { recursive: true, force: true });
}, 300_000);

function developer(stack: string, config: Record<string, string>): Promise<ScratchStack> {
    return ScratchStack.create({
        program,
        project: "kubedev",
        // The address of a machine is derived from these names: not those of somebody who works here.
        stack: `${stack}-${String(process.pid)}`,
        env: { ...imageCache(), XDG_STATE_HOME: path.join(home, "state") },
        config,
    });
}

interface Outputs {
    ssh: { node: string; other: string } & Record<string, string>;
    machines: { node: MachineOutputs; other: MachineOutputs } & Record<string, MachineOutputs>;
}
interface MachineOutputs {
    address: string;
    ports: Record<string, string>;
    mac: string;
    networkAddress: string;
}

async function outputsOf(stack: ScratchStack): Promise<Outputs> {
    return (await stack.outputs()) as unknown as Outputs;
}

const dirOfAlice = (key: string): string => dirOf(alice, key, path.join(home, "state"));
const pids = (...keys: string[]): number[] => keys.map((key) => pidOf(dirOfAlice(key)));
const running = (): number[] => pids("node-machine", "other-machine");

/** What a preview of alice's stack does to commands. */
async function previewed(): Promise<Record<string, string>> {
    const preview = await alice.preview();
    const commands = preview.changed.filter((step) => step.type.startsWith("command:"));
    const ops = preview.ops();
    return Object.fromEntries(commands.map(({ name }) => [name, ops[name] ?? ""]));
}

/** Each of alice's machines that run reaches the other by its name, at the address that it has had from the start. */
async function theyMeet(): Promise<void> {
    const { ssh } = await outputsOf(alice);
    const names = Object.keys(addresses);
    const pairs = names.flatMap((from) => names.map((to) => [from, to] as const));
    for (const [from, to] of pairs.filter((pair) => pair[0] !== pair[1])) {
        // The first reply, and within 2 s.
        const said = await inGuest(alice, `ping -c 1 -W 2 ${to}; getent hosts ${to}`, ssh[from]);
        expect(said).toContain(`(${addresses[to] ?? ""}) 56(84) bytes of data`);
        expect(said).toContain(" 0% packet loss");
        expect(said).toMatch(new RegExp(`^${addresses[to] ?? ""} +${to} ${to}\\.lan$`, "m"));
    }
}
let addresses: Record<string, string>;

test("two stacks come up at the same time and do not meet", async () => {
    await Promise.all([alice, bob].map((stack) => stack.up({ timeoutMs: 900_000 })));
    const [ofAlice, ofBob] = [await outputsOf(alice), await outputsOf(bob)];
    expect(ofAlice.machines.node.address).not.toBe(ofBob.machines.node.address);
    expect(ofAlice.machines.node.ports).toEqual({
        "8080": `${ofAlice.machines.node.address}:8080`,
    });
    expect(await inGuest(alice, "echo alice > /root/owner; hostname", ofAlice.ssh.node)).toBe(
        "node",
    );
    expect(await inGuest(bob, "findmnt -no FSTYPE /work", ofBob.ssh.node)).toBe("ext4");
    expect(await inGuest(bob, "cat /root/owner 2>&1 || true", ofBob.ssh.node)).toContain(
        "No such file",
    );
    addresses = {
        node: ofAlice.machines.node.networkAddress,
        other: ofAlice.machines.other.networkAddress,
    };
}, 1_200_000);

test("machines of a network know each other by name, and the way out stays what it was", async () => {
    expect(addresses.node).toMatch(/^198\.18\.\d+\.\d+$/);
    expect(addresses.other).not.toBe(addresses.node);
    await theyMeet();
    const { ssh } = await outputsOf(alice);
    expect(await inGuest(alice, "ip route show default", ssh.node)).toMatch(
        /^default via 10\.0\.2\.2 dev \S+ proto dhcp[^\n]*$/,
    );
    expect(await inGuest(alice, "systemctl is-system-running --wait", ssh.node)).toBe("running");
    expect(await previewed()).toEqual({});
}, 300_000);

test("the network's switch dies: nothing else is touched, and machines that run find the next one", async () => {
    const before = running();
    await killHard(pidOf(dirOfAlice("lan-switch")));
    expect(await previewed()).toEqual({ "lan-switch": "replace" });
    await alice.up();
    await theyMeet();
    expect(running()).toEqual(before);
}, 300_000);

test("a machine that is declared later is known to those that run, in place", async () => {
    const before = running();
    alice.setConfig("local-kvm:machines", JSON.stringify([node, other, third]));
    const steps = await previewed();
    expect(steps).toMatchObject({ "node-ready": "update", "other-ready": "update" });
    expect(
        Object.keys(steps).filter((name) => !/^(third|node-ready|other-ready)/.test(name)),
    ).toEqual([]);
    await alice.up();
    const { ssh } = await outputsOf(alice);
    expect(await inGuest(alice, "getent hosts third; getent hosts other", ssh.node)).toMatch(
        new RegExp(
            `^198\\.18\\.15\\.254 +third third\\.lan\\n${addresses.other} +other other\\.lan$`,
        ),
    );
    expect(running()).toEqual(before);
}, 300_000);

const restart = (name: string) => ({
    [`${name}-machine`]: "replace",
    [`${name}-ready`]: "replace",
});
const lan = (settings: object | undefined) =>
    settings === undefined ? undefined : JSON.stringify(settings);

type Change = [string, object[], object | undefined, Record<string, string>];
const onBridge: Change = [
    "mode bridge: its machines restart, their disks are kept",
    [node, other, third].map((one) => ({ ...one, networkAddress: undefined })),
    { cidr, mode: "bridge" },
    {
        ...{ ...restart("node"), ...restart("other"), ...restart("third") },
        ...{ "lan-switch": "delete", "lan-bridge": "create", "lan-names": "create" },
    },
];
test.each<Change>([
    [
        "address: its machine restarts, its name changes in the others",
        [{ ...node, networkAddress: "198.18.0.9" }, other, third],
        { cidr },
        { ...restart("node"), "other-ready": "update", "third-ready": "update" },
    ],
    [
        "cidr: all of its machines restart",
        [node, other, third].map((one) => ({ ...one, networkAddress: undefined })),
        { cidr: "198.18.16.0/20" },
        { ...restart("node"), ...restart("other"), ...restart("third") },
    ],
    [
        "no network any more: its machines restart, their disks are kept",
        [node, other, third].map((one) => ({ ...one, networkAddress: undefined })),
        undefined,
        { ...restart("node"), ...restart("other"), ...restart("third"), "lan-switch": "delete" },
    ],
    // Only root sees what is in the way of a bridge.
    ...(process.getuid?.() === 0 ? [onBridge] : []),
])(
    "%s",
    async (_what, machines, network, steps) => {
        alice.setConfig("local-kvm:machines", JSON.stringify(machines));
        alice.setConfig("local-kvm:network", lan(network));
        expect(await previewed()).toEqual(steps);
        alice.setConfig("local-kvm:network", lan({ cidr }));
    },
    60_000,
);

test("a guest that has left all networks forgets them, and nothing else", async () => {
    const { ssh } = await outputsOf(alice);
    const left = [
        "echo 192.0.2.1 own >>/etc/hosts; export KUBEDEV_DIR=/run/none",
        script("qemu/guest-ready.sh"),
        "cat /etc/hosts; ls /etc/systemd/network",
    ].join("\n");
    const said = await inGuest(alice, left, ssh.node);
    expect(said).toContain("127.0.0.1 localhost");
    expect(said).toMatch(/^192\.0\.2\.1 own$/m);
    expect(said).not.toContain("kubedev network");
    expect(said).not.toContain("05-kubedev-lan");
}, 60_000);

test("three machines know each other: a new one, one that lost its disk at the same address, one at another", async () => {
    await killHard(pidOf(dirOfAlice("node-machine")));
    fs.rmSync(path.join(dirOfAlice("node-disk"), "disk.qcow2"));
    const moved = { ...other, memoryMib: 640, networkAddress: "198.18.0.9" };
    const late = { name: "late", memoryMib: 512, cpus: 1 };
    alice.setConfig("local-kvm:machines", JSON.stringify([node, moved, late]));
    expect(await previewed()).toMatchObject({
        "node-disk": "replace",
        "node-machine": "replace",
        "other-machine": "replace",
        "late-machine": "create",
    });
    await alice.up({ timeoutMs: 600_000 });
    const { ssh, machines } = await outputsOf(alice);
    const before = addresses["other"];
    addresses = {
        ...{ node: addresses["node"] ?? "", other: moved.networkAddress },
        late: machines["late"]?.networkAddress ?? "",
    };
    expect([machines.node, machines.other].map((one) => one.networkAddress)).toEqual([
        addresses["node"],
        addresses["other"],
    ]);
    await theyMeet();
    const own = await inGuest(alice, "ip -o -4 address; cat /etc/hosts; free -m", ssh.other);
    expect(own).toContain(" inet 198.18.0.9/20 ");
    expect(own).not.toContain(before);
    // It was started with the memory that it has now.
    expect(Number(/^Mem: +(\d+)/m.exec(own)?.[1])).toBeGreaterThan(520);
    expect(await inGuest(alice, "cat /etc/hosts", ssh.node)).not.toContain(before);
    expect(await inGuest(alice, "getent hosts third || echo none", ssh.other)).toBe("none");
    expect(await previewed()).toEqual({});
}, 600_000);

test("a second checkout of the stack has the same addresses, and nothing to do", async () => {
    const checkout = path.join(home, "checkout");
    for (const part of ["components", "scripts", "stacks", "package.json"]) {
        fs.cpSync(path.join(repoRoot, part), path.join(checkout, part), { recursive: true });
    }
    fs.symlinkSync(path.join(repoRoot, "node_modules"), path.join(checkout, "node_modules"));
    const dir = path.join(home, "second");
    fs.cpSync(alice.dir, dir, {
        recursive: true,
        filter: (file) => ![".backend", ".cache", ".state"].includes(path.basename(file)),
    });
    const second = ScratchStack.adopt(dir, {
        ...{ project: alice.project, stack: alice.stack },
        env: alice.env,
    });
    second.program(`module.exports = require("${path.join(checkout, "stacks")}");\n`);
    expect((await second.preview()).changed).toEqual([]);
    // It is that one's program that was run.
    second.setConfig("local-kvm:machines", JSON.stringify([{ name: "Node" }]));
    expect((await second.preview({ expectFailure: true })).errors.join()).toContain('got "Node"');
    expect((await outputsOf(second)).machines.node.networkAddress).toBe(addresses["node"]);
}, 120_000);

test("one stack goes, the other stays", async () => {
    const ofBob = await outputsOf(bob);
    const ended = pids("lan-switch", "node-machine", "other-machine");
    await alice.destroy();
    expect(fs.existsSync(path.join(home, "state/kubedev/kubedev", alice.stack))).toBe(false);
    expect(ended.filter(isRunning)).toEqual([]);
    expect((await bob.preview()).changed).toEqual([]);
    expect(await inGuest(bob, "hostname", ofBob.ssh.node)).toBe("node");
}, 1_200_000);

test("what clashes or is of no use is refused in a preview: addresses, numbers, settings of a bridge", async () => {
    const networkAddress = "198.18.0.9";
    const both = [node, other].map((one) => ({ ...one, networkAddress }));
    alice.setConfig("local-kvm:machines", JSON.stringify(both));
    const clash = await alice.preview({ expectFailure: true });
    expect(clash.errors.join("\n")).toContain(
        'machines.1.address: got 198.18.0.9 for "other"; expected another than that of "node": give it one, as "198.18.0.2"',
    );
    alice.setConfig(
        "local-kvm:machines",
        JSON.stringify([node, other].map((one) => ({ ...one, index: 3 }))),
    );
    const sameNumber = await alice.preview({ expectFailure: true });
    expect(sameNumber.errors.join("\n")).toMatch(
        /index: got 3, which is that of node; expected a number of its own: both would have their ports at 127\.0\.0\.1:7003 and 127\.0\.0\.1:7103/,
    );
    alice.setConfig("local-kvm:machines", JSON.stringify(both));
    alice.setConfig("local-kvm:network", lan({ bridge: "qemu0" }));
    const noBridge = await alice.preview({ expectFailure: true });
    expect(noBridge.errors.join("\n")).toContain(
        'local-kvm:network.bridge: got "qemu0" without a bridge; expected local-kvm:network.mode. Set it: pulumi config set --path local-kvm:network.mode bridge',
    );
    alice.setConfig("local-kvm:network", undefined);
    const unused = await alice.preview({ expectFailure: true });
    const got = (at: number) =>
        `local-kvm:machines[${String(at)}].networkAddress: got "198.18.0.9" without a network; expected local-kvm:network. Set it: pulumi config set local-kvm:network '{}'`;
    expect(unused.errors.join("\n")).toContain(`${got(0)}\n${got(1)}`);
}, 180_000);

test("wrong settings are all named at once, with the command that mends them", async () => {
    const wrong = [{ name: "Node", memoryMib: 1, size: 3 }];
    alice.setConfig("local-kvm:machines", JSON.stringify(wrong));
    alice.setConfig("local-kvm:machine", "x");
    const preview = await alice.preview({ expectFailure: true });
    const text = preview.errors.join("\n");
    expect(text).toContain("has 4 problems");
    expect(text).toContain('local-kvm:machines[0].name: got "Node"; expected a host name');
    expect(text).toContain(
        "local-kvm:machines[0].memoryMib: got 1; expected a whole number of MiB, 256 to 1048576",
    );
    expect(text).toContain("local-kvm:machines[0].size: no such setting");
    expect(text).toContain(
        "local-kvm:machine: no such setting; expected one of: machines, network, suite, packages",
    );
    expect(text).toContain("pulumi config set --path 'local-kvm:machines[0].memoryMib'");
}, 60_000);

test("an unknown environment is refused with the known ones", async () => {
    alice.setConfig("kubedev:environment", "nowhere");
    const preview = await alice.preview({ expectFailure: true });
    expect(preview.errors.join("\n")).toContain(
        'kubedev:environment is "nowhere"; expected one of: azure-windows, kind, local-kvm',
    );
}, 60_000);
