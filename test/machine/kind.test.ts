/**
 * The environment `kind` as developers have it, with package mirrors only: two clusters side by side in one engine of their
 * own, and nothing left of them.
 */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { imageCache } from "../support/local-kvm";

jest.setTimeout(3_600_000);

const program = `module.exports = require("${path.join(repoRoot, "stacks")}");\n`;
// Rules of the firewall and links, beside what containers of others may change.
const network = () =>
    ["filter", "nat"].map((table) => sh(`iptables -t ${table} -S`)).join("") +
    sh("ip -o link show type bridge | cut -d : -f 2");
const sh = (command: string) =>
    execFileSync("sh", ["-c", `PATH=$PATH:/usr/sbin:/sbin; ${command}`], { encoding: "utf8" });

/** Why no engine of one's own can run here. */
function unfit(): string | undefined {
    if (process.getuid?.() !== 0) return "wants root";
    const pid = fs.existsSync("/var/run/docker.pid")
        ? fs.readFileSync("/var/run/docker.pid", "utf8").trim()
        : "";
    return pid !== "" && fs.existsSync(`/proc/${pid}`)
        ? "this machine's own container engine is running"
        : undefined;
}
const reason = unfit();
function kindTest(name: string, run: () => Promise<void>): void {
    if (reason === undefined) test(name, run);
    else test.skip(`${name} [not run: ${reason}]`, run);
}

let home: string;
let alice: ScratchStack;
let bob: ScratchStack;
let before: string;

function developer(stack: string): Promise<ScratchStack> {
    return ScratchStack.create({
        program,
        project: "kubedev",
        stack: `${stack}-${String(process.pid)}`,
        env: { ...imageCache(), XDG_STATE_HOME: path.join(home, "state"), GOFLAGS: "" },
        config: {
            "kubedev:environment": "kind",
            "kind:nodes": JSON.stringify([{ ports: [{ containerPort: 30080 }] }]),
        },
    });
}

beforeAll(async () => {
    if (reason !== undefined) return;
    before = network();
    home = fs.mkdtempSync(path.join(os.tmpdir(), "kubedev-home-"));
    [alice, bob] = await Promise.all([developer("alice"), developer("bob")]);
});
afterAll(async () => {
    if (reason !== undefined) return;
    await alice.dispose();
    await bob.dispose();
    fs.rmSync(home, { recursive: true, force: true });
});

const engineDir = () => path.join(home, "state/kubedev/engine");
const docker = (...args: string[]) =>
    execFileSync("docker", ["-H", `unix://${engineDir()}/docker.sock`, ...args], {
        ...{ encoding: "utf8", stdio: "pipe", timeout: 120_000 },
    }).trim();
async function nodeOf(stack: ScratchStack): Promise<string> {
    return Object.keys((await stack.outputs())["nodes"] as object)[0] ?? "";
}
async function kubectl(stack: ScratchStack, ...args: string[]): Promise<string> {
    const admin = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
    return docker("exec", await nodeOf(stack), ...admin, ...args);
}
async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + 120_000;
    for (let last = "nothing yet"; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
        try {
            const found = await probe();
            if (found !== undefined) return found;
        } catch (error) {
            last = String(error);
        }
        if (Date.now() > deadline) throw new Error(`${what}: not within 120 s; ${last}`);
    }
}
function get(url: string): Promise<string> {
    return new Promise((resolve, reject) => {
        http.get(url, { timeout: 5_000 }, (response) => {
            let text = "";
            response.on("data", (data: Buffer) => (text += data.toString()));
            response.on("end", () => {
                resolve(text);
            });
        }).on("error", reject);
    });
}
/** Waits for the page: after a start pods have other addresses, and for a moment another pod may have this one's. */
async function served(): Promise<void> {
    const url = `http://${String((await alice.outputs())["address"])}:30080/`;
    await until("the page", async () => ((await get(url)) === "served\n" ? true : undefined));
}

