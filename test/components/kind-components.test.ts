/** ContainerEngine, NodeImage and KindCluster against mocks: what they declare, and what they make of what they see. */
import * as pulumi from "@pulumi/pulumi";
import { ContainerEngine } from "../../components/kind/container-engine";
import { KindCluster } from "../../components/kind/kind-cluster";
import { NodeImage } from "../../components/kind/node-image";
import { known, MockedRun } from "../support/mocked-run";

let run: MockedRun;
let seen: Record<"engine" | "cluster" | "probe", string>;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    seen = { engine: "", cluster: "", probe: "absent=1\n" };
    run = new MockedRun({ kubeconfig: "a kubeconfig" }, (asked) => {
        if (asked["KUBEDEV_KEY"] === "own-engine") return seen.engine;
        return asked["KUBEDEV_CLUSTER"] === undefined ? seen.probe : seen.cluster;
    });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const clusterCommand = () => run.commands().find(({ name }) => name === "c-cluster");
async function makeCluster(args: object = {}): Promise<KindCluster> {
    const cluster = new KindCluster("c", { image: "kindest/node:v1", ...args }, run.watched);
    await known(cluster.nodeNames);
    return cluster;
}
const counts = () => {
    const { triggers, environment } = clusterCommand()?.inputs ?? {};
    return {
        generation: (triggers as { generation: number }[] | undefined)?.[0]?.generation,
        starts: environment?.["KUBEDEV_STARTS"],
    };
};
const recorded = (starts: number, generation = 1) =>
    `absent=1\n[c-cluster]\nalive=true\nincarnation=1\nfact.generation=${String(generation)}\nfact.starts=${String(starts)}\n`;

test("a cluster: config and image are triggers, labels and images are not", async () => {
    const cluster = await makeCluster({
        address: "127.9.9.9",
        clusterName: "mine",
        nodeLabels: { tier: "front" },
        loadImages: ["a:1", "b:2"],
    });
    expect(await known(cluster.endpoint)).toBe("https://127.9.9.9:6443");
    expect(await known(cluster.nodeNames)).toEqual(["mine-control-plane"]);
    expect(await known(cluster.kubeconfigPath)).toBe(
        "/state/kubedev/project/stack/c-cluster/kubeconfig",
    );
    const { triggers, environment } = clusterCommand()?.inputs ?? {};
    expect(triggers).toMatchObject([
        { image: "kindest/node:v1", generation: 1, config: { name: "mine" } },
        { parents: [] },
    ]);
    expect(JSON.stringify(triggers)).not.toContain("tier");
    expect(environment).toMatchObject({
        KUBEDEV_ENGINE: "host",
        KUBEDEV_LABELS: "tier=front",
        KUBEDEV_LOAD_IMAGES: "a:1\nb:2",
        KUBEDEV_WAIT_SEC: "300",
        KUBEDEV_KIND: "kind",
    });
    expect(run.optionsOf("c-cluster").additionalSecretOutputs).toEqual(["stdout"]);
    expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
});

test.each([
    ["running", recorded(2), { generation: 1, starts: "2" }],
    ["stopped", recorded(2), { generation: 1, starts: "3" }],
    ["unknown", recorded(2), { generation: 1, starts: "3" }],
    ["gone", recorded(2), { generation: 2, starts: "2" }],
])("nodes that are %s", async (state, probe, expected) => {
    seen = { ...seen, probe, cluster: `state=${state}\n` };
    await makeCluster();
    expect(counts()).toEqual(expected);
});

test("without a pod network nobody waits for nodes to be Ready", async () => {
    await makeCluster({ networking: { disableDefaultCNI: true } });
    expect(clusterCommand()?.inputs.environment["KUBEDEV_WAIT_SEC"]).toBe("0");
});

test("names are short enough, and differ between clusters", async () => {
    const name = "a-rather-long-name-of-a-cluster-that-somebody-chose";
    const one = new KindCluster(name, { image: "k:1" });
    const two = new KindCluster(`${name}-2`, { image: "k:1" });
    const names = [await known(one.clusterName), await known(two.clusterName)];
    expect(new Set(names).size).toBe(2);
    expect(names.every((each) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(each))).toBe(true);
    expect(Math.max(...names.map((each) => each.length))).toBeLessThanOrEqual(40);
});

test("an engine that died is started again in place", async () => {
    seen = {
        ...seen,
        engine: "state=dead\n",
        probe: "absent=1\n[own-engine]\nalive=true\nincarnation=1\nfact.starts=4\n",
    };
    const engine = new ContainerEngine("own", {});
    expect(await known(engine.engine)).toEqual({ own: true });
    expect(await known(engine.dockerHost)).toBe("unix:///state/kubedev/engine/docker.sock");
    const { inputs } = run.command();
    expect(inputs.triggers).toEqual([{ incarnation: 1 }, { parents: [] }]);
    expect(inputs.environment["KUBEDEV_STARTS"]).toBe("5");
    const settings = JSON.parse(inputs.environment["KUBEDEV_ENGINE_CONFIG"] ?? "") as {
        hosts: string[];
    };
    // Nothing but a socket of its own.
    expect(settings.hosts).toEqual(["unix://@DIR@/docker.sock"]);
});

test("an image is named after what it is made from; a published one is taken as it is", async () => {
    const tags = await Promise.all(
        [{}, { suite: "bookworm" }, { suite: "trixie" }, { extraImages: ["a:1"] }].map((more, at) =>
            known(new NodeImage(`i${String(at)}`, { version: "v1.36.1", ...more }).tag),
        ),
    );
    expect(tags[0]).toMatch(/^kubedev\/node:v1\.36\.1-[0-9a-f]{16}$/);
    expect(tags[1]).toBe(tags[0]);
    expect(new Set(tags).size).toBe(3);
    const digest = `kindest/node:v1.36.1@sha256:${"a".repeat(64)}`;
    expect(await known(new NodeImage("r", { release: digest }).tag)).toBe(digest);
});

test.each([
    [() => new NodeImage("x", {}), "got neither; expected either version"],
    [() => new NodeImage("x", { version: "v1.20.0" }), "expected a version of Kubernetes 1.36"],
    [() => new NodeImage("x", { release: "kindest/node:v1.36.1" }), "expected an image by digest"],
    [() => new KindCluster("x", { image: "a:1", address: "10.0.0.1" }), "127.0.0.0/8"],
    [() => new KindCluster("x", { image: "a:1", clusterName: "A" }), "lower-case letters"],
    [
        () => new KindCluster("x", { image: "a:1", waitSec: -1 }),
        "expected a whole number of seconds",
    ],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
