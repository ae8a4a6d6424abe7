/** Add-ons against mocks: which objects they declare, in which order, with which options. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Addon, AddonArgs } from "../../components/addons/addon";
import { CalicoNetwork } from "../../components/addons/calico-network";
import { ImagePullPolicy } from "../../components/addons/cluster-access";
import { ClusterDns } from "../../components/addons/cluster-dns";
import { ClusterMetrics } from "../../components/addons/cluster-metrics";
import { ClusterUi } from "../../components/addons/cluster-ui";
import { sha256 } from "../../components/internal/hash";
import { known, MockedRun } from "../support/mocked-run";
import { scratchDir } from "../support/scratch";

const kubeconfig = "apiVersion: v1\nkind: Config\n";
let run: MockedRun;
let home: string;
let kustomized = "";
const before = { ...process.env };
beforeEach(async () => {
    home = scratchDir("kubedev-addons-");
    process.env.XDG_STATE_HOME = "/state";
    process.env.XDG_CACHE_HOME = home;
    run = new MockedRun({ path: path.join(home, "fetched") }, (asked) =>
        asked["KUBEDEV_FOLDER"] === undefined ? "absent=1\n" : kustomized,
    );
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
    fs.rmSync(home, { recursive: true, force: true });
    process.env = { ...before };
});

const objects = () => run.registered.filter(({ type }) => type.startsWith("kubernetes:"));
const labels = () =>
    objects()
        .map(({ name }) => name)
        .sort();
/** Names of the objects that one waits for. */
async function waitsFor(name: string): Promise<string[]> {
    const { dependsOn } = run.optionsOf(name);
    const urns = (dependsOn as pulumi.Resource[]).map(({ urn }) => known(urn));
    return (await Promise.all(urns)).map((urn) => urn.split("::").at(-1) ?? "").sort();
}
const make = async (args: Omit<AddonArgs, "kubeconfig">) => {
    const addon = new Addon("a", { kubeconfig, ...args }, run.watched);
    await known(addon.ready);
    return addon;
};
const configMap = (name: string, rest: object = {}) => ({
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name } },
    ...rest,
});
const pod = (name: string, image: unknown = "nginx:1") => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "n" } },
    spec: { containers: [{ name: "c", image }] },
});

