/** Host components against mocks: their children by type, name and inputs, and the options of the dependency recipe. */
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { Host, HostOs } from "../../components/host/host";
import { HostArtifact } from "../../components/host/host-artifact";
import { HostCommand } from "../../components/host/host-command";
import { HostFile } from "../../components/host/host-file";
import { hostPlace } from "../../components/host/host-place";
import { HostService } from "../../components/host/host-service";
import { Supervisor } from "../../components/host/service-resource";
import { SshKeyPair } from "../../components/host/ssh-key-pair";
import { ContainerEngine } from "../../components/kind/container-engine";
import { repoRoot } from "../support/engine-cli";
import { common, known, MockedRun, withoutTexts } from "../support/mocked-run";

let run: MockedRun;
/** What the probe prints. */
let seen: string;

beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});

/** A run of its own: names are unique in each. */
async function freshRun(): Promise<void> {
    seen = "absent=7\n";
    run = new MockedRun(
        { path: "/cached", pid: 42, log: "/l", publicKey: "ssh-ed25519 A" },
        () => seen,
    );
    await run.begin();
}
beforeEach(freshRun);
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

test("HostFile: one command, its path in the triggers, all else in the environment", async () => {
    const file = new HostFile(
        "motd",
        { path: "/etc/motd", content: "hello\n", owner: "root:root", parentIds: ["p1"] },
        run.watched,
    );
    expect(await known(file.instanceId)).toBe("motd-file-id");
    expect(await known(file.path)).toBe("/etc/motd");
    expect(await known(file.sha256)).toMatch(/^5891b5b522d5df08/);
    expect(run.registered.map(({ type, name }) => `${type} ${name}`)).toEqual([
        "kubedev:index:HostFile motd",
        "command:local:Command motd-file",
    ]);
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ path: "/etc/motd", incarnation: 7 }, { parents: ["p1"] }]);
    expect(inputs.stdin).toBe("hello\n");
    expect(withoutTexts(inputs.environment)).toEqual({
        ...common("motd-file", inputs.environment.KUBEDEV_SPEC),
        KUBEDEV_PATH: "/etc/motd",
        KUBEDEV_MODE: "0644",
        KUBEDEV_OWNER: "root:root",
        KUBEDEV_OVERWRITE: "false",
    });
    expect(inputs).toMatchObject({ logging: "stderr", addPreviousOutputInEnv: false });
    // What fails is quoted in the message: a line, not the script.
    for (const verb of ["create", "update", "delete"]) {
        expect(String(inputs[verb]).length).toBeLessThan(200);
    }
});

test("a host's secret address hides no script", async () => {
    const ssh = { address: pulumi.secret("10.0.0.1"), hostKey: "ssh-ed25519 AAAA" };
    const scripts = {
        create: "host/file-write.sh",
        update: "host/file-write.sh",
        delete: undefined,
    };
    const place = hostPlace({ ssh });
    const { KUBEDEV_TRANSPORT: text } = place.texts(scripts, {});
    expect(await pulumi.isSecret(pulumi.output(text))).toBe(false);
    const { KUBEDEV_SSH: login } = place.variables;
    expect(await pulumi.isSecret(pulumi.output(login))).toBe(true);
});

test("the recipe: deleted first, with time limits, and with the machine that it is on", async () => {
    const host = {
        ssh: { address: "10.0.0.1", hostKey: "ssh-ed25519 AAAA", port: 2222 },
        parentId: "machine-1",
        parentUrn: "urn:pulumi:stack::project::command:local:Command::machine",
    };
    const command = new HostCommand("c", { host, create: "true", timeoutSec: 60 }, run.watched);
    await known(command.instanceId);
    const opts = run.optionsOf("c-command");
    expect(opts.deleteBeforeReplace).toBe(true);
    expect(opts.customTimeouts).toEqual({ create: "90s", update: "90s", delete: "90s" });
    expect(opts.parent).toBe(command);
    expect(await known(opts.deletedWith?.urn as pulumi.Output<string>)).toBe(host.parentUrn);
    // The plugin's class replaces on any trigger.
    expect(opts.replaceOnChanges).toEqual(["triggers[*]"]);
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([
        { host: { address: "10.0.0.1", port: 2222, user: "root" } },
        { parents: ["machine-1"] },
    ]);
    expect(inputs.environment).toMatchObject({
        KUBEDEV_DIR: "",
        KUBEDEV_MANAGED: "1",
        KUBEDEV_HOST_NAME: "root@10.0.0.1 port 2222",
        KUBEDEV_SHADOW_DIR: "/state/kubedev/project/stack/.remote/root@10.0.0.1:2222",
    });
    // Without a delete nothing is dialled when it goes.
    expect(inputs.delete).toBeUndefined();
});

