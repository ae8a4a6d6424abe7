/**
 * The environment `kind` as developers have it, with package mirrors only: two clusters side by side in one engine of their
 * own, and nothing left of them.
 */
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import {
    engineTurn,
    get,
    kindHook,
    KindHome,
    kindTest,
    network,
    sh,
    until,
    web,
} from "../support/kind";
import { imageCache } from "../support/local-kvm";
import type { NodeUrls } from "../../stacks/kind/urls";

jest.setTimeout(3_600_000);

const program = `module.exports = require("${path.join(repoRoot, "stacks")}");\n`;

let home: KindHome;
let alice: ScratchStack;
let bob: ScratchStack;
let before: string;
let endTurn: () => Promise<void>;

function developer(stack: string): Promise<ScratchStack> {
    return ScratchStack.create({
        program,
        project: "kubedev",
        stack: `${stack}-${String(process.pid)}`,
        env: { ...imageCache(), XDG_STATE_HOME: path.join(home.dir, "state"), GOFLAGS: "" },
        config: {
            "kubedev:environment": "kind",
            "kind:nodes": JSON.stringify([{ ports: [{ containerPort: 30080 }] }]),
        },
    });
}

beforeAll(
    kindHook(async () => {
        endTurn = await engineTurn();
        before = network();
        home = new KindHome(fs.mkdtempSync(path.join(os.tmpdir(), "kubedev-home-")));
        [alice, bob] = await Promise.all([developer("alice"), developer("bob")]);
    }),
);
afterAll(
    kindHook(async () => {
        await alice.dispose();
        await bob.dispose();
        fs.rmSync(home.dir, { recursive: true, force: true });
        await endTurn();
    }),
);

const docker = (...args: string[]) => home.docker(...args);
async function nodeOf(stack: ScratchStack): Promise<string> {
    return Object.keys((await stack.outputs())["nodes"] as object)[0] ?? "";
}
async function kubectl(stack: ScratchStack, ...args: string[]): Promise<string> {
    const admin = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
    return docker("exec", await nodeOf(stack), ...admin, ...args);
}
/** Waits for the page, as anyone on this machine gets it. */
async function serves(page: string): Promise<void> {
    const url = `http://${String((await alice.outputs())["address"])}:30080/`;
    await until("the page", async () => is(page, await get(url)));
}
/**
 * Waits for the page, as the node gets it: after a start pods have other addresses. Not from this machine, whose way to a
 * bridge that was down for a moment was seen to lead to its gateway instead, for minutes, by no rule that can be looked at.
 */
async function servesInside(page: string): Promise<void> {
    const node = await nodeOf(alice);
    const ask = "curl -fsS -m 5 http://$(cat /kind/old-ipv4):30080/";
    await until("the page", () =>
        Promise.resolve(is(page, `${docker("exec", node, "sh", "-c", ask)}\n`)),
    );
}
function is(page: string, got: string): true {
    if (got !== `${page}\n`) throw new Error(`got ${got}`);
    return true;
}

/** What a preview does to things on the host. */
async function touched(stack: ScratchStack): Promise<Record<string, string>> {
    const preview = await stack.preview();
    const things = preview.changed.filter(({ type }) => type.startsWith("command:"));
    const names = new Set(things.map(({ name }) => name));
    return Object.fromEntries(Object.entries(preview.ops()).filter(([name]) => names.has(name)));
}

const nodeImage = () => docker("images", "--format", "{{.Repository}}:{{.Tag}}", "kubedev/node");

