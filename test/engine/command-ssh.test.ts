/** remote.Command and remote.CopyToRemote against real sshd servers on loopback. */
import { execFileSync, spawn } from "child_process";
import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import { PreviewResult, ScratchStack, StackState, UpResult } from "../support/engine";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";
import { differs, isDropIn, program, takeNotes } from "./command-support";

const text = program(`
const s = JSON.parse(process.env.SERVERS!);
const second = process.env.ROUND === "2";
const first = !second;
const base = { dialErrorLimit: 0, perDialTimeout: 5 };
const main = { ...base, ...s.main };
const cmd = (name: string, args: any, opts?: pulumi.CustomResourceOptions) =>
    new remote.Command(name, { connection: main, ...args }, opts);
const previous = "P=\${PULUMI_COMMAND_STDOUT-none}";

cmd("plain", {
    create: note("create plain " + previous) + "; echo out; echo err >&2",
    update: note("update plain " + previous) + "; echo out-2",
    delete: note("delete plain " + previous + (first ? " 1" : " 2")),
    environment: { KD_A: first ? "a b" : "c" },
});
cmd("env", { create: 'printf %s "$KD_A"; cat', environment: { KD_A: "a b" }, stdin: "-stdin" });
cmd("connection", {
    create: note("create connection"), update: note("update connection"),
    connection: { ...main, perDialTimeout: first ? 5 : 6 },
});
cmd("trigger", {
    create: note("create trigger"), update: note("update trigger"), delete: note("delete trigger"),
    triggers: [{ n: first ? 1 : 2 }],
}, { deleteBeforeReplace: true });
cmd("any-host-key", { create: "echo ok", connection: { ...main, hostKey: undefined } });
cmd("encrypted-key", { create: "echo ok", connection: { ...main, ...s.encrypted } });
cmd("agent", { create: "echo ok", connection: { ...main, privateKey: undefined, ...s.agent } });
cmd("through-proxy", {
    create: 'echo "$SSH_CONNECTION"',
    connection: { ...main, proxy: { ...base, ...s.proxy } },
});
cmd("defaults", { create: "true", connection: { ...main, dialErrorLimit: undefined, user: undefined } });

const copy = (name: string, source: any, remotePath: string, connection: any = main) =>
    new remote.CopyToRemote(name, { connection, source, remotePath: s.dest + "/" + remotePath });
const asset = pulumi.asset;
const src = __dirname + "/src";
copy("copy-file", new asset.FileAsset(src + "/a.txt"), "new/dir/file.txt");
copy("copy-file-into", new asset.FileAsset(src + "/a.txt"), "exists");
copy("copy-text", new asset.StringAsset(first ? "text 1" : "text 2"), "text.txt");
copy("copy-tree", new asset.FileArchive(src), "tree");
copy("copy-content", new asset.FileArchive(src + "/"), "content");
copy("copy-same", new asset.StringAsset("same"), "same.txt",
    { ...main, perDialTimeout: first ? 5 : 6 });

if (process.env.FAILING) {
    cmd("wrong-host-key", { create: note("never"), connection: { ...main, hostKey: s.proxy.hostKey } });
    cmd("refused-env", { create: note("never"), environment: { OTHER: "x" } });
    cmd("dial-limit", { create: "true", connection: { ...main, ...s.counting, dialErrorLimit: 2 } });
    cmd("exit", { create: "echo before; echo why >&2; exit 9" });
    copy("copy-onto-dir", new asset.StringAsset("x"), "exists");
    new remote.Command("signal", { connection: main, create: "kill -9 $$" });
    ${
        isDropIn
            ? `
    cmd("silent", { create: "true", connection: { ...main, ...s.silent, perDialTimeout: 1 } });
    cmd("slow", { create: "while echo looping; do sleep 0.1; done", logging: "none" },
        { customTimeouts: { create: "1s" } });
    `
            : ""
    }
}
if (process.env.BAD_SOURCE) {
    copy("bad", new asset.AssetArchive({ a: new asset.StringAsset("x") }), "bad");
}
`);