test("one look for all things on a host, with the incarnation that it tells", async () => {
    seen = "absent=9\n[a-file]\nincarnation=3\nalive=true\n[b-file]\nincarnation=3\nalive=false\n";
    const files = ["a", "b", "c"].map((n) => new HostFile(n, { path: `/${n}`, content: "" }));
    await Promise.all(files.map((file) => known(file.instanceId)));
    expect(run.looks).toHaveLength(1);
    const incarnations = run
        .commands()
        .map(({ name, inputs }) => [
            name,
            (inputs.triggers as { incarnation: number }[])[0]?.incarnation,
        ]);
    expect(Object.fromEntries(incarnations)).toEqual({ "a-file": 3, "b-file": 4, "c-file": 9 });
});

test("in a container: it is part of the triggers, and the script goes through its engine", async () => {
    const container = { name: "node", ownEngine: true };
    const ssh = { address: "10.0.0.1", hostKey: "ssh-ed25519 AAAA" };
    const inIt = (name: string, host: object) =>
        known(new HostFile(name, { host, path: "/a", content: "x" }).instanceId);
    await inIt("here", { container, parentId: "n1" });
    await inIt("there", pulumi.output({ container, ssh }));
    const [here, there] = run.commands().map(({ inputs }) => inputs);
    expect(here?.triggers).toEqual([
        { path: "/a", incarnation: 7, host: { container: "node", engine: "own" } },
        { parents: ["n1"] },
    ]);
    expect(here?.environment).toMatchObject({
        KUBEDEV_HOST_NAME: "container node in the own engine of this machine",
        ...{ KUBEDEV_SSH: "", KUBEDEV_DIR: "" },
        KUBEDEV_SHADOW_DIR: "/state/kubedev/project/stack/.remote/container-own-node",
    });
    expect(here?.environment.KUBEDEV_TRANSPORT).toMatch(
        /^kubedev_container=node\nkubedev_engine=own\n/,
    );
    expect(there?.triggers).toMatchObject([
        { host: { address: "10.0.0.1", port: 22, user: "root", container: "node" } },
        {},
    ]);
    expect(there?.environment.KUBEDEV_SSH).toMatch(/root@10\.0\.0\.1$/);
    // A look at what is in it goes the same way.
    expect(run.looks.map((asked) => asked["KUBEDEV_HOST_NAME"])).toEqual([
        "container node in the own engine of this machine",
        "container node in the own engine of root@10.0.0.1 port 22",
    ]);
});

test.each([
    [{ name: "-x" }, 'host.container.name: got "-x"; expected the name of a container'],
    [{ nam: "x" }, "expected no nam; container has name, ownEngine"],
])("a container %j is refused", (container, message) => {
    const host = { container } as unknown as Host;
    expect(() => new HostFile("a", { host, path: "/a", content: "" })).toThrow(message);
});

test("what does not work in containers refuses them by name", () => {
    expect(() => new ContainerEngine("e", { host: { container: { name: "node" } } })).toThrow(
        'host.container: got {"name":"node"}; expected a machine',
    );
    const ssh = { address: "10.0.0.1", hostKey: "ssh-ed25519 AAAA" };
    const host = { os: HostOs.Windows, ssh, container: { name: "node" } };
    expect(() => new HostFile("a", { host, path: "C:\\a", content: "" })).toThrow(
        "expected nothing beside os windows",
    );
});

