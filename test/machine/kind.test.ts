/**
 * The environment `kind` as developers have it, with package mirrors only: two clusters side by side in one engine of their
 * own, and nothing left of them.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { ScratchStack } from "../support/engine";
import { get, kindTest, network, sh, until, web } from "../support/kind";
import { secondCluster } from "./kind-second-cluster";
import { TwoDevelopers } from "./kind-support";
import type { NodeUrls } from "../../stacks/kind/urls";

const they = new TwoDevelopers();

/** Waits for the page, as anyone on this machine gets it. */
async function serves(page: string): Promise<void> {
    const url = `http://${String((await they.alice.outputs())["address"])}:30080/`;
    await until("the page", async () => is(page, await get(url)));
}
/**
 * Waits for the page, as the node gets it: after a start pods have other addresses. Not from this machine, whose way to a
 * bridge that was down for a moment was seen to lead to its gateway instead, for minutes, by no rule that can be looked at.
 */
async function servesInside(page: string): Promise<void> {
    const node = await they.nodeOf(they.alice);
    const ask = "curl -fsS -m 5 http://$(cat /kind/old-ipv4):30080/";
    await until("the page", () =>
        Promise.resolve(is(page, `${they.docker("exec", node, "sh", "-c", ask)}\n`)),
    );
}
function is(page: string, got: string): true {
    if (got !== `${page}\n`) throw new Error(`got ${got}`);
    return true;
}

kindTest("from packages alone to nodes that are Ready, of two stacks at once", async () => {
    const first = await they.alice.preview();
    expect(first.ops()).toMatchObject({ "node-image": "create", "cluster-cluster": "create" });
    // An engine and what is in it are known beforehand; what it will print is not.
    // At once: one of them starts the engine and builds the image, the other joins.
    await Promise.all([they.alice, they.bob].map((stack) => stack.up({ timeoutMs: 3_500_000 })));
    for (const stack of [they.alice, they.bob]) {
        expect((await stack.preview()).changed).toEqual([]);
        const nodes = await they.kubectl(stack, "get", "nodes", "--no-headers");
        expect(nodes).toMatch(/ Ready .*v1\.36\.1$/);
    }
    const outputs = await they.alice.outputs();
    const kubeconfig = /--kubeconfig (\S+)$/.exec(String(outputs["kubectl"]))?.[1] ?? "";
    expect(fs.statSync(kubeconfig).mode & 0o077).toBe(0);
    expect(fs.readFileSync(kubeconfig, "utf8")).toContain(`server: ${String(outputs["endpoint"])}`);
    // Its key is in the state, but not to be read there.
    const key = /client-key-data: (\S+)/.exec(fs.readFileSync(kubeconfig, "utf8"))?.[1] ?? "";
    expect(key.length).toBeGreaterThan(100);
    const state = sh(
        `grep -rl '${key.slice(0, 60)}' '${path.join(they.alice.dir, ".backend")}' || true`,
    );
    expect(state).toBe("");
});

kindTest("labels and images change in place, and the cluster serves", async () => {
    they.home.importImage("test/web:1");
    they.alice.setConfig("kind:nodeLabels", JSON.stringify({ tier: "front" }));
    they.alice.setConfig("kind:loadImages", JSON.stringify(["test/web:1"]));
    expect(await they.touched(they.alice)).toEqual({ "cluster-cluster": "update" });
    await they.alice.up({ timeoutMs: 300_000 });
    expect(
        await they.kubectl(they.alice, "get", "nodes", "-l", "tier=front", "-o", "name"),
    ).toMatch(/^node/);

    // Manifests of her own, which wait until they are ready.
    const manifest = path.join(they.home.dir, "web.json");
    fs.writeFileSync(manifest, JSON.stringify(web("served")));
    they.alice.setConfig("kind:manifests", JSON.stringify([manifest]));
    const made = await they.alice.up({ timeoutMs: 600_000 });
    expect(made.ops()).toMatchObject({
        "manifests-deployment-web": "create",
        "manifests-service-web": "create",
    });
    expect((await they.alice.preview()).changed).toEqual([]);
    await serves("served");
    fs.writeFileSync(manifest, JSON.stringify(web("changed")));
    const changes = (await they.alice.preview()).ops();
    expect(changes).toMatchObject({ "manifests-deployment-web": "update" });
    expect(changes["manifests-service-web"] ?? "same").toBe("same");
    await they.alice.up({ timeoutMs: 600_000 });
    await serves("changed");
    // By CoreDNS, from a pod.
    const resolved = await until("a name", () =>
        they.kubectl(
            ...([they.alice, "exec", "deploy/web", "--", "/bin/busybox", "nslookup"] as const),
            "web.default.svc.cluster.local",
        ),
    );
    expect(resolved).toContain("Name:\tweb.default.svc.cluster.local");

    they.alice.setConfig("kind:nodeLabels", undefined);
    await they.alice.up({ timeoutMs: 300_000 });
    expect(await they.kubectl(they.alice, "get", "nodes", "-l", "tier", "-o", "name")).toBe("");
});

