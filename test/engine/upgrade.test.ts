/**
 * A stack made by an earlier commit is brought up to date by the present one: nothing is replaced, nothing restarts.
 * The earlier library is kept in test/support/upgrade (make-baseline.sh takes another one).
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";
import { unpackBaseline } from "../support/upgrade/baseline";

/** Every component, as far as it needs no guest that boots: the machine is declared as stopped. */
const program = (from: string, ssh?: object) => `
import * as path from "node:path";
import * as kubedev from ${JSON.stringify(from)};

const at = (name: string) => path.join(__dirname, "made", name);
const file = new kubedev.HostFile("file", { path: at("file.txt"), content: "kept\\n" });
const artifact = new kubedev.HostArtifact("artifact", {
    sourcePath: path.join(__dirname, "index.ts.source"),
    path: at("artifact"),
});
const command = new kubedev.HostCommand("command", {
    create: 'date +%s.%N >"$TARGET"; echo made',
    update: "true",
    delete: 'rm -f "$TARGET"',
    triggers: { file: file.sha256 },
    environment: { TARGET: at("command.txt") },
    parentIds: [file.instanceId],
});
const service = new kubedev.HostService("service", {
    command: ["sleep", "600"],
    restartOn: { file: file.sha256 },
    healthCheck: { command: 'kill -0 "$KUBEDEV_PID"' },
    supervisor: kubedev.Supervisor.Detached,
});
const key = new kubedev.SshKeyPair("key", {});
const image = new kubedev.BaseImage("image", {
    disk: { path: path.join(__dirname, "disk.qcow2") },
});
const machine = new kubedev.VirtualMachine("machine", {
    baseImage: image.files,
    loginKey: key.files,
    memoryMib: 512,
    running: false,
});

${ssh === undefined ? "" : remotePart(ssh)}
export const pid = service.pid;
export const publicKey = key.publicKey;
export const commandStamp = at("command.txt");
export const machineMac = machine.mac;
export const machineAddress = machine.address;
export const machineId = machine.instanceId;
export const artifactId = artifact.instanceId;
export const commandId = command.instanceId;
`;

const remotePart = (ssh: object) => `
const host = { ssh: ${JSON.stringify(ssh)} };
const remoteFile = new kubedev.HostFile("remote-file", {
    host,
    path: path.join(__dirname, "made-there", "remote.txt"),
    content: "kept there\\n",
});
const remoteService = new kubedev.HostService("remote-service", {
    host,
    command: ["sleep", "601"],
    parentIds: [remoteFile.instanceId],
    supervisor: kubedev.Supervisor.Detached,
});
export const remotePid = remoteService.pid;
`;

let stack: ScratchStack;
let server: Sshd | undefined;

beforeAll(async () => {
    stack = await ScratchStack.create({ program: "", project: "upgrade" });
    stack.write("index.ts.source", "a file\n");
    const disk = path.join(stack.dir, "disk.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "64M"]);
    if (sshdMissing === undefined) {
        // What is kept on the host goes into the scratch directory, not into the user's home.
        const state = path.join(stack.dir, ".remote-state");
        server = await startSshd({ config: `SetEnv XDG_STATE_HOME=${state}` });
    }
}, 60_000);

afterAll(async () => {
    await stack.dispose();
    await server?.stop();
}, 120_000);

const without = sshdMissing === undefined ? "" : ` (nothing over ssh: ${sshdMissing})`;
test(`the stack of an earlier commit is upgraded with zero replacements${without}`, async () => {
    const baseline = unpackBaseline(path.join(stack.dir, "baseline"));
    const ssh = server && {
        address: server.address,
        port: server.port,
        user: server.user,
        privateKeyPath: server.privateKeyPath,
        hostKey: server.hostKey,
    };
    stack.program(program(baseline.library, ssh));
    await stack.up();
    const before = await stack.outputs();
    const stamp = fs.readFileSync(String(before.commandStamp), "utf8");
    expect((await stack.preview()).ops()).toEqual({});

    stack.program(program(library, ssh));
    const preview = await stack.preview();
    // New script text is an update in place; anything else would be lost work for a user.
    expect(notUpdates(preview.ops())).toEqual({});

    const up = await stack.up();
    expect(notUpdates(up.ops())).toEqual({});
    expect(await stack.outputs()).toEqual(before);
    expect(fs.readFileSync(String(before.commandStamp), "utf8")).toBe(stamp);
    for (const pid of server ? [before.pid, before.remotePid] : [before.pid]) {
        expect(fs.readFileSync(`/proc/${Number(pid)}/cmdline`, "utf8")).toContain("sleep");
    }
    expect((await stack.preview()).ops()).toEqual({});

    await stack.destroy();
    expect(fs.readdirSync(stack.dir).filter((name) => name.startsWith("made"))).toEqual([]);
}, 300_000);

function notUpdates(ops: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(ops).filter(([, op]) => op !== "update"));
}
