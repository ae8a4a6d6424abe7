/** The environment `local-kvm` as a developer has it: two stacks side by side on one machine. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { inGuest, imageCache } from "../support/local-kvm";

const program = `module.exports = require("${path.join(repoRoot, "stacks")}");\n`;
const machines = JSON.stringify([{ name: "node", memoryMib: 512, cpus: 1, ports: [8080] }]);

let home: string;
let alice: ScratchStack;
let bob: ScratchStack;

beforeAll(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), "kubedev-home-"));
    [alice, bob] = (await Promise.all(["alice", "bob"].map(developer))) as [
        ScratchStack,
        ScratchStack,
    ];
}, 60_000);

afterAll(async () => {
    await Promise.all([alice.dispose(), bob.dispose()]);
    fs.rmSync(home, { recursive: true, force: true });
}, 300_000);

function developer(stack: string): Promise<ScratchStack> {
    return ScratchStack.create({
        program,
        project: "kubedev",
        // The address of a machine is derived from these names: not those of somebody who works here.
        stack: `${stack}-${String(process.pid)}`,
        env: { ...imageCache(), XDG_STATE_HOME: path.join(home, "state") },
        config: { "local-kvm:machines": machines },
    });
}

interface Outputs {
    ssh: { node: string };
    machines: { node: { address: string; ports: Record<string, string>; mac: string } };
}

async function outputsOf(stack: ScratchStack): Promise<Outputs> {
    return (await stack.outputs()) as unknown as Outputs;
}

test("two stacks come up at the same time and do not meet; one goes, the other stays", async () => {
    await Promise.all([alice, bob].map((stack) => stack.up({ timeoutMs: 900_000 })));
    const [ofAlice, ofBob] = [await outputsOf(alice), await outputsOf(bob)];
    expect(ofAlice.machines.node.address).not.toBe(ofBob.machines.node.address);
    expect(ofAlice.machines.node.ports).toEqual({
        "8080": `${ofAlice.machines.node.address}:8080`,
    });
    expect(await inGuest(alice, "echo alice > /root/owner; hostname", ofAlice.ssh.node)).toBe(
        "node",
    );
    expect(await inGuest(bob, "cat /root/owner 2>&1 || true", ofBob.ssh.node)).toContain(
        "No such file",
    );

    await alice.destroy();
    expect(fs.existsSync(path.join(home, "state/kubedev/kubedev", alice.stack))).toBe(false);
    expect((await bob.preview()).changed).toEqual([]);
    expect(await inGuest(bob, "hostname", ofBob.ssh.node)).toBe("node");
}, 1_200_000);

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
        "local-kvm:machine: no such setting; expected one of: machines, suite, packages",
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
