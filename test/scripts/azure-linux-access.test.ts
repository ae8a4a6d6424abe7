/** scripts/azure/linux-access.sh in a mount namespace, with a real sshd. */
import { ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { describeUnless, MountNamespace, namespaceMissing, sh } from "../support/mount-namespace";
import { json, shells } from "../support/script-process";
import { freePort, sshdMissing, sshdPath } from "../support/sshd";

let space: MountNamespace;

function keyPair(name: string, type = "ed25519"): { privateKey: string; publicKey: string } {
    const file = space.at(name);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", name, "-f", file]);
    return {
        privateKey: fs.readFileSync(file, "utf8"),
        publicKey: fs.readFileSync(`${file}.pub`, "utf8").trim(),
    };
}

describeUnless(namespaceMissing ?? sshdMissing, "linux-access", () => {
    describe.each(shells)("%s", (shell) => {
        let port: number;
        let sshd: ChildProcess;
        let host: ReturnType<typeof keyPair>;
        let client: ReturnType<typeof keyPair>;

        const debian = () =>
            [
                "# a comment first",
                "Include /etc/ssh/sshd_config.d/*.conf",
                `Port ${String(port)}`,
                "ListenAddress 127.0.0.1",
                "PidFile /run/sshd.pid",
                "UsePAM no",
                "",
            ].join("\n");

        beforeEach(async () => {
            space = await MountNamespace.start();
            port = await freePort();
            host = keyPair("host");
            client = keyPair("client");
            space.output(
                ...["sh", "-ec"],
                `useradd -m -s /bin/sh agent
                echo agent:secret-of-agent | chpasswd
                rm -rf /etc/ssh/ssh_host_* /etc/ssh/sshd_config.d
                mkdir -p /etc/ssh/sshd_config.d /run/sshd
                ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
                ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
                echo PasswordAuthentication yes >/etc/ssh/sshd_config.d/50-cloud-init.conf`,
            );
            await serve(debian());
        });
        afterEach(async () => {
            await stop();
            await space.dispose();
        });

        async function stop(): Promise<void> {
            // The process of nsenter has become sshd.
            const ended = once(sshd, "exit");
            sshd.kill();
            await ended;
        }

        async function serve(config: string): Promise<void> {
            fs.writeFileSync(space.at("etc/ssh/sshd_config"), config, { mode: 0o644 });
            sshd = space.spawn([sshdPath ?? "", "-D", "-e"]);
            await until(() => presented().length > 0);
        }

        /** Host keys that sshd proves itself with. */
        function presented(): string[] {
            const scan = spawnSync("ssh-keyscan", ["-p", String(port), "127.0.0.1"], {
                encoding: "utf8",
            });
            const lines = scan.stdout.split("\n").filter((line) => /^\S+ \S+ /.test(line));
            return [...new Set(lines.map((line) => line.split(" ").slice(1).join(" ")))].sort();
        }

        /** What sshd says to somebody without a key. */
        const offered = () => login(["-o", "PreferredAuthentications=none"]).stderr;
        const login = (more: string[]) =>
            spawnSync(
                "ssh",
                [
                    ...["-F", "none", "-p", String(port), "-o", "BatchMode=yes"],
                    ...["-o", "IdentitiesOnly=yes", "-o", "GlobalKnownHostsFile=none"],
                    ...["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"],
                    ...[...more, "agent@127.0.0.1", "id -un"],
                ],
                { encoding: "utf8" },
            );
        const pinned = () => {
            fs.writeFileSync(
                space.at("known hosts"),
                `[127.0.0.1]:${String(port)} ${host.publicKey}\n`,
            );
            return login([
                ...["-o", `UserKnownHostsFile="${space.at("known hosts")}"`],
                ...["-o", "StrictHostKeyChecking=yes", "-i", space.at("client")],
            ]);
        };

        const access = (more: Record<string, string> = {}) =>
            space.run(
                "azure/linux-access",
                {
                    KUBEDEV_USER: "agent",
                    KUBEDEV_AUTHORIZED_KEYS: `# mine\n${client.publicKey}\n\n`,
                    KUBEDEV_HOST_KEY: Buffer.from(host.privateKey).toString("base64"),
                    ...more,
                },
                shell,
            );
        const bare = (publicKey: string) => publicKey.split(" ").slice(0, 2).join(" ");
        const files = () =>
            sh('cd "$0" && find . -type f | sort | xargs sha256sum', space.at("etc/ssh"));

        test("sshd proves itself with that key alone, takes no password, and lets the user in", async () => {
            expect(presented()).toHaveLength(2);
            expect(offered()).toContain("(publickey,password");
            expect(pinned().status).toBe(255);
            const pid = space.output("cat", "/run/sshd.pid");

            expect(json(await access())).toEqual({
                changed: ["hostKey", "sshd", "authorizedKeys"],
                hostKey: bare(host.publicKey),
            });
            await until(() => presented().join() === bare(host.publicKey));
            expect(offered()).toContain("(publickey)");
            expect(pinned()).toMatchObject({ status: 0, stdout: "agent\n" });
            expect(space.output("cat", "/run/sshd.pid")).toBe(pid);
            expect(
                space.output(
                    ...["stat", "-c", "%a %U", "/home/agent/.ssh"],
                    ...["/home/agent/.ssh/authorized_keys", "/etc/ssh/kubedev_host_ed25519_key"],
                ),
            ).toBe("700 agent\n600 agent\n600 root");
            expect(space.output("cat", "/home/agent/.ssh/authorized_keys")).toBe(client.publicKey);
            expect(fs.readdirSync(space.at("etc/ssh")).filter((name) => /^\./.test(name))).toEqual(
                [],
            );

            const before = files();
            expect(json(await access())).toMatchObject({ changed: [] });
            expect(files()).toBe(before);
            expect(pinned().status).toBe(0);
        });

        test("another key, another user's key: only that is changed", async () => {
            await access();
            host = keyPair("host-2");
            expect(json(await access())).toMatchObject({ changed: ["hostKey"] });
            await until(() => presented().join() === bare(host.publicKey));
            const second = keyPair("client-2");
            const keys = `${client.publicKey}\n${second.publicKey}`;
            expect(json(await access({ KUBEDEV_AUTHORIZED_KEYS: keys }))).toMatchObject({
                changed: ["authorizedKeys"],
            });
            expect(space.output("cat", "/home/agent/.ssh/authorized_keys")).toBe(keys);
        });

        test.each([
            ["without drop-in files", (text: string) => text.replace(/^Include.*\n/m, "")],
            [
                "with drop-in files that come too late, and a host key of its own",
                (text: string) =>
                    `PasswordAuthentication yes\nhostkey /etc/ssh/ssh_host_ecdsa_key\n${text}`,
            ],
        ])("a configuration %s", async (_what, edited) => {
            await stop();
            await serve(edited(debian()));
            expect(json(await access())).toMatchObject({
                changed: ["hostKey", "sshd", "authorizedKeys"],
            });
            await until(() => presented().join() === bare(host.publicKey));
            expect(offered()).toContain("(publickey)");
            expect(pinned().status).toBe(0);
            expect(json(await access())).toMatchObject({ changed: [] });
            expect(fs.readFileSync(space.at("etc/ssh/sshd_config"), "utf8")).toMatch(
                /^# kubedev: begin\nHostKey .*\n[^]*# kubedev: end\n/,
            );
        });

        test("what sshd does not take, or what leaves passwords on, is taken back", async () => {
            const config = space.at("etc/ssh/sshd_config");
            const before = () => {
                const then = files();
                return () => expect(files()).toBe(then);
            };
            fs.appendFileSync(config, "NoSuchWord yes\n");
            const unchanged = before();
            const broken = await access();
            expect(broken.code).toBe(1);
            expect(broken.stderr).toMatch(/does not take.*taken back: .*NoSuchWord/);
            unchanged();

            fs.writeFileSync(
                config,
                `${debian()}Match User agent\n    PasswordAuthentication yes\n`,
            );
            const unchangedToo = before();
            const refused = await access();
            expect(refused.code).toBe(1);
            expect(refused.stderr).toContain("passwordauthentication yes");
            unchangedToo();
            expect(presented()).toHaveLength(2);
        });

        test("a run that was broken off before sshd took it over is finished by the next one", async () => {
            // There all is as it ends, but sshd was not told, and what was there is kept for taking back.
            await access();
            await stop();
            const saved = space.at("etc/ssh/.kubedev-undo/old");
            fs.mkdirSync(saved, { recursive: true });
            fs.writeFileSync(path.join(saved, "sshd_config"), debian());
            const mine = fs.readFileSync(space.at("etc/ssh/sshd_config"), "utf8");
            fs.renameSync(
                space.at("etc/ssh/sshd_config.d/00-kubedev.conf"),
                space.at("aside.conf"),
            );
            await serve(mine);
            fs.renameSync(
                space.at("aside.conf"),
                space.at("etc/ssh/sshd_config.d/00-kubedev.conf"),
            );
            expect(presented()).toHaveLength(2);

            expect(json(await access())).toMatchObject({ changed: [] });
            await until(() => presented().join() === bare(host.publicKey));
            expect(fs.existsSync(path.dirname(saved))).toBe(false);
        });

        test("links of the user lead root nowhere", async () => {
            space.output(
                ...["sh", "-ec"],
                "mkdir -p /home/agent/.ssh; ln -s /etc/passwd /home/agent/.ssh/authorized_keys; chown -hR agent /home/agent/.ssh",
            );
            const passwd = fs.readFileSync(space.at("etc/passwd"), "utf8");
            expect((await access()).code).toBe(0);
            expect(fs.readFileSync(space.at("etc/passwd"), "utf8")).toBe(passwd);
            await until(() => presented().join() === bare(host.publicKey));
            expect(pinned().status).toBe(0);
        });

        test("refused, nothing is changed, and no secret is shown", async () => {
            const ecdsa = Buffer.from(keyPair("ecdsa", "ecdsa").privateKey).toString("base64");
            const cases: [Record<string, string>, string][] = [
                [{ KUBEDEV_USER: "" }, 'got the user ""'],
                [{ KUBEDEV_USER: "nobody-here" }, 'got the user "nobody-here"'],
                [{ KUBEDEV_AUTHORIZED_KEYS: "\n# x\n" }, "expected at least one"],
                [
                    { KUBEDEV_AUTHORIZED_KEYS: "ssh-rsa nonsense" },
                    'got the line "ssh-rsa nonsense"',
                ],
                [{ KUBEDEV_AUTHORIZED_KEYS: client.privateKey }, "expected public ones"],
                [{ KUBEDEV_HOST_KEY: "" }, "got no KUBEDEV_HOST_KEY"],
                [{ KUBEDEV_HOST_KEY: "%%" }, "no base64"],
                [{ KUBEDEV_HOST_KEY: ecdsa }, "no private key of type ed25519"],
            ];
            const before = files();
            for (const [values, problem] of cases) {
                const refused = await access(values);
                expect(refused).toMatchObject({ code: 1, stdout: "" });
                expect(refused.stderr).toContain(problem);
                expect(refused.stderr).not.toContain(client.privateKey.split("\n")[1]);
                expect(refused.stderr).not.toContain(ecdsa);
                expect(files()).toBe(before);
            }
        });
    });
});

async function until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!condition()) {
        if (Date.now() > end) {
            throw new Error(`waited ${String(timeoutMs)} ms in vain`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
