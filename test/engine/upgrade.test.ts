/**
 * Stacks made by earlier versions are brought up to date by the present one: nothing is replaced, nothing restarts. The
 * earlier libraries are kept in test/support/upgrade (make-baseline.sh keeps another one). Then what a user may do
 * with such a stack: move something below another component, and use it with what a newer version has changed.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";
import { baselines, unpackBaseline } from "../support/upgrade/baseline";
import { notUpdates } from "../support/upgrade/without-loss";

/** Every component, as far as it needs no guest that boots: the machine is declared as stopped. */
const program = (from: string, more = "") => `
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
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

${more}
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

/** What came after the first of them. */
const laterPart = `
const data = new kubedev.MachineDisk("data", { sizeGib: 1 });
const lan = new kubedev.MachineNetwork("lan", { machines: [{ name: "joined" }] });
const joined = new kubedev.VirtualMachine("joined", {
    baseImage: image.files,
    memoryMib: 512,
    running: false,
    networks: [lan.network],
    disks: [{ disk: data.disk, mountPath: "/data" }],
});
export const dataPath = data.path;
export const addresses = lan.addresses;
export const joinedMac = joined.mac;
export const joinedId = joined.instanceId;
`;

/** The same file, below a component of the user's. */
const moved = (text: string) =>
    text.replace(
        /const file = new kubedev.HostFile\((.*?)\);/s,
        `class Mine extends pulumi.ComponentResource {
    readonly file: kubedev.HostFile;
    constructor(name: string) {
        super("mine:index:Mine", name);
        const opts = { parent: this, aliases: [{ parent: pulumi.rootStackResource }] };
        this.file = new kubedev.HostFile($1, opts);
    }
}
const { file } = new Mine("mine");`,
    );

let stack: ScratchStack;
let server: Sshd | undefined;

beforeEach(async () => {
    stack = await ScratchStack.create({ program: "", project: "upgrade" });
    stack.write("index.ts.source", "a file\n");
    const disk = path.join(stack.dir, "disk.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "64M"]);
}, 60_000);

afterEach(async () => {
    await stack.dispose();
    await server?.stop();
    server = undefined;
}, 120_000);

/** What is kept on the host goes into the scratch directory, not into the user's home. */
async function overSsh(): Promise<string> {
    if (sshdMissing !== undefined) {
        return "";
    }
    const state = path.join(stack.dir, ".remote-state");
    server = await startSshd({ config: `SetEnv XDG_STATE_HOME=${state}` });
    const { address, port, user, privateKeyPath, hostKey } = server;
    return remotePart({ address, port, user, privateKeyPath, hostKey });
}

const without = sshdMissing === undefined ? "" : ` (nothing over ssh: ${sshdMissing})`;
test.each(baselines())(
    `the stack of an earlier version is upgraded with zero replacements: %s${without}`,
    async (version) => {
        const baseline = unpackBaseline(version, path.join(stack.dir, "baseline"));
        const more = version === "first" ? await overSsh() : laterPart;
        stack.program(program(baseline.library, more));
        await stack.up();
        const before = await stack.outputs();
        const stamp = fs.readFileSync(String(before.commandStamp), "utf8");
        expect((await stack.preview()).ops()).toEqual({});

        stack.program(program(library, more));
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

        if (version !== "first") {
            await movesBelowAnother(program(library, more));
            await refusesWhatIsNewer();
        }
        await stack.destroy();
        expect(fs.readdirSync(stack.dir).filter((name) => name.startsWith("made"))).toEqual([]);
    },
    300_000,
);

/** An alias keeps the place in the state, and the thing on the host. */
async function movesBelowAnother(text: string): Promise<void> {
    const before = await stack.outputs();
    stack.program(moved(text));
    expect((await stack.up()).ops()).toEqual({ mine: "create" });
    expect(await stack.outputs()).toEqual(before);
}

/** As a later version would leave it. */
async function refusesWhatIsNewer(): Promise<void> {
    const record = path.join(stack.stateHome, "kubedev/upgrade/test/file-file/record");
    const text = fs.readFileSync(record, "utf8");
    fs.writeFileSync(record, `${text}fact.format=2\n`);
    const refused = await stack.preview({ expectFailure: true });
    expect(refused.errors.join("\n")).toContain(
        "file-file: got it in format 2, as a newer version of kubedev has made it; expected 1 at most. Nothing was changed.",
    );
    fs.writeFileSync(record, text);
    expect((await stack.preview()).ops()).toEqual({});
}