kindTest("from packages alone to nodes that are Ready, of two stacks at once", async () => {
    const first = await alice.preview();
    expect(first.ops()).toMatchObject({ "node-image": "create", "cluster-cluster": "create" });
    // An engine and what is in it are known beforehand; what it will print is not.
    // At once: one of them starts the engine and builds the image, the other joins.
    await Promise.all([alice, bob].map((stack) => stack.up({ timeoutMs: 3_500_000 })));
    for (const stack of [alice, bob]) {
        expect((await stack.preview()).changed).toEqual([]);
        const nodes = await kubectl(stack, "get", "nodes", "--no-headers");
        expect(nodes).toMatch(/ Ready .*v1\.36\.1$/);
    }
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
    home.importImage("test/web:1");
    alice.setConfig("kind:nodeLabels", JSON.stringify({ tier: "front" }));
    alice.setConfig("kind:loadImages", JSON.stringify(["test/web:1"]));
    expect(await touched(alice)).toEqual({ "cluster-cluster": "update" });
    await alice.up({ timeoutMs: 300_000 });
    expect(await kubectl(alice, "get", "nodes", "-l", "tier=front", "-o", "name")).toMatch(/^node/);

    // Manifests of her own, which wait until they are ready.
    const manifest = path.join(home.dir, "web.json");
    fs.writeFileSync(manifest, JSON.stringify(web("served")));
    alice.setConfig("kind:manifests", JSON.stringify([manifest]));
    const made = await alice.up({ timeoutMs: 600_000 });
    expect(made.ops()).toMatchObject({
        "manifests-deployment-web": "create",
        "manifests-service-web": "create",
    });
    expect((await alice.preview()).changed).toEqual([]);
    await serves("served");
    fs.writeFileSync(manifest, JSON.stringify(web("changed")));
    const changes = (await alice.preview()).ops();
    expect(changes).toMatchObject({ "manifests-deployment-web": "update" });
    expect(changes["manifests-service-web"] ?? "same").toBe("same");
    await alice.up({ timeoutMs: 600_000 });
    await serves("changed");
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

kindTest("what a node tells over HTTP is had by the commands of the outputs", async () => {
    const { nodes } = (await alice.outputs())["urls"] as { nodes: Record<string, NodeUrls> };
    const node = await nodeOf(alice);
    const urls = nodes[node];
    // With no kubectl of the machine's own.
    const said = (command = "false") => sh(command);
    expect(said(urls?.pods)).toMatch(/^default +web-/m);
    expect(JSON.parse(said(urls?.stats))).toMatchObject({ node: { nodeName: node } });
    expect(said(urls?.metrics)).toContain("kubelet_node_name");
    expect(JSON.parse(said(urls?.configz))).toHaveProperty("kubeletconfig.enableServer");
    // Without the browser.
    const profile = path.join(home.dir, "kubelet-heap.pprof");
    said(`cd '${home.dir}' && ${urls?.heap.split(" && ")[0] ?? "false"}`);
    expect(sh(`cd '${home.dir}' && go tool pprof -top '${profile}' 2>&1`)).toContain("inuse_space");
});

kindTest(
    "a stopped node is started again, a dead engine too; what is in the cluster is kept",
    async () => {
        docker("stop", "-t", "5", await nodeOf(alice));
        expect(await touched(alice)).toEqual({ "cluster-cluster": "update" });
        await alice.up({ timeoutMs: 300_000 });
        expect((await alice.preview()).changed).toEqual([]);
        await servesInside("changed");

        const pid = /^pid=(\d+)$/m.exec(
            fs.readFileSync(path.join(home.engineDir, "record"), "utf8"),
        )?.[1];
        process.kill(Number(pid), "SIGKILL");
        expect(await touched(alice)).toEqual({
            "containers-engine": "update",
            "cluster-cluster": "update",
        });
        await alice.up({ timeoutMs: 300_000 });
        expect((await alice.preview()).changed).toEqual([]);
        await servesInside("changed");
        // What was in the engine beside it.
        expect(await touched(bob)).toEqual({ "cluster-cluster": "update" });
        await bob.up({ timeoutMs: 300_000 });
    },
);

kindTest("a deleted node shows; another stack has its own cluster in the same engine", async () => {
    expect(docker("ps", "-q").split("\n")).toHaveLength(2);
    const of = async (stack: ScratchStack) => String((await stack.outputs())["address"]);
    expect(await of(alice)).not.toBe(await of(bob));
    expect((await alice.preview()).changed).toEqual([]);

    docker("rm", "-f", "-v", await nodeOf(bob));
    expect(await touched(bob)).toEqual({ "cluster-cluster": "replace" });
    expect((await alice.preview()).changed).toEqual([]);
});

kindTest(
    "several control planes have a balancer before them, made with the node image",
    async () => {
        const node = { ports: [{ containerPort: 30080 }] };
        bob.setConfig("kind:nodes", JSON.stringify([node, { role: "control-plane" }]));
        await bob.up({ timeoutMs: 900_000 });
        expect((await bob.preview()).changed).toEqual([]);
        const nodes = await kubectl(bob, "get", "nodes", "--no-headers");
        expect(nodes.match(/ Ready +control-plane /g)).toHaveLength(2);
        expect(docker("ps", "--format", "{{.Names}}")).toMatch(/^bob.*-external-load-balancer$/m);
        // The name under which kind takes it was only lent.
        expect(docker("images", "--format", "{{.Repository}}")).not.toContain("envoy");
        // From outside, by the cluster's one address.
        const command = String((await bob.outputs())["kubectl"]);
        expect(sh(`${command} get --raw /readyz`)).toBe("ok");
    },
);

/** Bob's share of the engine, without a cluster of his environment. */
const engineAlone = `import * as kubedev from ${JSON.stringify(path.join(repoRoot, "index"))};
new kubedev.ContainerEngine("containers", {});
`;
/** kind, which goes with the environment that it was built for. */
function keptKind(): string {
    const file = path.join(home.dir, "kind");
    if (!fs.existsSync(file)) {
        fs.copyFileSync(home.built("kind"), file);
    }
    return file;
}
/** A second cluster of Bob's, at an address of its own, in place of his environment's. */
function withSecond(args: object = {}): string {
    return `${engineAlone}
new kubedev.KindCluster("second", {
    engine: { own: true }, image: ${JSON.stringify(nodeImage())}, address: "127.9.9.9",
    kindPath: ${JSON.stringify(keptKind())},
    nodes: [{ ports: [{ containerPort: 30080 }] }, { role: kubedev.KindRole.Worker }],
    ...${JSON.stringify(args)},
});
`;
}
const ofSecond = () => [
    docker("ps", "-aq", "--filter", "name=second"),
    docker("network", "ls", "-q", "--filter", "name=second"),
    docker("volume", "ls", "-q", "--filter", "dangling=true"),
];

kindTest("a cluster that cannot be made says why, and leaves nothing", async () => {
    const failure = async (text: string) => {
        bob.program(text);
        const { errors } = await bob.up({ timeoutMs: 300_000, expectFailure: true });
        expect(ofSecond()).toEqual(["", "", ""]);
        return errors.join("\n");
    };
    const taken = await new Promise<http.Server>((resolve) => {
        const server = http.createServer().listen(30080, "127.9.9.9", () => {
            resolve(server);
        });
    });
    try {
        expect(await failure(withSecond({ image: "kubedev/node:of-nobody" }))).toContain(
            "the node image kubedev/node:of-nobody is neither in the engine nor kept on this host",
        );
        expect(await failure(withSecond())).toMatch(/127\.9\.9\.9:30080.*address already in use/);
    } finally {
        taken.close();
    }
});

kindTest("an up that is interrupted takes back what it made", async () => {
    bob.program(withSecond());
    const { begun, exited } = await beginSecond();
    begun.kill("SIGINT");
    await exited;
    await until("nothing of it", () =>
        Promise.resolve(ofSecond().join("") === "" ? true : undefined),
    );
});
/** An up that has come as far as the first node of the second cluster. */
async function beginSecond() {
    const begun = bob.spawn(["up", "--yes", "--skip-preview"]);
    const exited = new Promise((resolve) => begun.on("exit", resolve));
    await until("a node of the second cluster", () =>
        Promise.resolve(docker("ps", "-q", "--filter", "name=second") || undefined),
    );
    return { begun, exited };
}

kindTest("after one that is killed, with its script, the next succeeds", async () => {
    const { begun, exited } = await beginSecond();
    begun.kill("SIGKILL");
    sh(
        "grep -lsFxz KUBEDEV_KEY=second-cluster /proc/[0-9]*/environ | cut -d / -f 3 | xargs -r kill -9 || true",
    );
    await exited;
    expect(ofSecond()[0]).not.toBe("");
    await bob.cancel();
    await bob.up({ timeoutMs: 600_000 });
    expect((await bob.preview()).changed).toEqual([]);
    expect(docker("ps", "-q", "--filter", "name=second").split("\n")).toHaveLength(2);
});

const secondNodes = () =>
    docker("ps", "--format", "{{.Names}}", "--filter", "name=second").split("\n").sort();
/** Digest of what a node runs. */
const running = (node: string, name: string) =>
    docker("exec", node, "sh", "-c", `sha256sum </proc/$(pidof ${name})/exe | cut -d ' ' -f 1`);
const kubelets = () => secondNodes().map((node) => running(node, "kubelet"));
const sha256 = (file: string) => sh(`sha256sum <'${file}' | cut -d ' ' -f 1`).trim();
function inSecond(...args: string[]): string {
    const admin = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
    return docker("exec", secondNodes()[0] ?? "", ...admin, ...args);
}
const podUids = () => inSecond("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}");
const schedulerImage = () =>
    docker(
        ...["exec", secondNodes()[0] ?? "", "crictl", "ps", "--name", "^kube-scheduler$"],
        ...["--state", "Running", "-o", "json"],
    );

kindTest("another kubelet is put into the running nodes, which the preview names", async () => {
    const original = kubelets();
    const before = podUids();
    const kubelet = home.another("kubelet", "one");
    bob.program(withSecond({ binaries: { kubelet } }));
    expect(await touched(bob)).toEqual({
        "second-control-plane-binaries": "create",
        "second-worker-binaries": "create",
    });
    await bob.up({ timeoutMs: 300_000 });
    expect((await bob.preview()).changed).toEqual([]);
    expect(kubelets()).toEqual([sha256(kubelet.path), sha256(kubelet.path)]);
    expect(podUids()).toBe(before);

    // A scheduler is on the control plane alone.
    const binaries = { kubelet, "kube-scheduler": home.another("kube-scheduler", "two") };
    bob.program(withSecond({ binaries }));
    expect(await touched(bob)).toEqual({ "second-control-plane-binaries": "update" });
    await bob.up({ timeoutMs: 300_000 });
    expect((await bob.preview()).changed).toEqual([]);
    expect(schedulerImage()).toContain("kubedev.invalid/kube-scheduler:");

    // One that ends at once is given back, and so is one that does not run at all.
    const bad = path.join(home.dir, "kubelet-bad");
    const failure = async (fingerprint: string) => {
        bob.program(withSecond({ binaries: { ...binaries, kubelet: { path: bad, fingerprint } } }));
        const { errors } = await bob.up({ timeoutMs: 300_000, expectFailure: true });
        expect(kubelets()).toEqual([sha256(kubelet.path), sha256(kubelet.path)]);
        return errors.join("\n");
    };
    fs.writeFileSync(bad, '#!/bin/sh\n[ "$1" = --version ] && echo Kubernetes v0\n');
    expect(await failure("bad")).toMatch(
        /the kubelet of node \S+-second-\S+-worker was not replaced: it ended again and again; the one before it was put back and is healthy/,
    );
    fs.writeFileSync(bad, "no program");
    expect(await failure("worse")).toContain("was not replaced: it does not run in this node");

    // Taken out of the program, the nodes run what their image has.
    bob.program(withSecond());
    expect(await touched(bob)).toEqual({
        "second-control-plane-binaries": "delete",
        "second-worker-binaries": "delete",
    });
    await bob.up({ timeoutMs: 300_000 });
    expect(kubelets()).toEqual(original);
    expect(schedulerImage()).not.toContain("kubedev.invalid");
});

kindTest("an image with programs laid over, and a cluster of it", async () => {
    const kubelet = home.another("kubelet", "one");
    const binaries = { kubelet, "kube-scheduler": home.another("kube-scheduler", "two") };
    bob.program(
        withSecond().replace(
            /new kubedev.KindCluster\("second", \{\s*engine: (.*), image: (.*), address/,
            `const over = new kubedev.NodeImage("over", { engine: $1, base: $2, binaries: ${JSON.stringify(binaries)} });
            new kubedev.KindCluster("second", { engine: $1, image: over.tag, address`,
        ),
    );
    expect(await touched(bob)).toEqual({ "over-overlay": "create", "second-cluster": "replace" });
    await bob.up({ timeoutMs: 600_000 });
    expect((await bob.preview()).changed).toEqual([]);
    expect(kubelets()).toEqual([sha256(kubelet.path), sha256(kubelet.path)]);
    expect(running(secondNodes()[0] ?? "", "kube-scheduler")).toBe(
        sha256(binaries["kube-scheduler"].path),
    );
});

kindTest(
    "a cluster that is taken out of the program goes, with its network and volumes",
    async () => {
        bob.program(engineAlone);
        await bob.up({ timeoutMs: 300_000 });
        expect(ofSecond()).toEqual(["", "", ""]);
    },
);

kindTest("one goes and the other stays; the last one leaves nothing", async () => {
    await bob.destroy({ timeoutMs: 300_000 });
    expect(docker("ps", "-q").split("\n")).toHaveLength(1);
    expect((await alice.preview()).changed).toEqual([]);
    await alice.destroy({ timeoutMs: 300_000 });
    expect(fs.existsSync(path.join(home.dir, "state/kubedev"))).toBe(false);
    expect(
        sh(`grep -lsF '${home.dir}' /proc/[0-9]*/environ /proc/[0-9]*/cmdline || true`),
    ).not.toContain("dockerd");
    expect(sh(`grep -F '${home.dir}' /proc/self/mountinfo || true`)).toBe("");
    expect(network()).toBe(before);
});