describe("Addon", () => {
    test("one provider of its own, with a secret kubeconfig; no other child", async () => {
        await make({ objects: [configMap("x")], instanceId: "i-1", namespace: "n" });
        const providers = run.registered.filter(({ type }) => type.startsWith("pulumi:providers:"));
        expect(providers).toHaveLength(1);
        expect(providers[0]).toMatchObject({
            type: "pulumi:providers:kubernetes",
            name: "a-cluster",
            inputs: {
                clusterIdentifier: "by-instance-id",
                deleteUnreachable: "false",
                namespace: "n",
            },
        });
        expect(JSON.stringify(providers[0]?.inputs["kubeconfig"])).toContain("Config");
        expect(run.optionsOf("a-cluster").version).toBe("4.34.2");
        expect(objects()).toEqual([
            { type: "kubernetes:core/v1:ConfigMap", name: "a-configmap-x", inputs: configMap("x") },
        ]);
        expect(run.optionsOf("a-configmap-x")).toMatchObject({
            ...{ replacementTrigger: "i-1", deleteBeforeReplace: true },
            customTimeouts: { create: "600s" },
        });
    });

    test("objects wait for the phase before theirs", async () => {
        await make({
            objects: [
                { apiVersion: "e.com/v1", kind: "Thing", metadata: { name: "t" } },
                pod("p"),
                configMap("x"),
                configMap("y"),
                { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } },
            ],
            timeoutSec: 30,
        });
        expect(await waitsFor("a-namespace-n")).toEqual([]);
        expect(await waitsFor("a-configmap-y")).toEqual(["a-namespace-n"]);
        expect(await waitsFor("a-pod-n/p")).toEqual(["a-configmap-x", "a-configmap-y"]);
        expect(await waitsFor("a-thing-t")).toEqual(["a-pod-n/p"]);
        expect(run.optionsOf("a-thing-t").customTimeouts?.delete).toBe("30s");
    });

    test("files, manifests in the cache and a folder are one add-on with the objects", async () => {
        const file = path.join(home, "m.yaml");
        fs.writeFileSync(file, JSON.stringify(configMap("file")));
        const text = JSON.stringify(configMap("published"));
        fs.mkdirSync(path.join(home, "kubedev/artifacts"), { recursive: true });
        fs.writeFileSync(path.join(home, "kubedev/artifacts", sha256(text)), text);
        const built = Buffer.from(JSON.stringify(configMap("folder"))).toString("base64");
        kustomized = `manifest=${built}\n`;
        const addon = await make({
            objects: [configMap("object")],
            manifestFiles: [file],
            manifests: [{ url: "https://example.com/m.yaml", sha256: sha256(text) }],
            kustomizeFolder: "/a/folder",
        });
        const expected = ["file", "folder", "object", "published"].map((n) => `configmap-${n}`);
        expect(await known(addon.objectNames)).toEqual(expected);
        expect(labels()).toEqual(expected.map((name) => `a-${name}`));
        expect(run.looks.find((asked) => asked["KUBEDEV_FOLDER"] === "/a/folder")).toMatchObject({
            KUBEDEV_KUBECTL: "kubectl",
        });
        // The cache has it, but may lose it: it is declared all the same.
        while (run.commands().length === 0) await new Promise(setImmediate);
        expect(run.command().name).toBe(`a-manifest-${sha256(text).slice(0, 12)}-artifact`);
    });

    test("a manifest that is not in the cache is read once it was fetched", async () => {
        const text = JSON.stringify(configMap("published"));
        fs.writeFileSync(path.join(home, "fetched"), text);
        await make({ manifests: [{ url: "https://example.com/m", sha256: sha256(text) }] });
        expect(labels()).toEqual(["a-configmap-published"]);
    });

    test("images are rewritten, in outputs too, and listed", async () => {
        const addon = await make({
            objects: [pod("p"), pod("q", pulumi.output("registry.k8s.io/pause:3")), pod("r")],
            registryMirrors: { "registry.k8s.io": "mirror.example/k8s" },
            imageMap: { "nginx:1": "local:dev" },
            imagePullPolicy: ImagePullPolicy.Never,
        });
        expect(await known(addon.images)).toEqual(["local:dev", "mirror.example/k8s/pause:3"]);
        const q = objects().find(({ name }) => name === "a-pod-n/q");
        expect(q?.inputs["spec"]).toEqual({
            containers: [
                { name: "c", image: "mirror.example/k8s/pause:3", imagePullPolicy: "Never" },
            ],
        });
    });

    test("objects from an output; the data of a Secret is one", async () => {
        await make({ objects: pulumi.output([configMap("x", { data: { a: "1" } })]) });
        expect(objects().map(({ inputs }) => inputs)).toEqual([
            configMap("x", { data: { a: "1" } }),
        ]);
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } };
        const other = new Addon("b", { kubeconfig, objects: [secret] }, run.watched);
        await known(other.ready);
        expect(run.optionsOf("b-secret-s").additionalSecretOutputs).toEqual(["data", "stringData"]);
    });

    test.each<[Partial<AddonArgs>, RegExp]>([
        [{}, /objects: got no source; expected objects, manifestFiles/],
        [{ objects: [{ kind: "Pod" }] }, /objects.0.apiVersion: got nothing; expected a version/],
        [{ objects: [configMap("x"), configMap("x")] }, /got ConfigMap x twice/],
        [{ manifestFiles: ["a.yaml"] }, /manifestFiles.0: got "a.yaml"; expected an absolute path/],
        [{ manifestFiles: ["/none"] }, /manifestFiles.0: got \/none; expected a readable file/],
        [
            { manifests: [{ url: "ftp://x", sha256: "" }] },
            /manifests.0.url: .*\n.*manifests.0.sha256/,
        ],
        [{ kubeconfig: "/root/.kube/config", objects: [pod("p")] }, /not its path: read the file/],
        [{ namespace: "A", objects: [pod("p")] }, /namespace: got "A"; expected the name/],
        [{ timeoutSec: 0, objects: [pod("p")] }, /timeoutSec: got 0; expected a whole number/],
        [
            { registryMirrors: { "https://x": "y" }, objects: [pod("p")] },
            /registryMirrors.*without a scheme/,
        ],
    ])("%j is refused", (args, expected) => {
        expect(() => new Addon("a", { kubeconfig, ...args })).toThrow(expected);
    });

    test("a broken file is refused with its document, before anything is declared", () => {
        const file = path.join(home, "broken.yaml");
        fs.writeFileSync(file, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\na: [\n");
        expect(() => new Addon("a", { kubeconfig, manifestFiles: [file] })).toThrow(
            /manifestFiles.0: .*broken.yaml: document 2: /,
        );
        expect(objects()).toEqual([]);
    });
});

const inputsOf = (name: string) => objects().find((object) => object.name === name)?.inputs ?? {};

