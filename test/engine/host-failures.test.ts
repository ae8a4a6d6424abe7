/** What the host layer says and leaves behind when something is wrong: input, services, hosts, the machine itself. */
import { execFileSync } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import { library, repoRoot, ScratchStack, StepsResult } from "../support/engine";
import { dirOf, filesBelow, isRunning, markedBy, pidOf } from "../support/host-state";
import { sshdMissing, startSshd } from "../support/sshd";

jest.setTimeout(300_000);

const imports = `
import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};
const at = (name: string) => path.join(__dirname, "made", name);
`;
let stack: ScratchStack;
afterEach(async () => {
    await stack.dispose();
});
/** What a failing run says of all that failed: the engine would start nothing more after the first failure. */
const failure = async (verb: "preview" | "up" | "destroy") => {
    const args = verb === "preview" ? [] : ["--continue-on-error"];
    return (await stack[verb]({ expectFailure: true, args })).errors.join("\n");
};
/** The operations, without those of the components, which only hold the arguments. */
const things = (result: StepsResult) =>
    Object.fromEntries(Object.entries(result.ops()).filter(([name]) => name.includes("-")));
const made = () => filesBelow(path.join(stack.dir, "made"));

test("bad input stops a preview: every problem, also of what is an output, and no stack trace", async () => {
    stack = await ScratchStack.create({
        program: `${imports}
new kubedev.HostFile("f", { path: "relative", content: "x", mode: "rw" });
`,
    });
    expect(await failure("preview")).toContain(
        [
            "HostFile f: 2 invalid arguments",
            '  path: got "relative"; expected an absolute path of a file',
            '  mode: got "rw"; expected octal permissions, as "0644"',
        ].join("\n"),
    );
    stack.program(`${imports}
new kubedev.HostCommand("c", { create: "true", workingDirectory: pulumi.output("relative") });
`);
    expect(await failure("preview")).toContain(
        'HostCommand c: 1 invalid argument\n  workingDirectory: got "relative"; expected an absolute path',
    );
    stack.program(`${imports}
const host = pulumi.output({ ssh: { address: "127.0.0.1" } });
new kubedev.HostService("s", { host, command: ["true"] });
`);
    expect(await failure("preview")).toContain(
        'host.ssh: got {"address":"127.0.0.1"}; expected either hostKey or knownHostsPath',
    );
    stack.program(`${imports}
const parent = (name: string) => new pulumi.ComponentResource("x:y:Z", name);
new kubedev.HostFile("twice", { path: at("a"), content: "" }, { parent: parent("a") });
new kubedev.HostFile("twice", { path: at("b"), content: "" }, { parent: parent("b") });
`);
    // The engine sees it too, and on a busy machine may be the first to say so.
    expect(await failure("preview")).toMatch(
        /two things of this stack are called "twice-file"|Duplicate resource URN .*::twice'/,
    );
});

test("services that do not come up: what they said, and nothing left but their logs", async () => {
    stack = await ScratchStack.create({
        program: `${imports}
const detached = kubedev.Supervisor.Detached;
const one = new kubedev.HostFile("one", { path: at("one"), content: "" });
new kubedev.HostService("dies", { command: ["sh", "-c", "echo no such option; exit 2"], supervisor: detached });
new kubedev.HostService("sick", {
    command: ["sh", "-c", "echo listening nowhere; exec sleep 1000"],
    healthCheck: { tcpAddress: "127.0.0.1:9", timeoutSec: 2 },
    supervisor: detached,
});
new kubedev.HostService("missing", { command: ["no-such-program"], supervisor: detached });
`,
    });
    const said = await failure("up");
    // Whichever look finds it first.
    expect(said).toMatch(
        /no such option\nkubedev: the service ended (at once, before it was healthy|just after it was started)/,
    );
    expect(said).toContain("listening nowhere\nkubedev: the service was not healthy after 2 s");
    expect(said).toContain("no-such-program: not found");
    for (const name of ["dies", "sick", "missing"]) {
        const dir = dirOf(stack, `${name}-service`);
        expect(markedBy(dir)).toEqual([]);
        expect(said).toContain(`last lines of ${path.join(dir, "log")}`);
        expect(fs.existsSync(path.join(dir, "log"))).toBe(true);
    }
    await stack.destroy();
    expect(filesBelow(stack.stateHome)).toEqual([]);
});

