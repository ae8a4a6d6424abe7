/**
 * Every host primitive on the real engine, in one stack: on this machine, over ssh, and on a host that is an output and
 * lies behind another one. What is made, what a change does (the diff tables of docs/host.md), what drift shows, what is
 * left in the end.
 */
import { createHash, randomUUID } from "crypto";
import * as fs from "fs";
import * as http from "http";
import { AddressInfo } from "net";
import * as path from "path";
import { library, ScratchStack, StepsResult } from "../support/engine";
import { dirOf, filesBelow, isRunning, killHard, markedBy, pidOf } from "../support/host-state";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";

// Each test is three runs of the engine and more.
jest.setTimeout(300_000);

const places = ["here", "there", "behind"] as const;
type Place = (typeof places)[number];

/** What the tests change; one value for all places. */
interface Declared {
    content: string;
    mode: string;
    file: string;
    body: string;
    artifact: string;
    artifactMode: string;
    argument: string;
    check: string;
    note: string;
    trigger: string;
    comment: string;
}

const program = `
import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from ${JSON.stringify(library)};

const declared = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const hosts = JSON.parse(fs.readFileSync(path.join(__dirname, "hosts.json"), "utf8"));
const token = new pulumi.Config().requireSecret("token");
const outputs: Record<string, pulumi.Output<unknown>> = {};
const key = new kubedev.SshKeyPair("key", { comment: declared.comment });

for (const place of ["here", "there", "behind"]) {
    const at = (name: string) => path.join(__dirname, place, name);
    // A host that other things make is an output.
    const host = place === "behind" ? pulumi.output(hosts[place]) : hosts[place];
    const file = new kubedev.HostFile(place + "-file", {
        host, path: at(declared.file), content: declared.content, mode: declared.mode,
    });
    const secret = new kubedev.HostFile(place + "-secret", {
        host, path: at("secret"), content: token, mode: "0600",
    });
    const artifact = new kubedev.HostArtifact(place + "-artifact", {
        host,
        ...(place === "here"
            ? { url: declared.url, sha256: declared.sha256 }
            : { sourcePath: path.join(__dirname, "source") }),
        path: at(declared.artifact), mode: declared.artifactMode,
    });
    const command = new kubedev.HostCommand(place + "-command", {
        host,
        create: 'echo "create $NOTE $(cat)" >>"$OUT"; echo "made $NOTE"',
        update: 'echo "update $NOTE" >>"$OUT"; echo "changed $NOTE"',
        delete: 'echo delete >>"$OUT"',
        environment: { OUT: at("command log"), NOTE: declared.note, TOKEN: token },
        stdin: "it's input",
        triggers: { trigger: declared.trigger },
        parentIds: [artifact.instanceId],
        workingDirectory: path.join(__dirname, place),
    });
    const service = new kubedev.HostService(place + "-service", {
        host,
        command: ["sh", "-c", 'echo "started $0 in $PWD"; [ -n "$TOKEN" ] && exec sleep 10000', declared.argument],
        environment: { TOKEN: token },
        healthCheck: { command: declared.check, timeoutSec: 30 },
        restartOn: { file: file.sha256 },
        parentIds: [artifact.instanceId],
        supervisor: kubedev.Supervisor.Detached,
    });
    outputs[place] = pulumi.output({
        file: file.path, sha256: file.sha256, artifact: artifact.path, stdout: command.stdout,
        pid: service.pid, log: service.logPath, secret: secret.sha256,
    });
}
export const found = outputs;
export const keys = { public: key.publicKey, private: key.privateKeyPath, known: key.knownHostsPath };
`;