test("ClusterDns: the names that clusters expect, at the tenth address", async () => {
    const dns = new ClusterDns("d", { kubeconfig, replicas: 2, image: "a:1" }, run.watched);
    await known(dns.ready);
    expect(labels()).toEqual([
        "d-clusterrole-system:coredns",
        "d-clusterrolebinding-system:coredns",
        "d-configmap-kube-system/coredns",
        "d-deployment-kube-system/coredns",
        "d-service-kube-system/kube-dns",
        "d-serviceaccount-kube-system/coredns",
    ]);
    expect(await known(dns.clusterIp)).toBe("10.96.0.10");
    expect(await known(dns.images)).toEqual(["a:1"]);
    expect(inputsOf("d-service-kube-system/kube-dns")).toMatchObject({
        spec: { clusterIP: "10.96.0.10", selector: { "k8s-app": "kube-dns" } },
    });
    expect(inputsOf("d-deployment-kube-system/coredns")).toMatchObject({ spec: { replicas: 2 } });
    expect(await waitsFor("d-deployment-kube-system/coredns")).toContain(
        "d-configmap-kube-system/coredns",
    );
});

test("ClusterMetrics: the API comes once its server runs", async () => {
    const metrics = new ClusterMetrics("m", { kubeconfig, kubeletInsecureTls: true }, run.watched);
    await known(metrics.ready);
    expect(await waitsFor("m-apiservice-v1beta1.metrics.k8s.io")).toEqual([
        "m-deployment-kube-system/metrics-server",
        "m-service-kube-system/metrics-server",
    ]);
    expect(JSON.stringify(inputsOf("m-deployment-kube-system/metrics-server"))).toContain(
        "--kubelet-insecure-tls",
    );
});

test("ClusterUi: at a port of every node; its pod has no rights", async () => {
    const ui = new ClusterUi(
        "u",
        { kubeconfig, namespace: "ui", clusterRole: "view" },
        run.watched,
    );
    await known(ui.ready);
    expect(await known(ui.nodePort)).toBe(30061);
    expect(await known(ui.tokenCommand)).toBe("kubectl -n ui create token headlamp-user");
    expect(inputsOf("u-service-ui/headlamp")).toMatchObject({
        spec: { type: "NodePort", ports: [{ nodePort: 30061 }] },
    });
    expect(inputsOf("u-clusterrolebinding-ui-headlamp-user")).toMatchObject({
        roleRef: { name: "view" },
        subjects: [{ name: "headlamp-user", namespace: "ui" }],
    });
    const template = inputsOf("u-deployment-ui/headlamp")["spec"];
    expect(template).toMatchObject({ template: { spec: { serviceAccountName: "headlamp" } } });
});

test("CalicoNetwork: the operator's manifests, then what it is to install", async () => {
    const text = JSON.stringify(pod("operator", "quay.io/tigera/operator:v1"));
    fs.writeFileSync(path.join(home, "fetched"), text);
    const manifests = [{ url: "https://example.com/operator", sha256: sha256(text) }];
    const calico = new CalicoNetwork(
        "c",
        {
            ...{ kubeconfig, manifests, podSubnet: "10.244.0.0/16", natOutgoing: false },
            ...{
                imageRegistry: "mirror.example",
                imageMap: { "quay.io/tigera/operator:v1": "o:1" },
            },
        },
        run.watched,
    );
    await known(calico.ready);
    expect(await known(calico.images)).toEqual(["o:1"]);
    expect(await waitsFor("c-installation-default")).toEqual(["c-pod-n/operator"]);
    expect(inputsOf("c-installation-default")["spec"]).toMatchObject({
        registry: "mirror.example/",
        calicoNetwork: { ipPools: [{ cidr: "10.244.0.0/16", natOutgoing: "Disabled" }] },
    });
});

test.each<[() => unknown, RegExp]>([
    [
        () => new ClusterDns("x", { kubeconfig, serviceSubnet: "10.0.0.1/24" }),
        /begins at its first/,
    ],
    [
        () => new ClusterDns("x", { kubeconfig, serviceSubnet: "10.0.0.0/29" }),
        /at least 16 addresses/,
    ],
    [() => new ClusterDns("x", { kubeconfig, clusterDomain: "A" }), /expected a domain/],
    [() => new ClusterDns("x", { kubeconfig, upstreamServers: ["dns"] }), /expected an IP address/],
    [() => new ClusterDns("x", { kubeconfig, replicas: 0 }), /expected a whole number of pods/],
    [() => new ClusterUi("x", { kubeconfig, nodePort: 80 }), /a NodePort, 30000 to 32767/],
    [() => new ClusterMetrics("x", { kubeconfig, image: "A B" }), /expected the name of an image/],
    [
        () => new CalicoNetwork("x", { kubeconfig, manifests: [], podSubnet: "10.0.0.1/8" }),
        /manifests: .*at least that of the operator\n.*podSubnet: got "10.0.0.1\/8"/,
    ],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
