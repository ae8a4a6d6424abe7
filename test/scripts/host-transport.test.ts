/** scripts/host/transport.sh against a real sshd: what arrives over there, what is said when nothing does. */
import { spawn } from "child_process";
import { randomUUID } from "crypto";
import * as fs from "fs";
import * as net from "net";
import * as path from "path";
import { Ssh } from "../../components/host/host";
import { hostName, sshArgv } from "../../components/host/ssh-argv";
import { script } from "../../components/internal/scripts";
import { isRunning, until } from "../support/host-state";
import { Ran } from "../support/script-process";
import { freePort, Sshd, sshdMissing, startSshd } from "../support/sshd";
import { scratchDir } from "../support/scratch";

const describeSsh = sshdMissing === undefined ? describe : describe.skip;

describeSsh(`transport${sshdMissing === undefined ? "" : `: ${sshdMissing}`}`, () => {
    let sshd: Sshd;
    let dir: string;
    beforeAll(async () => {
        sshd = await startSshd();
    });
    afterAll(async () => {
        await sshd.stop();
    });
    beforeEach(() => (dir = scratchDir("kubedev transport-")));
    afterEach(() => {
        fs.rmSync(dir, { recursive: true, force: true });
    });

    const login = (more: Partial<Ssh> = {}): Ssh => ({
        address: sshd.address,
        port: sshd.port,
        user: sshd.user,
        privateKeyPath: sshd.privateKeyPath,
        hostKey: sshd.hostKey,
        ...more,
    });

    /** Runs a script text by the transport, on the host or, without one, here. */
    const transport = (
        verb: string,
        text: string,
        ssh: Ssh | undefined,
        values: Record<string, string> = {},
        stdin = "",
        own: Record<string, string> = {},
    ): Promise<Ran & { durationMs: number }> => {
        const begun = Date.now();
        const child = spawn(
            "sh",
            ["-c", script(ssh === undefined ? "host/transport-here.sh" : "host/transport.sh")],
            {
                env: {
                    PATH: process.env.PATH,
                    HOME: process.env.HOME,
                    TMPDIR: dir,
                    kubedev_verb: verb,
                    kubedev_script: text,
                    KUBEDEV_SSH: ssh === undefined ? "" : sshArgv(ssh).join("\n"),
                    KUBEDEV_HOST_NAME: hostName(ssh),
                    KUBEDEV_VARS: Object.keys(values).join(" "),
                    KUBEDEV_CONNECT_SEC: "0",
                    KUBEDEV_TIMEOUT_SEC: "20",
                    KUBEDEV_SHADOW_DIR: path.join(dir, "stack/.remote/host"),
                    KUBEDEV_KEY: "thing",
                    ...values,
                    ...own,
                },
            },
        );
        const out = { stdout: "", stderr: "" };
        child.stdout.on("data", (data: Buffer) => (out.stdout += data.toString()));
        child.stderr.on("data", (data: Buffer) => (out.stderr += data.toString()));
        child.stdin.on("error", () => undefined);
        child.stdin.end(stdin);
        return new Promise((resolve) =>
            child.on("close", (code) => {
                resolve({ code: code ?? -1, ...out, durationMs: Date.now() - begun });
            }),
        );
    };
    const nothingIsLeft = () => {
        expect(fs.readdirSync(dir).filter((name) => name !== "stack")).toEqual([]);
    };
    const awkward = `it's "$HOME" \`id\` \\ %s\n\n  two  blanks\t*\nümläut\n\n`;

    describe.each(["here", "over ssh"])("%s", (where) => {
        const host = () => (where === "here" ? undefined : login());

        test("values, standard input and the exit status arrive as they are", async () => {
            const ran = await transport(
                "create",
                'printf "%s|" "$AWKWARD" "$EMPTY"; cat; echo oops >&2; exit 7',
                host(),
                { AWKWARD: awkward, EMPTY: "" },
                awkward,
            );
            expect(ran.stdout).toBe(`${awkward}||${awkward}`);
            expect(ran.stderr).toBe("oops\n");
            expect(ran.code).toBe(7);
            nothingIsLeft();
        });

        test("a file as standard input, bytes and all", async () => {
            const file = path.join(dir, "pay load");
            const bytes = Buffer.from(Array.from({ length: 300_000 }, (_x, i) => i % 256));
            fs.writeFileSync(file, bytes);
            const values = { KUBEDEV_PAYLOAD_FILE: file };
            const ran = await transport("create", "sha256sum | cut -c 1-64", host(), values);
            const expected = await transport(
                "create",
                `sha256sum <'${file}' | cut -c 1-64`,
                undefined,
            );
            expect(ran.stdout).toBe(expected.stdout);
            // A script that reads none of it is no reason to fail; what is deleted is not sent at all.
            expect((await transport("create", "exit 0", host(), values)).code).toBe(0);
            fs.rmSync(file);
            expect((await transport("delete", "cat", host(), values)).stdout).toBe("");
            const missing = await transport("create", "cat", host(), values);
            expect(missing.stderr).toBe(`kubedev: cannot read ${file}; expected a readable file\n`);
        });

        test("values are in no argument, and Pulumi's own secrets do not come along", async () => {
            const secret = randomUUID();
            const pattern = `${secret.slice(0, -1)}[${secret.slice(-1)}]`;
            const ran = await transport(
                "create",
                `cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -c "${pattern}"; env | grep -c "^PULUMI_[CA]"; echo "$SECRET"`,
                host(),
                { SECRET: secret },
                "",
                {
                    PULUMI_CONFIG_PASSPHRASE: "x",
                    PULUMI_CONFIG_PASSPHRASE_FILE: "/x",
                    PULUMI_ACCESS_TOKEN: "x",
                },
            );
            expect(ran.stdout).toBe(`0\n0\n${secret}\n`);
        });

        test("a host that is declared as stopped is not asked", async () => {
            const values = { KUBEDEV_HOST_RUNNING: "false" };
            for (const verb of ["create", "update", "delete"]) {
                const ran = await transport(verb, "echo ran", host(), values);
                expect(ran).toMatchObject({ code: 0, stdout: "" });
                expect(ran.stderr).toContain("the host is declared as stopped");
            }
            expect((await transport("probe", "echo ran", host(), values)).stdout).toBe(
                "unreachable=\n",
            );
        });
    });

    test("a script that takes too long is ended over there", async () => {
        const ran = await transport("create", 'echo "$$"; sleep 1000', login(), {
            KUBEDEV_TIMEOUT_SEC: "1",
        });
        expect(ran.code).toBe(124);
        expect(ran.stderr).toBe(`kubedev: create on ${hostName(login())} was stopped after 1 s\n`);
        await until(() => !isRunning(Number(ran.stdout)), "end of the script");
    });

    test("the login through another host", async () => {
        const proxy = login({ knownHostsPath: sshd.knownHostsPath, hostKey: undefined });
        const two = { ...proxy, proxy: { ...proxy } };
        for (const ssh of [login({ proxy }), login({ proxy: two })]) {
            const before = sshd.log().split("Accepted publickey").length;
            const ran = await transport("create", 'printf "%s" "$AWKWARD"', ssh, {
                AWKWARD: awkward,
            });
            expect(ran).toMatchObject({ code: 0, stdout: awkward });
            const logins = sshd.log().split("Accepted publickey").length - before;
            expect(logins).toBe(ssh.proxy?.proxy === undefined ? 2 : 3);
        }
    });

    test("another host key than the expected one is refused, also behind a proxy", async () => {
        const other = sshd.publicKey.split(" ").slice(0, 2).join(" ");
        const ran = await transport("create", "echo ran", login({ hostKey: other }), {
            KUBEDEV_CONNECT_SEC: "60",
        });
        expect(ran).toMatchObject({ code: 1, stdout: "" });
        expect(ran.stderr).toContain("SHA256:");
        expect(ran.stderr).toContain(
            `kubedev: ${hostName(login())} has another host key than the expected one. If it was really made anew, correct hostKey`,
        );
        // It is no use to dial for a minute.
        expect(ran.durationMs).toBeLessThan(30_000);
        const behind = await transport(
            "create",
            "echo ran",
            login({ proxy: login({ hostKey: other }) }),
        );
        expect(behind).toMatchObject({ code: 1, stdout: "" });
        nothingIsLeft();
    });

    test("a key that the host does not know", async () => {
        const key = path.join(dir, "key");
        await new Promise((resolve) =>
            spawn("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]).on("close", resolve),
        );
        const ran = await transport("create", "echo ran", login({ privateKeyPath: key }), {
            KUBEDEV_CONNECT_SEC: "60",
        });
        expect(ran.code).toBe(1);
        expect(ran.stderr).toMatch(
            /refused the login \(.*Permission denied.*\)\. Expected a user that may log in/,
        );
    });

    describe("a host that does not answer", () => {
        let ssh: Ssh;
        beforeEach(async () => {
            ssh = login({ port: await freePort() });
        });

        test("create and update fail and say what was expected", async () => {
            const ran = await transport("create", "echo ran", ssh);
            expect(ran).toMatchObject({ code: 1, stdout: "" });
            expect(ran.stderr).toBe(
                `kubedev: ${hostName(ssh)} does not answer (tried for 0 s: ssh: connect to host 127.0.0.1 port ${String(ssh.port)}: Connection refused). Expected a running machine whose sshd listens there; correct address or port, or start it\n`,
            );
            nothingIsLeft();
        });

        test("it is dialled again until it does", async () => {
            const begun = transport("create", "echo ran", ssh, { KUBEDEV_CONNECT_SEC: "60" });
            await new Promise((resolve) => setTimeout(resolve, 2000));
            const late = await startSshd({ port: ssh.port });
            // Another server, another key: that it is refused shows that it was reached.
            expect((await begun).stderr).toContain("has another host key");
            await late.stop();
        });

        test("delete fails on a foreign host, and succeeds on a machine of ours", async () => {
            expect((await transport("delete", "echo ran", ssh)).code).toBe(1);
            const shadow = path.join(dir, "stack/.remote/host/thing");
            fs.mkdirSync(path.dirname(shadow), { recursive: true });
            fs.writeFileSync(shadow, "");
            const gone = await transport("delete", "echo ran", ssh, {
                KUBEDEV_MANAGED: "1",
                KUBEDEV_CONNECT_SEC: "60",
            });
            expect(gone.durationMs).toBeLessThan(20_000);
            expect(gone).toMatchObject({ code: 0, stdout: "" });
            expect(gone.stderr).toContain("what was on it went with it");
            expect(fs.existsSync(shadow)).toBe(false);
        });

        test("a probe answers what was last seen", async () => {
            const incarnation = { KUBEDEV_INCARNATION: "41" };
            expect((await transport("create", "true", login(), incarnation)).code).toBe(0);
            const ran = await transport("probe", "echo ran", ssh);
            expect(ran.code).toBe(0);
            expect(ran.stdout).toMatch(
                /^unreachable=.*Connection refused\n\[thing\]\nincarnation=41\nalive=true\n$/,
            );
            expect((await transport("delete", "true", login(), incarnation)).code).toBe(0);
            expect((await transport("probe", "echo ran", ssh)).stdout).not.toContain("thing");
        });
    });

    test("a server that accepts and is silent does not hold a probe", async () => {
        const callers: net.Socket[] = [];
        const server = net.createServer((caller) => callers.push(caller));
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as net.AddressInfo;
        const ran = await transport("probe", "echo ran", login({ port }));
        server.close();
        callers.forEach((caller) => caller.destroy());
        expect(ran.code).toBe(0);
        expect(ran.stdout).toMatch(/^unreachable=.+\n$/);
        expect(ran.durationMs).toBeLessThan(40_000);
    });

    test("a connection that breaks off is not taken for the script's failure", async () => {
        const kill =
            'kill -9 "$(ps -o ppid= -p "$(ps -o ppid= -p $$ | tr -d " ")" | tr -d " ")"; sleep 5';
        const ran = await transport("create", kill, login());
        expect(ran.code).toBe(255);
        expect(ran.stderr).toContain(
            `kubedev: the connection to ${hostName(login())} broke off during create; run the same command again`,
        );
        expect((await transport("probe", kill, login())).stdout).toContain("unreachable=");
        expect((await transport("delete", kill, login(), { KUBEDEV_MANAGED: "1" })).code).toBe(0);
    });

    test("the OpenSSH client is missing", async () => {
        const bin = path.join(dir, "bin");
        fs.mkdirSync(bin);
        for (const tool of [
            "sh",
            "cat",
            "wc",
            "tr",
            "sed",
            "mktemp",
            "rm",
            "timeout",
            "date",
            "grep",
            "tail",
        ]) {
            fs.symlinkSync(path.join("/usr/bin", tool), path.join(bin, tool));
        }
        const ran = await transport("create", "true", login(), {}, "", { PATH: bin });
        expect(ran.stderr).toBe(
            "kubedev: the OpenSSH client is missing on this machine; install it: apt-get install openssh-client\n",
        );
    });
});