(sshdMissing === undefined ? describe : describe.skip)(`over ssh ${sshdMissing ?? ""}`, () => {
    let server: Sshd;
    let proxy: Sshd;
    let stack: ScratchStack;
    let dials = 0;
    const cleanUps: (() => unknown)[] = [];
    let up: UpResult;
    let state: StackState;
    let created: string[];
    let preview2: PreviewResult;
    let changed: string[];
    let failed: UpResult;
    let dest: string;
    let afterRound1: string[];

    const connection = (s: Sshd) => ({
        host: s.address,
        port: s.port,
        user: s.user,
        privateKey: s.privateKey,
        hostKey: s.hostKey,
    });
    const of = (name: string) =>
        state.deployment.resources?.find((r) => r.urn.endsWith(`::${name}`));
    const about = (notes: string[], name: string) => notes.filter((n) => n.split(" ")[1] === name);
    const read = (name: string) => fs.readFileSync(path.join(dest, name), "utf8");

    async function fake(onConnection: (s: net.Socket) => void): Promise<{ port: number }> {
        const f = net.createServer(onConnection);
        cleanUps.push(() => f.close());
        await new Promise<void>((r) => f.listen(0, "127.0.0.1", r));
        const bound = f.address();
        return { port: typeof bound === "object" && bound ? bound.port : 0 };
    }

    beforeAll(async () => {
        server = await startSshd({ acceptEnv: ["KD_*", "PULUMI_COMMAND_*"] });
        cleanUps.push(() => server.stop());
        proxy = await startSshd({ address: "127.0.0.2" });
        cleanUps.push(() => proxy.stop());
        stack = await ScratchStack.create({ program: text });
        cleanUps.push(() => stack.dispose());
        dest = path.join(stack.dir, "dest");
        fs.mkdirSync(path.join(dest, "exists"), { recursive: true });
        stack.write("src/a.txt", "a\n");
        stack.write("src/sub/b.txt", "b\n");

        const encrypted = path.join(stack.dir, "encrypted");
        fs.copyFileSync(server.privateKeyPath, encrypted);
        fs.chmodSync(encrypted, 0o600);
        execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "pass-phrase", "-f", encrypted]);
        const agentSocketPath = path.join(stack.dir, "agent");
        const agent = spawn("ssh-agent", ["-D", "-a", agentSocketPath], { stdio: "ignore" });
        cleanUps.push(() => agent.kill());
        while (!fs.existsSync(agentSocketPath)) {
            await new Promise((r) => setTimeout(r, 20));
        }
        const env = { ...process.env, SSH_AUTH_SOCK: agentSocketPath };
        execFileSync("ssh-add", ["-q", server.privateKeyPath], { env, stdio: "ignore" });

        const SERVERS = JSON.stringify({
            dest,
            main: connection(server),
            proxy: connection(proxy),
            encrypted: {
                privateKey: fs.readFileSync(encrypted, "utf8"),
                privateKeyPassword: "pass-phrase",
            },
            agent: { agentSocketPath },
            counting: await fake((s) => {
                dials++;
                s.destroy();
            }),
            silent: await fake((s) => s.on("error", () => undefined)),
        });
        up = await stack.up({ env: { SERVERS } });
        created = takeNotes(stack);
        state = await stack.exportState();
        afterRound1 = fs.readdirSync(dest, { recursive: true, encoding: "utf8" }).sort();
        fs.rmSync(path.join(dest, "same.txt"));
        preview2 = await stack.preview({ env: { SERVERS, ROUND: "2" } });
        failed = await stack.up({
            env: { SERVERS, ROUND: "2", FAILING: "1" },
            args: ["--continue-on-error"],
            expectFailure: true,
        });
        changed = takeNotes(stack);
        stack.env.SERVERS = SERVERS;
    });
    afterAll(async () => {
        for (const cleanUp of cleanUps.reverse()) {
            await cleanUp();
        }
    });

    test("a command runs and stores both streams", () => {
        expect(created).toContain("create plain P=none");
        expect(of("plain")?.outputs).toMatchObject({ stdout: "out", stderr: "err" });
    });

    test("environment that the server accepts and stdin arrive", () => {
        expect(of("env")?.outputs?.stdout).toBe("a b-stdin");
    });

    test("Check writes the defaults of a connection into the inputs", () => {
        // The connection is a secret: only its effect is seen here.
        expect(up.step("defaults").status).toBe("done");
        expect(JSON.stringify(of("plain")?.inputs?.connection)).toContain("ciphertext");
    });

    test("without a host key any is taken; a passphrase, an agent and one proxy work", () => {
        for (const name of ["any-host-key", "encrypted-key", "agent"]) {
            expect(of(name)?.outputs?.stdout).toBe("ok");
        }
        expect(of("through-proxy")?.outputs?.stdout).toMatch(new RegExp(` ${server.port}$`));
        expect(proxy.log()).toMatch(/direct-tcpip/);
    });

    test("keys and passphrases are not in the state in clear", () => {
        const secret = server.privateKey.split("\n")[1] ?? "";
        expect(secret.length).toBeGreaterThan(20);
        const everywhere = stack.rawState() + up.printed + failed.printed;
        for (const hidden of [secret, "pass-phrase", server.hostKey.split(" ")[1] ?? ""]) {
            expect(everywhere.includes(hidden)).toBe(false);
        }
    });

    test("changes are updates, a change of the connection too, and triggers replace", () => {
        const ops = preview2.ops();
        expect(ops).toMatchObject({ plain: "update", connection: "update", trigger: "replace" });
        expect(ops.env).toBeUndefined();
        expect(about(changed, "plain")).toEqual(["update plain P=out"]);
        expect(about(changed, "connection")).toEqual(["update connection"]);
        expect(about(changed, "trigger")).toEqual(["delete trigger", "create trigger"]);
    });

    test("a wrong host key is refused before anything runs", () => {
        expect(failed.step("wrong-host-key").status).toBe("failed");
        expect(failed.errors.join()).toMatch(/host key/);
        expect(changed).not.toContain("never");
    });

    test("environment that the server refuses fails the command", () => {
        expect(failed.step("refused-env").status).toBe("failed");
        expect(failed.errors.join()).toMatch(/OTHER[^]*AcceptEnv/);
    });

    test("dialErrorLimit forgives that many errors: one attempt more", () => {
        expect(failed.step("dial-limit").status).toBe("failed");
        expect(dials).toBe(3);
    });

    test("a failing command says its status and output", () => {
        expect(failed.errors.join()).toMatch(/status 9[^]*before[^]*why/);
        expect(failed.step("signal").status).toBe("failed");
        expect(failed.errors.join()).toMatch(/signal KILL/);
    });

    differs("silent server", "perDialTimeout covers the ssh handshake", () => {
        expect(failed.step("silent").status).toBe("failed");
        expect(failed.errors.join()).toMatch(/handshake/);
    });

    differs("remote timeout", "customTimeouts ends a remote command", () => {
        expect(failed.step("slow").status).toBe("failed");
        expect(failed.errors.find((e) => e.includes("looping"))).toMatch(/timed out after/);
    });

    test("a file, a text, a tree and its content are copied to where the rules say", () => {
        expect(afterRound1).toEqual([
            "content",
            "content/a.txt",
            "content/sub",
            "content/sub/b.txt",
            "exists",
            "exists/a.txt",
            "new",
            "new/dir",
            "new/dir/file.txt",
            "same.txt",
            "text.txt",
            "tree",
            "tree/src",
            "tree/src/a.txt",
            "tree/src/sub",
            "tree/src/sub/b.txt",
        ]);
        expect(read("new/dir/file.txt")).toBe("a\n");
    });

    test("changed content is copied again, a changed connection alone is not", () => {
        expect(preview2.ops()).toMatchObject({ "copy-text": "update", "copy-same": "update" });
        expect(read("text.txt")).toBe("text 2");
        expect(fs.existsSync(path.join(dest, "same.txt"))).toBe(false);
    });

    test("a text cannot be copied onto a directory", () => {
        expect(failed.step("copy-onto-dir").status).toBe("failed");
        expect(failed.errors.join()).toMatch(/is a directory/);
    });

    test("an archive that is no path is refused in the preview", async () => {
        const bad = await stack.preview({ env: { BAD_SOURCE: "1" }, expectFailure: true });
        expect(bad.errors.join()).toMatch(/'bad'[^]*archive/);
    });

    test("destroy runs the delete of the last update and never removes copied files", async () => {
        await stack.destroy();
        expect(about(takeNotes(stack), "plain")).toEqual(["delete plain P=out-2 2"]);
        expect(read("new/dir/file.txt")).toBe("a\n");
    });
});