test("HostCommand: scripts and environment for the shell, triggers by name", async () => {
    const command = new HostCommand("c", {
        create: "make it",
        delete: "unmake it",
        environment: { B: "it's", A: "1" },
        triggers: { version: "2" },
        stdin: "in",
        workingDirectory: "/w",
    });
    await known(command.instanceId);
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ triggers: { version: "2" } }, { parents: [] }]);
    expect(withoutTexts(inputs.environment)).toEqual({
        ...common("c-command", inputs.environment.KUBEDEV_SPEC),
        // It keeps nothing that could be looked at.
        KUBEDEV_INCARNATION: "",
        KUBEDEV_CREATE: "make it",
        KUBEDEV_UPDATE: "make it",
        KUBEDEV_DELETE: "unmake it",
        KUBEDEV_EXPORTS: "export A=1\nexport B='it'\\''s'\n",
        KUBEDEV_WORKING_DIR: "/w",
    });
    expect(run.looks).toHaveLength(0);
});

test("HostArtifact: the digest of a source file, and the file as payload", async () => {
    const sourcePath = path.join(repoRoot, "LICENSE");
    const artifact = new HostArtifact("a", { sourcePath, mode: "0700" });
    await known(artifact.instanceId);
    expect(await known(artifact.path)).toBe("/cached");
    const { inputs } = run.command();
    const digest = await known(artifact.sha256);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(inputs.triggers).toEqual([{ sha256: digest, incarnation: 7 }, { parents: [] }]);
    expect(withoutTexts(inputs.environment)).toEqual({
        ...common("a-artifact", inputs.environment.KUBEDEV_SPEC, "3600"),
        KUBEDEV_PAYLOAD_FILE: sourcePath,
        KUBEDEV_SHA256: digest,
        KUBEDEV_URL: "",
        KUBEDEV_PATH: "",
        KUBEDEV_MODE: "0700",
    });
});

test("HostArtifact: a file of another host comes through the cache of this machine", async () => {
    const sha256 = "5".repeat(64);
    const sourceHost = { ssh: { address: "192.0.2.1", hostKey: "ssh-ed25519 AAAA" } };
    const artifact = new HostArtifact("a", { sourceHost, sourcePath: "/there/it's", sha256 });
    await known(artifact.instanceId);
    const names = run.registered.map(({ name }) => name);
    expect(names).toEqual(["a", "a-source", "a-artifact"]);
    const [brought, installed] = run.commands().map(({ inputs }) => inputs);
    expect(brought?.triggers).toEqual([{ sha256, incarnation: 7 }, { parents: [] }]);
    expect(withoutTexts(brought?.environment ?? {})).toEqual({
        ...common("a-source", brought?.environment.KUBEDEV_SPEC, "3600"),
        KUBEDEV_SHA256: sha256,
        KUBEDEV_SOURCE_SSH: expect.stringMatching(/\n-p\n22\nroot@192\.0\.2\.1$/) as unknown,
        KUBEDEV_SOURCE_HOST: "root@192.0.2.1 port 22",
        KUBEDEV_SOURCE_PATH: "/there/it's",
    });
    expect(installed?.environment.KUBEDEV_PAYLOAD_FILE).toMatch(
        new RegExp(`^/.*/kubedev/artifacts/${sha256}$`),
    );
    expect(installed?.triggers).toEqual([{ sha256, incarnation: 7 }, { parents: [] }]);
});