test("a file that is there already, a directory that is not", async () => {
    stack = await ScratchStack.create({
        program: `${imports}
new kubedev.HostFile("f", { path: at("f"), content: "theirs" });
new kubedev.HostCommand("c", { create: "true", workingDirectory: at("nowhere") });
new kubedev.HostArtifact("a", { url: "file://" + __filename, sha256: "0".repeat(64) });
new kubedev.HostArtifact("b", { sourcePath: at("nothing") });
`,
    });
    stack.write("made/f", "mine");
    // What is known before anything is touched is said then.
    expect(await failure("preview")).toMatch(
        /HostArtifact b: 1 invalid argument\n {2}sourcePath: got \S+nothing; expected a readable file \(Error: ENOENT/,
    );
    stack.write("made/nothing", "something");
    const said = await failure("up");
    expect(said).toContain("made/f is there already and was not made by kubedev; remove it");
    expect(said).toContain("made/nowhere cannot be entered; expected a directory on the host");
    expect(said).toMatch(
        /wrong digest of file:\/\/\S+index.ts: got sha256 [0-9a-f]{64}; expected 0{64}/,
    );
    expect(made()).toEqual(["f", "nothing"]);
    expect(fs.readFileSync(path.join(stack.dir, "made/f"), "utf8")).toBe("mine");
});

test("preflight: all that is missing, in the preview, before anything is made", async () => {
    const components = path.join(repoRoot, "components/host/preflight");
    stack = await ScratchStack.create({
        program: `${imports}
import { preflight } from ${JSON.stringify(components)};
const strict = fs.existsSync(path.join(__dirname, "strict"));
const host = preflight({}, {
    tools: [
        { program: "sh", package: "dash" },
        { program: "bash", package: "bash", minVersion: strict ? "99.1" : "3.0" },
        ...(strict ? [{ program: "no-such-tool", package: "no-such-package" }] : []),
    ],
    spaces: [{ path: at("not/yet"), freeMib: strict ? 1e9 : 1 }, { path: "~/x", freeMib: 1 }],
    commands: [{ what: "luck", command: strict ? "echo none; exit 1" : "true", expected: "some", fix: "try again" }],
});
new kubedev.HostFile("f", { host, path: at("f"), content: "x" });
`,
    });
    stack.write("strict", "");
    const said = await failure("preview");
    expect(said).toContain("this machine lacks what is needed:");
    expect(said).toMatch(/ {2}bash: got \d+\.\d+\.\d+; expected 99\.1 or later/);
    expect(said).toContain("  no-such-tool: got nothing; expected it to be there");
    expect(said).toMatch(/ {2}install.* bash no-such-package/);
    expect(said).toMatch(/ {2}free space at \S+not\/yet: got \d+ MiB; expected 1000000000 MiB/);
    expect(said).toContain("  luck: got none; expected some; try again");
    await stack.up({ expectFailure: true });
    expect(made()).toEqual([]);
    fs.rmSync(path.join(stack.dir, "strict"));
    await stack.up();
    expect(made()).toEqual(["f"]);
    expect((await stack.preview()).ops()).toEqual({});
});

test("a machine without QEMU: a preview names all that is missing, at once", async () => {
    stack = await ScratchStack.create({
        program: `${imports}
const image = new kubedev.BaseImage("debian", {});
new kubedev.VirtualMachine("vm", { baseImage: image.files });
`,
    });
    const bin = path.join(stack.dir, "bin");
    fs.mkdirSync(bin);
    for (const dir of (stack.env.PATH ?? "").split(":").filter((d) => fs.existsSync(d))) {
        for (const program of fs.readdirSync(dir).filter((p) => !/^(qemu-.*|socat)$/.test(p))) {
            fs.rmSync(path.join(bin, program), { force: true });
            fs.symlinkSync(path.join(dir, program), path.join(bin, program));
        }
    }
    const begun = Date.now();
    const { errors } = await stack.preview({ expectFailure: true, env: { PATH: bin } });
    // Behind a machine many promises wait: see components/internal/errors.ts.
    expect(Date.now() - begun).toBeLessThan(45_000);
    expect(errors.join("\n")).toMatch(
        new RegExp(
            [
                "^this machine lacks what is needed:",
                "  qemu-system-x86_64: got nothing; expected 6.2 or later",
                "  qemu-img: got nothing; expected it to be there",
                "  socat: got nothing; expected it to be there",
                "  install: (sudo )?apt-get install qemu-system-x86 qemu-utils socat$",
            ].join("\n"),
            "m",
        ),
    );
});

(sshdMissing === undefined ? describe : describe.skip)(
    `hosts${sshdMissing === undefined ? "" : `: ${sshdMissing}`}`,
    () => {
        const program = `${imports}
const ssh = JSON.parse(fs.readFileSync(path.join(__dirname, "ssh.json"), "utf8"));
const content = fs.readFileSync(path.join(__dirname, "content"), "utf8");
new kubedev.HostFile("f", { host: { ssh }, path: at("f"), content });
new kubedev.HostService("s", {
    host: { ssh }, command: ["sleep", "1000"], supervisor: kubedev.Supervisor.Detached,
});
`;

        test("one that is away: a preview warns and waits for nothing, a change fails, the rest is kept", async () => {
            stack = await ScratchStack.create({ program });
            const config = `SetEnv "XDG_STATE_HOME=${path.join(stack.dir, "remote")}"`;
            const sshd = await startSshd({ config });
            const login = {
                address: sshd.address,
                port: sshd.port,
                user: sshd.user,
                privateKeyPath: path.join(stack.dir, "key"),
                hostKey: sshd.hostKey,
            };
            stack.write("key", sshd.privateKey);
            fs.chmodSync(login.privateKeyPath, 0o600);
            stack.write("ssh.json", JSON.stringify(login));
            stack.write("content", "one");
            await stack.up();
            const pid = pidOf(dirOf(stack, "s-service", path.join(stack.dir, "remote")));
            const key = sshd.publicKey;

            // Another one answers with another key: no login, no change, a warning.
            const wrong = { ...login, hostKey: key.split(" ").slice(0, 2).join(" ") };
            stack.write("ssh.json", JSON.stringify(wrong));
            const warned = await stack.preview();
            expect(warned.warnings.join()).toMatch(
                /does not answer \(Host key verification failed\.\): what is on it is taken as it was last seen/,
            );
            stack.write("content", "two");
            const refused = await failure("up");
            expect(refused).toContain(
                `${sshd.user}@${sshd.address} port ${String(sshd.port)} has another host key than the expected one`,
            );
            expect(fs.readFileSync(path.join(stack.dir, "made/f"), "utf8")).toBe("one");
            stack.write("ssh.json", JSON.stringify(login));
            stack.write("content", "one");

            // A server that accepts and is silent, where sshd was.
            await sshd.stop();
            const callers: net.Socket[] = [];
            const silent = net.createServer((caller) => callers.push(caller));
            await new Promise<void>((resolve) => silent.listen(login.port, login.address, resolve));
            const begun = Date.now();
            const previewed = await stack.preview();
            expect(Date.now() - begun).toBeLessThan(60_000);
            expect(things(previewed)).toEqual({});
            expect(previewed.warnings.join()).toContain(
                "what is on it is taken as it was last seen",
            );
            callers.forEach((caller) => caller.destroy());
            await new Promise((resolve) => silent.close(resolve));

            // It is not ours: what is on it must not be forgotten.
            const kept = await failure("destroy");
            expect(kept).toContain("does not answer (tried for 30 s");
            expect((await stack.exportState()).deployment.resources?.length).toBeGreaterThan(3);
            expect(isRunning(pid)).toBe(true);

            const again = await startSshd({ port: login.port, config });
            stack.write("ssh.json", JSON.stringify({ ...login, hostKey: again.hostKey }));
            stack.write("key", again.privateKey);
            // The new host key is a change in place; after it all is as before.
            expect(things(await stack.up())).toEqual({
                "f-file": "update",
                "s-service": "update",
            });
            expect((await stack.preview()).ops()).toEqual({});
            await stack.destroy();
            expect(isRunning(pid)).toBe(false);
            expect(made()).toEqual([]);
            expect(filesBelow(stack.stateHome)).toEqual([]);
            await again.stop();
        });

        test("one that is unknown in the preview, and one that others make", async () => {
            const sshd = await startSshd();
            stack = await ScratchStack.create({
                program: `${imports}
const ssh = JSON.parse(fs.readFileSync(path.join(__dirname, "ssh.json"), "utf8"));
// Its port comes out of a command.
const port = new kubedev.HostCommand("port", { create: "echo " + ssh.port });
const host = { ssh: { ...ssh, port: port.stdout.apply(Number) } };
const file = new kubedev.HostFile("f", { host, path: at("f"), content: "x" });
new kubedev.HostCommand("c", { host, create: "cat " + at("f"), parentIds: [file.instanceId] });
`,
            });
            stack.write(
                "ssh.json",
                JSON.stringify({
                    address: sshd.address,
                    port: sshd.port,
                    user: sshd.user,
                    privateKeyPath: sshd.privateKeyPath,
                    knownHostsPath: sshd.knownHostsPath,
                }),
            );
            expect(Object.values((await stack.preview()).ops())).not.toContain("replace");
            await stack.up();
            expect(made()).toEqual(["f"]);
            expect((await stack.preview()).ops()).toEqual({});
            await stack.destroy();
            expect(made()).toEqual([]);
            const home = execFileSync("sh", ["-c", 'echo "$HOME"'], { encoding: "utf8" }).trim();
            expect(
                fs.existsSync(path.join(home, ".local/state/kubedev", stack.project, stack.stack)),
            ).toBe(false);
            await sshd.stop();
        });
    },
);