/** What a preview does to things on the host. */
async function touched(stack: ScratchStack): Promise<Record<string, string>> {
    const preview = await stack.preview();
    const things = preview.changed.filter(({ type }) => type.startsWith("command:"));
    const names = new Set(things.map(({ name }) => name));
    return Object.fromEntries(Object.entries(preview.ops()).filter(([name]) => names.has(name)));
}

/** An image of busybox alone, in the engine. */
function importImage(name: string): void {
    const tree = fs.mkdtempSync(path.join(home, "image-"));
    fs.mkdirSync(path.join(tree, "bin"));
    fs.copyFileSync(sh("command -v busybox").trim(), path.join(tree, "bin/busybox"));
    sh(`tar -C '${tree}' -c . | docker -H 'unix://${engineDir()}/docker.sock' import - ${name}`);
}
const nodeImage = () => docker("images", "--format", "{{.Repository}}:{{.Tag}}", "kubedev/node");

const web = {
    apiVersion: "v1",
    kind: "List",
    items: [
        {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "web" },
            spec: {
                selector: { matchLabels: { app: "web" } },
                template: {
                    metadata: { labels: { app: "web" } },
                    spec: {
                        containers: [
                            {
                                name: "web",
                                image: "test/web:1",
                                command: [
                                    ...["/bin/busybox", "sh", "-c"],
                                    "/bin/busybox echo served >/tmp/index.html; exec /bin/busybox httpd -f -p 8080 -h /tmp",
                                ],
                                volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                            },
                        ],
                        volumes: [{ name: "tmp", emptyDir: {} }],
                    },
                },
            },
        },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { name: "web" },
            spec: {
                type: "NodePort",
                selector: { app: "web" },
                ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
            },
        },
    ],
};

kindTest("from packages alone to a node that is Ready", async () => {
    const first = await alice.preview();
    expect(first.changed.length).toBeGreaterThan(10);
    // An engine and what is in it are known beforehand; what it will print is not.
    await alice.up({ timeoutMs: 3_500_000 });
    expect((await alice.preview()).changed).toEqual([]);
    expect(await kubectl(alice, "get", "nodes", "--no-headers")).toMatch(/ Ready .*v1\.36\.1$/);
    const outputs = await alice.outputs();
    const kubeconfig = /--kubeconfig (\S+)$/.exec(String(outputs["kubectl"]))?.[1] ?? "";
    expect(fs.statSync(kubeconfig).mode & 0o077).toBe(0);
    expect(fs.readFileSync(kubeconfig, "utf8")).toContain(`server: ${String(outputs["endpoint"])}`);
    // Its key is in the state, but not to be read there.
    const key = /client-key-data: (\S+)/.exec(fs.readFileSync(kubeconfig, "utf8"))?.[1] ?? "";
    expect(key.length).toBeGreaterThan(100);
    const state = sh(
        `grep -rl '${key.slice(0, 60)}' '${path.join(alice.dir, ".backend")}' || true`,
    );
    expect(state).toBe("");
});