kindTest("what a node tells over HTTP is had by the commands of the outputs", async () => {
    const { nodes } = (await they.alice.outputs())["urls"] as { nodes: Record<string, NodeUrls> };
    const node = await they.nodeOf(they.alice);
    const urls = nodes[node];
    // With no they.kubectl of the machine's own.
    const said = (command = "false") => sh(command);
    expect(said(urls?.pods)).toMatch(/^default +web-/m);
    expect(JSON.parse(said(urls?.stats))).toMatchObject({ node: { nodeName: node } });
    expect(said(urls?.metrics)).toContain("kubelet_node_name");
    expect(JSON.parse(said(urls?.configz))).toHaveProperty("kubeletconfig.enableServer");
    // Without the browser.
    const profile = path.join(they.home.dir, "kubelet-heap.pprof");
    said(`cd '${they.home.dir}' && ${urls?.heap.split(" && ")[0] ?? "false"}`);
    expect(sh(`cd '${they.home.dir}' && go tool pprof -top '${profile}' 2>&1`)).toContain(
        "inuse_space",
    );
});

kindTest(
    "a stopped node is started again, a dead engine too; what is in the cluster is kept",
    async () => {
        they.docker("stop", "-t", "5", await they.nodeOf(they.alice));
        expect(await they.touched(they.alice)).toEqual({ "cluster-cluster": "update" });
        await they.alice.up({ timeoutMs: 300_000 });
        expect((await they.alice.preview()).changed).toEqual([]);
        await servesInside("changed");

        const pid = /^pid=(\d+)$/m.exec(
            fs.readFileSync(path.join(they.home.engineDir, "record"), "utf8"),
        )?.[1];
        process.kill(Number(pid), "SIGKILL");
        expect(await they.touched(they.alice)).toEqual({
            "containers-engine": "update",
            "cluster-cluster": "update",
        });
        await they.alice.up({ timeoutMs: 300_000 });
        expect((await they.alice.preview()).changed).toEqual([]);
        await servesInside("changed");
        // What was in the engine beside it.
        expect(await they.touched(they.bob)).toEqual({ "cluster-cluster": "update" });
        await they.bob.up({ timeoutMs: 300_000 });
    },
);

kindTest("a deleted node shows; another stack has its own cluster in the same engine", async () => {
    expect(they.docker("ps", "-q").split("\n")).toHaveLength(2);
    const of = async (stack: ScratchStack) => String((await stack.outputs())["address"]);
    expect(await of(they.alice)).not.toBe(await of(they.bob));
    expect((await they.alice.preview()).changed).toEqual([]);

    they.docker("rm", "-f", "-v", await they.nodeOf(they.bob));
    expect(await they.touched(they.bob)).toEqual({ "cluster-cluster": "replace" });
    expect((await they.alice.preview()).changed).toEqual([]);
});

kindTest(
    "several control planes have a balancer before them, made with the node image",
    async () => {
        const node = { ports: [{ containerPort: 30080 }] };
        they.bob.setConfig("kind:nodes", JSON.stringify([node, { role: "control-plane" }]));
        await they.bob.up({ timeoutMs: 900_000 });
        expect((await they.bob.preview()).changed).toEqual([]);
        const nodes = await they.kubectl(they.bob, "get", "nodes", "--no-headers");
        expect(nodes.match(/ Ready +control-plane /g)).toHaveLength(2);
        expect(they.docker("ps", "--format", "{{.Names}}")).toMatch(
            /^bob.*-external-load-balancer$/m,
        );
        // The name under which kind takes it was only lent.
        expect(they.docker("images", "--format", "{{.Repository}}")).not.toContain("envoy");
        // From outside, by the cluster's one address.
        const command = String((await they.bob.outputs())["kubectl"]);
        expect(sh(`${command} get --raw /readyz`)).toBe("ok");
    },
);

secondCluster(they);

kindTest("one goes and the other stays; the last one leaves nothing", async () => {
    await they.bob.destroy({ timeoutMs: 300_000 });
    expect(they.docker("ps", "-q").split("\n")).toHaveLength(1);
    expect((await they.alice.preview()).changed).toEqual([]);
    await they.alice.destroy({ timeoutMs: 300_000 });
    expect(fs.existsSync(path.join(they.home.dir, "state/kubedev"))).toBe(false);
    expect(
        sh(`grep -lsF '${they.home.dir}' /proc/[0-9]*/environ /proc/[0-9]*/cmdline || true`),
    ).not.toContain("dockerd");
    expect(sh(`grep -F '${they.home.dir}' /proc/self/mountinfo || true`)).toBe("");
    expect(network()).toBe(they.networkBefore);
});