test("HostService: what restarts it is in the triggers, the rest is not", async () => {
    const service = new HostService(
        "web",
        {
            command: ["web", "--name", "a b"],
            environment: { TOKEN: "t" },
            workingDirectory: "/srv/w w",
            restartOn: { config: "digest" },
            preStartCommand: "prepare",
            stopCommand: "stop",
            healthCheck: { tcpAddress: "127.0.0.1:80", timeoutSec: 30 },
            stopTimeoutSec: 5,
            logMaxMib: 2,
            logKeep: 1,
            supervisor: Supervisor.Detached,
        },
        run.watched,
    );
    await known(service.instanceId);
    expect(await known(service.pid)).toBe(42);
    expect(await known(service.logPath)).toBe("/l");
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([
        {
            command: ["web", "--name", "a b"],
            environment: { TOKEN: "t" },
            workingDirectory: "/srv/w w",
            restartOn: { config: "digest" },
            incarnation: 7,
        },
        { parents: [] },
    ]);
    expect(withoutTexts(inputs.environment)).toEqual({
        // Health, twice the stop, and what a start may take beside.
        ...common("web-service", inputs.environment.KUBEDEV_SPEC, "160"),
        KUBEDEV_RUN: "export TOKEN=t\ncd '/srv/w w' || exit 1\nexec web --name 'a b'",
        KUBEDEV_PRE_START: "prepare",
        KUBEDEV_HEALTH: "timeout 5 bash -c 'exec 3<>/dev/tcp/$0/$1' 127.0.0.1 80",
        KUBEDEV_HEALTH_SEC: "30",
        KUBEDEV_STOP: "stop",
        KUBEDEV_STOP_SEC: "5",
        KUBEDEV_LOG_MIB: "2",
        KUBEDEV_LOG_KEEP: "1",
        KUBEDEV_SUPERVISOR: "detached",
        KUBEDEV_RUNNING: "true",
    });
    expect(run.optionsOf("web-service").customTimeouts?.create).toBe("190s");
});

test("SshKeyPair: paths that a preview knows, the private key nowhere", async () => {
    const pair = new SshKeyPair("k", {});
    await known(pair.instanceId);
    const dir = "/state/kubedev/project/stack/k-key-pair";
    expect(await known(pair.privateKeyPath)).toBe(`${dir}/id_ed25519`);
    expect(await known(pair.publicKeyPath)).toBe(`${dir}/id_ed25519.pub`);
    expect(await known(pair.knownHostsPath)).toBe(`${dir}/known_hosts`);
    expect(await known(pair.publicKey)).toBe("ssh-ed25519 A");
    expect(run.command().inputs.environment.KUBEDEV_COMMENT).toBe("k");
});

test("bad input is rejected before the first child is declared", async () => {
    const bad: [() => unknown, string][] = [
        [() => new HostFile("a", { path: "x", content: "" }), "HostFile a: 1 invalid argument"],
        [() => new HostArtifact("b", {}), "  url: got neither; expected either url or sourcePath"],
        [
            () => new HostArtifact("c", { url: "https://x/y" }),
            "  sha256: got nothing; expected the digest of the download",
        ],
        [
            () => new HostArtifact("g", { sourcePath: "/a", sourceHost: {} }),
            "  sha256: got nothing beside sourceHost; expected the digest of the file there",
        ],
        [
            () =>
                new HostArtifact("h", {
                    url: "https://x/y",
                    sha256: "0".repeat(64),
                    sourceHost: {},
                }),
            "  sourceHost: expected none beside url",
        ],
        [
            () => new HostService("d", { command: [], logKeep: 0 }),
            "HostService d: 2 invalid arguments",
        ],
        [
            () => new HostCommand("e", { create: "x", environment: { "1A": "" }, timeoutSec: 0 }),
            "HostCommand e: 2 invalid arguments",
        ],
        [() => new SshKeyPair("f", { comment: "a\nb" }), "expected one line of text"],
    ];
    for (const [make, message] of bad) {
        expect(make).toThrow(message);
    }
    await pulumi.runtime.disconnect();
    expect(run.commands()).toEqual([]);
});

test("two things of one name are refused, in this run and not in the next", async () => {
    const declare = () => new HostFile("same", { path: "/a", content: "" });
    await known(declare().instanceId);
    expect(declare).toThrow('two things of this stack are called "same-file"');
    await pulumi.runtime.disconnect();
    await freshRun();
    await known(declare().instanceId);
});