kindTest("labels and images change in place, and the cluster serves", async () => {
    importImage("test/web:1");
    alice.setConfig("kind:nodeLabels", JSON.stringify({ tier: "front" }));
    alice.setConfig("kind:loadImages", JSON.stringify(["test/web:1"]));
    expect(await touched(alice)).toEqual({ "cluster-cluster": "update" });
    await alice.up({ timeoutMs: 300_000 });
    expect(await kubectl(alice, "get", "nodes", "-l", "tier=front", "-o", "name")).toMatch(/^node/);

    const apply = spawnSync(
        "docker",
        [
            ...["-H", `unix://${engineDir()}/docker.sock`, "exec", "-i", await nodeOf(alice)],
            ...["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "apply", "-f", "-"],
        ],
        { input: JSON.stringify(web), encoding: "utf8" },
    );
    expect(apply.stderr).toBe("");
    await served();
    // By CoreDNS, from a pod.
    const resolved = await until("a name", () =>
        kubectl(
            ...([alice, "exec", "deploy/web", "--", "/bin/busybox", "nslookup"] as const),
            "web.default.svc.cluster.local",
        ),
    );
    expect(resolved).toContain("Name:\tweb.default.svc.cluster.local");

    alice.setConfig("kind:nodeLabels", undefined);
    await alice.up({ timeoutMs: 300_000 });
    expect(await kubectl(alice, "get", "nodes", "-l", "tier", "-o", "name")).toBe("");
});

kindTest(
    "a stopped node is started again, a dead engine too; what is in the cluster is kept",
    async () => {
        docker("stop", "-t", "5", await nodeOf(alice));
        expect(await touched(alice)).toEqual({ "cluster-cluster": "update" });
        await alice.up({ timeoutMs: 300_000 });
        expect((await alice.preview()).changed).toEqual([]);
        await served();

        const pid = /^pid=(\d+)$/m.exec(
            fs.readFileSync(path.join(engineDir(), "record"), "utf8"),
        )?.[1];
        process.kill(Number(pid), "SIGKILL");
        expect(await touched(alice)).toEqual({
            "containers-engine": "update",
            "cluster-cluster": "update",
        });
        await alice.up({ timeoutMs: 300_000 });
        expect((await alice.preview()).changed).toEqual([]);
        await served();
    },
);

kindTest("a deleted node shows; another stack has its own cluster in the same engine", async () => {
    await bob.up({ timeoutMs: 600_000 });
    expect(docker("ps", "-q").split("\n")).toHaveLength(2);
    const of = async (stack: ScratchStack) => String((await stack.outputs())["address"]);
    expect(await of(alice)).not.toBe(await of(bob));
    expect((await alice.preview()).changed).toEqual([]);

    docker("rm", "-f", "-v", await nodeOf(bob));
    expect(await touched(bob)).toEqual({ "cluster-cluster": "replace" });
    expect((await alice.preview()).changed).toEqual([]);
    await bob.up({ timeoutMs: 600_000 });
    expect((await bob.preview()).changed).toEqual([]);
});

/** Bob's environment with a second cluster at an address of its own. */
function withSecond(): string {
    return `${program.replace("module.exports =", "const outputs =")}
import * as kubedev from ${JSON.stringify(path.join(repoRoot, "index"))};
new kubedev.KindCluster("second", {
    engine: { own: true }, image: ${JSON.stringify(nodeImage())}, address: "127.9.9.9",
    kindPath: ${JSON.stringify(sh(`find '${home}/state' -type f -name kind | head -n 1`).trim())},
    nodes: [{ ports: [{ containerPort: 30080 }] }],
});
module.exports = outputs;
`;
}
const ofSecond = () => [
    docker("ps", "-aq", "--filter", "name=second"),
    docker("network", "ls", "-q", "--filter", "name=second"),
    docker("volume", "ls", "-q", "--filter", "dangling=true"),
];

kindTest("a cluster that cannot be made says why, and leaves nothing", async () => {
    const taken = await new Promise<http.Server>((resolve) => {
        const server = http.createServer().listen(30080, "127.9.9.9", () => {
            resolve(server);
        });
    });
    try {
        bob.program(withSecond());
        const failed = await bob.up({ timeoutMs: 300_000, expectFailure: true });
        expect(failed.errors.join("\n")).toMatch(/127\.9\.9\.9:30080.*address already in use/);
        expect(ofSecond()).toEqual(["", "", ""]);
    } finally {
        taken.close();
        bob.program(program);
    }
});

kindTest("one goes and the other stays; the last one leaves nothing", async () => {
    await bob.destroy({ timeoutMs: 300_000 });
    expect(docker("ps", "-q").split("\n")).toHaveLength(1);
    expect((await alice.preview()).changed).toEqual([]);
    await alice.destroy({ timeoutMs: 300_000 });
    expect(fs.existsSync(path.join(home, "state/kubedev"))).toBe(false);
    expect(
        sh(`grep -lsF '${home}' /proc/[0-9]*/environ /proc/[0-9]*/cmdline || true`),
    ).not.toContain("dockerd");
    expect(sh(`grep -F '${home}' /proc/self/mountinfo || true`)).toBe("");
    expect(network()).toBe(before);
});