/** The operations, without those of the components, which only hold the arguments. */
function things(result: StepsResult): Record<string, string> {
    const names = new Set(
        result.steps.filter((s) => s.type === "command:local:Command").map((s) => s.name),
    );
    return Object.fromEntries(Object.entries(result.ops()).filter(([name]) => names.has(name)));
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

(sshdMissing === undefined ? describe : describe.skip)(
    `host primitives${sshdMissing === undefined ? "" : `: ${sshdMissing}`}`,
    () => {
        let stack: ScratchStack;
        let sshd: Sshd;
        let server: http.Server;
        const token = randomUUID();
        let declared: Declared = {
            content: "one\n",
            mode: "0644",
            file: "new dir/file",
            body: "#!/bin/sh\necho tool 1\n",
            artifact: "bin/tool",
            artifactMode: "0755",
            argument: "a b",
            check: "true",
            note: "first",
            trigger: "1",
            comment: "tester",
        };
        const declare = (change: Partial<Declared>) => {
            declared = { ...declared, ...change };
            stack.write("source", declared.body);
            const { port } = server.address() as AddressInfo;
            const url = `http://127.0.0.1:${String(port)}/tool`;
            stack.write(
                "declared.json",
                JSON.stringify({ ...declared, url, sha256: sha256(declared.body) }),
            );
        };
        const at = (place: Place, name: string) => path.join(stack.dir, place, name);
        const read = (place: Place, name: string) => fs.readFileSync(at(place, name), "utf8");
        const stateHome = (place: Place) =>
            place === "here" ? stack.stateHome : path.join(stack.dir, "remote state");
        const service = (place: Place) =>
            dirOf(stack, `${place}-service-service`, stateHome(place));
        const pids = () => places.map((place) => pidOf(service(place)));
        /** The same operations in all places. */
        const everywhere = (ops: Record<string, string>, more: Record<string, string> = {}) => ({
            ...Object.fromEntries(
                places.flatMap((place) =>
                    Object.entries(ops).map(([name, op]) => [`${place}-${name}`, op]),
                ),
            ),
            ...more,
        });
        /** Previews and makes a change, and sees that the next preview is clean; answers what was previewed. */
        const change = async () => {
            const previewed = things(await stack.preview());
            expect(things(await stack.up())).toEqual(previewed);
            const next = await stack.preview();
            expect(next.ops()).toEqual({});
            expect(next.warnings).toEqual([]);
            return previewed;
        };
        const found = async () =>
            (await stack.outputs()).found as Record<Place, Record<string, string | number>>;

        beforeAll(async () => {
            server = http.createServer((_request, response) => response.end(declared.body));
            await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
            stack = await ScratchStack.create({ program });
            sshd = await startSshd({
                config: `SetEnv "XDG_STATE_HOME=${path.join(stack.dir, "remote state")}" "XDG_CACHE_HOME=${path.join(stack.dir, "remote cache")}"`,
            });
            const login = {
                address: sshd.address,
                port: sshd.port,
                user: sshd.user,
                privateKeyPath: sshd.privateKeyPath,
            };
            const there = { ...login, hostKey: sshd.hostKey };
            const behind = { ...login, knownHostsPath: sshd.knownHostsPath, proxy: there };
            stack.write(
                "hosts.json",
                JSON.stringify({
                    here: {},
                    there: { ssh: there },
                    behind: { ssh: behind, os: "linux" },
                }),
            );
            for (const place of places) {
                fs.mkdirSync(path.join(stack.dir, place));
            }
            await stack.setSecret("token", token);
            declare({});
        });

        afterAll(async () => {
            await stack.dispose();
            await sshd.stop();
            server.close();
        });

        test("up makes all of it, and the next preview is clean", async () => {
            const previewed = await change();
            expect(Object.values(previewed).every((op) => op === "create")).toBe(true);
            expect(Object.keys(previewed)).toHaveLength(1 + 3 * 5);

            const { public: publicKey, private: privateKey } = (await stack.outputs())
                .keys as Record<string, string>;
            expect(publicKey).toMatch(/^ssh-ed25519 \S+ tester$/);
            expect(fs.statSync(privateKey ?? "").mode & 0o777).toBe(0o600);
            const outputs = await found();
            for (const place of places) {
                expect(read(place, "new dir/file")).toBe("one\n");
                expect(read(place, "secret")).toBe(token);
                expect(fs.statSync(at(place, "secret")).mode & 0o777).toBe(0o600);
                expect(read(place, "bin/tool")).toBe(declared.body);
                expect(read(place, "command log")).toBe("create first it's input\n");
                expect(outputs[place]).toEqual({
                    file: at(place, "new dir/file"),
                    sha256: sha256("one\n"),
                    artifact: at(place, "bin/tool"),
                    stdout: "made first",
                    pid: pidOf(service(place)),
                    log: path.join(service(place), "log"),
                    secret: sha256(token),
                });
                const log = fs.readFileSync(path.join(service(place), "log"), "utf8");
                expect(log).toBe(`started a b in ${service(place)}\n`);
                const argv = fs.readFileSync(`/proc/${String(outputs[place].pid)}/cmdline`, "utf8");
                expect(argv).toBe("sleep\x0010000\0");
            }
            // The things of two hosts are kept apart by the hosts, and those behind the proxy were reached through it.
            expect(sshd.log()).toContain("direct-tcpip");
        });

        test("no secret in clear in state, preview or arguments", async () => {
            expect(stack.rawState()).not.toContain(token);
            const shown = await stack.preview({ args: ["--diff"] });
            expect(shown.stdout + shown.stderr).not.toContain(token);
            const argumentsOfAll = fs
                .readdirSync("/proc")
                .filter((name) => /^\d+$/.test(name))
                .map((pid) => {
                    try {
                        return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
                    } catch {
                        return "";
                    }
                });
            expect(argumentsOfAll.join("")).not.toContain(token);
        });

        test("changes in place: nothing restarts, nothing is made anew", async () => {
            const before = pids();
            const { ino } = fs.statSync(at("here", "bin/tool"));
            declare({
                mode: "0600",
                artifactMode: "0700",
                check: "true; true",
                note: "second",
                comment: "other",
            });
            expect(await change()).toEqual(
                everywhere(
                    {
                        "file-file": "update",
                        "artifact-artifact": "update",
                        "command-command": "update",
                        "service-service": "update",
                    },
                    { "key-key-pair": "update" },
                ),
            );
            expect(pids()).toEqual(before);
            expect(fs.statSync(at("here", "bin/tool")).ino).toBe(ino);
            const outputs = await found();
            for (const place of places) {
                expect(fs.statSync(at(place, "new dir/file")).mode & 0o777).toBe(0o600);
                expect(fs.statSync(at(place, "bin/tool")).mode & 0o777).toBe(0o700);
                expect(read(place, "command log")).toBe("create first it's input\nupdate second\n");
                expect(outputs[place].stdout).toBe("changed second");
            }
        });

        test("what restarts or replaces: the service by its file and its arguments, the rest by what it is", async () => {
            const before = pids();
            declare({
                content: "two\n",
                file: "other/file",
                body: "#!/bin/sh\necho tool 2\n",
                argument: "c",
                trigger: "2",
            });
            expect(await change()).toEqual(
                everywhere({
                    "file-file": "replace",
                    "artifact-artifact": "replace",
                    "command-command": "replace",
                    "service-service": "replace",
                }),
            );
            expect(before.map(isRunning)).toEqual([false, false, false]);
            expect(pids().map(isRunning)).toEqual([true, true, true]);
            for (const place of places) {
                expect(fs.existsSync(at(place, "new dir"))).toBe(false);
                expect(read(place, "other/file")).toBe("two\n");
                expect(read(place, "bin/tool")).toBe(declared.body);
                expect(read(place, "command log")).toMatch(/delete\ncreate second it's input\n$/);
                const log = fs.readFileSync(path.join(service(place), "log"), "utf8");
                expect(log).toBe(`started c in ${service(place)}\n`);
            }
        });

        test("content alone: the file in place, and what says that it restarts on it", async () => {
            declare({ content: "three\n" });
            expect(await change()).toEqual(
                everywhere({ "file-file": "update", "service-service": "replace" }),
            );
        });

        test("drift shows in the next preview, with what stands on it, and up puts it right", async () => {
            for (const place of places) {
                fs.appendFileSync(at(place, "other/file"), "by hand\n");
                await killHard(pidOf(service(place)));
            }
            fs.rmSync(at("there", "bin/tool"));
            fs.rmSync(path.join(dirOf(stack, "key-key-pair"), "id_ed25519"));
            const { public: before } = (await stack.outputs()).keys as Record<string, string>;
            expect(await change()).toEqual(
                everywhere(
                    { "file-file": "replace", "service-service": "replace" },
                    {
                        "there-artifact-artifact": "replace",
                        // It stands on the artifact.
                        "there-command-command": "replace",
                        "key-key-pair": "replace",
                    },
                ),
            );
            expect(((await stack.outputs()).keys as Record<string, string>).public).not.toBe(
                before,
            );
            for (const place of places) {
                expect(read(place, "other/file")).toBe("three\n");
                expect(read(place, "bin/tool")).toBe(declared.body);
                expect(isRunning(pidOf(service(place)))).toBe(true);
            }
        });

        test("destroy leaves nothing but the caches", async () => {
            const before = pids();
            await stack.destroy();
            expect(before.map(isRunning)).toEqual([false, false, false]);
            for (const place of places) {
                expect(filesBelow(path.join(stack.dir, place))).toEqual(["command log"]);
                expect(read(place, "command log")).toMatch(/delete\n$/);
                expect(markedBy(service(place))).toEqual([]);
                expect(filesBelow(stateHome(place))).toEqual([]);
            }
            const kept = [stack.cacheHome, path.join(stack.dir, "remote cache")].map(filesBelow);
            expect(kept[0]?.at(-1)).toBe(`kubedev/artifacts/${sha256(declared.body)}`);
            expect(stack.rawState()).not.toContain(token);
        });
    },
);
