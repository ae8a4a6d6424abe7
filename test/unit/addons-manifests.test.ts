/** Manifests: what is read, what it is called, in which order, with which images. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { pluginVersion } from "../../components/addons/cluster-access";
import {
    fullImageName,
    imageFields,
    rewriteImage,
    withImages,
} from "../../components/addons/image-rewriting";
import {
    identityOf,
    KubernetesObject,
    labelOf,
    otherTokensOf,
    tokenOf,
} from "../../components/addons/kubernetes-object";
import { parseManifest } from "../../components/addons/manifest-text";
import { inPhases, phaseOf } from "../../components/addons/object-order";

const object = (apiVersion: string, kind: string, name = "x", rest: object = {}) =>
    ({ apiVersion, kind, metadata: { name }, ...rest }) as KubernetesObject;

describe("what a manifest holds", () => {
    const manifest = (text: string) => parseManifest(text);
    const configMap = (name: string) =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

    test("documents, empty ones, comments, JSON, lists in lists", () => {
        const list = { kind: "List", items: [object("v1", "Pod"), object("v1", "Secret")] };
        const text = [
            "# a licence\n",
            configMap("a"),
            "",
            JSON.stringify({ apiVersion: "v1", kind: "List", items: [list] }),
        ].join("\n---\n");
        const { objects, problems } = manifest(text);
        expect(problems).toEqual([]);
        expect(objects.map(labelOf)).toEqual(["configmap-a", "pod-x", "secret-x"]);
        expect(manifest("")).toEqual({ objects: [], problems: [] });
    });

    test.each([
        ["0644", 420],
        ["on", true],
        ["'on'", "on"],
        ["22:22", "22:22"],
        ["80:30:00", "80:30:00"],
        ["2001-01-01", "2001-01-01"],
        ["1e3", 1000],
        ["1.10", 1.1],
        ["~", null],
        ["|\n    a\n", "a\n"],
    ])("%s is read as Kubernetes reads it", (written, read) => {
        expect(manifest(`${configMap("a")}data: ${written}\n`).objects[0]?.["data"]).toEqual(read);
    });

    test.each([
        ["a: [", /^document 1: /],
        ["just text", /^document 1: got "just text"; expected an object with apiVersion/],
        [
            "kind: Pod\nmetadata: {name: a}",
            /^document 1: apiVersion: got nothing; expected a version/,
        ],
        ["apiVersion: v1\nkind: Pod\nmetadata: {generateName: a}", /metadata.name: got nothing/],
        [`${configMap("a")}---\n- 1\n`, /^document 2: got \[1\]; expected an object/],
        ["a: &a [x]\nb: {<<: *b}", /^document 1: /],
    ])("%j is refused", (text, expected) => {
        const { problems } = manifest(text);
        expect(problems[0]).toMatch(expected);
    });

    test("all problems at once", () => {
        expect(manifest("kind: 1\n---\na: [\n---\nx: 1\n").problems.length).toBeGreaterThanOrEqual(
            6,
        );
    });

    test("what was written as YAML or JSON is read back", () => {
        const named = fc.record(
            {
                apiVersion: fc.constantFrom("v1", "apps/v1", "example.com/v1beta1"),
                kind: fc.constantFrom("ConfigMap", "Deployment", "Thing"),
                metadata: fc.record({ name: fc.stringMatching(/^[a-z0-9]{1,9}$/) }),
                data: fc.dictionary(
                    fc.stringMatching(/^[a-z]{1,5}$/),
                    fc.oneof(
                        fc.string(),
                        fc.integer(),
                        fc.boolean(),
                        fc.constant("yes"),
                        fc.constant("0644"),
                    ),
                ),
            },
            { noNullPrototype: true },
        );
        fc.assert(
            fc.property(fc.array(named, { maxLength: 4 }), (all) => {
                const yaml = all.map((each) => stringify(each, { version: "1.1" })).join("---\n");
                const json = JSON.stringify({ apiVersion: "v1", kind: "List", items: all });
                const plain = JSON.parse(JSON.stringify(all)) as unknown;
                expect(parseManifest(yaml)).toEqual({ objects: plain, problems: [] });
                expect(parseManifest(json)).toEqual({ objects: plain, problems: [] });
            }),
        );
    });
});

test("tokens, labels and identities", () => {
    const placed = { ...object("apps/v1", "Deployment"), metadata: { name: "x", namespace: "n" } };
    expect(tokenOf(object("v1", "Pod"))).toBe("kubernetes:core/v1:Pod");
    expect(tokenOf(placed)).toBe("kubernetes:apps/v1:Deployment");
    expect(otherTokensOf(placed)).toContain("kubernetes:apps/v1beta2:Deployment");
    expect(otherTokensOf(placed)).not.toContain(tokenOf(placed));
    // Those of the core have one version.
    expect(otherTokensOf(object("v1", "Pod"))).toEqual([]);
    expect(labelOf(placed)).toBe("deployment-n/x");
    expect(identityOf(placed)).toBe("apps/deployment-n/x");
    // Another version of an object is the same object.
    expect(identityOf(object("a.io/v1", "A"))).toBe(identityOf(object("a.io/v2", "A")));
});

test("the plugin is that of the npm package", () => {
    const lock = fs.readFileSync(path.resolve(__dirname, "../../package-lock.json"), "utf8");
    const { packages } = JSON.parse(lock) as {
        packages: Record<string, { version?: string; dependencies?: Record<string, string> }>;
    };
    expect(packages["node_modules/@pulumi/kubernetes"]?.version).toBe(pluginVersion);
    expect(packages[""]?.dependencies?.["@pulumi/kubernetes"]).toBe(pluginVersion);
});

describe("order", () => {
    test.each([
        ["v1", "Namespace", 0],
        ["apiextensions.k8s.io/v1", "CustomResourceDefinition", 0],
        ["v1", "ServiceAccount", 1],
        ["rbac.authorization.k8s.io/v1", "ClusterRoleBinding", 1],
        ["networking.k8s.io/v1", "NetworkPolicy", 1],
        ["apps/v1", "Deployment", 2],
        ["v1", "Service", 2],
        ["v1", "PersistentVolumeClaim", 2],
        ["apiregistration.k8s.io/v1", "APIService", 3],
        ["admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", 3],
        ["operator.tigera.io/v1", "Installation", 4],
        ["snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", 4],
        ["gateway.networking.k8s.io/v1", "Gateway", 4],
        // A kind of the same name as one of Kubernetes' own.
        ["projectcalico.org/v3", "NetworkPolicy", 4],
    ])("%s %s", (apiVersion, kind, phase) => {
        expect(phaseOf({ apiVersion, kind })).toBe(phase);
    });

    test("nothing is lost or doubled, phases ascend, and the given order holds within them", () => {
        const kinds = fc.constantFrom(
            ...["v1 Namespace", "v1 ConfigMap", "apps/v1 Deployment", "v1 Pod", "a.io/v1 Thing"],
        );
        fc.assert(
            fc.property(fc.array(kinds), (all) => {
                const objects = all.map((each, index) => {
                    const [apiVersion = "", kind = ""] = each.split(" ");
                    return { apiVersion, kind, index };
                });
                const groups = inPhases(objects);
                const phases = groups.map((group) => phaseOf(group[0] ?? object("", "")));
                expect(phases).toEqual([...new Set(phases)].sort());
                expect(
                    groups
                        .flat()
                        .map(({ index }) => index)
                        .sort((a, b) => a - b),
                ).toEqual(objects.map(({ index }) => index));
                for (const group of groups) {
                    const indices = group.map(({ index }) => index);
                    expect(indices).toEqual([...indices].sort((a, b) => a - b));
                }
            }),
        );
    });
});

describe("images", () => {
    test.each([
        ["nginx", "docker.io/library/nginx"],
        ["nginx:1.27", "docker.io/library/nginx:1.27"],
        ["calico/node:v3", "docker.io/calico/node:v3"],
        ["quay.io/a/b@sha256:0", "quay.io/a/b@sha256:0"],
        ["localhost/a", "localhost/a"],
        ["host:5000/a", "host:5000/a"],
    ])("the full name of %s is %s", (image, full) => {
        expect(fullImageName(image)).toBe(full);
    });

    const rules = {
        registryMirrors: {
            "docker.io": "mirror.example/hub",
            "docker.io/calico": "mirror.example:5000/calico",
            "registry.k8s.io": "mirror.example/k8s",
        },
        imageMap: { "docker.io/library/nginx:1": "local/nginx:dev", "quay.io/a:1": "a:1" },
    };
    test.each([
        ["nginx:1", "local/nginx:dev"],
        ["nginx:2", "mirror.example/hub/library/nginx:2"],
        ["calico/node:v3", "mirror.example:5000/calico/node:v3"],
        ["registry.k8s.io/a/b:1", "mirror.example/k8s/a/b:1"],
        // Not a registry that only begins alike.
        ["registry.k8s.io.example/a:1", "registry.k8s.io.example/a:1"],
        ["quay.io/a:1", "a:1"],
        ["quay.io/a:2", "quay.io/a:2"],
        ["constructor", "mirror.example/hub/library/constructor"],
    ])("%s comes from %s", (image, instead) => {
        expect(rewriteImage(image, rules)).toBe(instead);
    });

    test("without rules every image stays as it is written", () => {
        const none = { registryMirrors: {}, imageMap: {} };
        fc.assert(fc.property(fc.string(), (image) => rewriteImage(image, none) === image));
    });

    const template = {
        spec: {
            initContainers: [{ name: "i", image: "a:1" }],
            containers: [{ name: "c", image: "b:1", imagePullPolicy: "Always" }, { name: "none" }],
            volumes: [
                { name: "v", image: { reference: "c:1", pullPolicy: "Always" } },
                { name: "e", emptyDir: {} },
            ],
        },
    };
    test("they are found in pods, templates, lists of claims and custom resources", () => {
        const found = (value: KubernetesObject) =>
            imageFields(value)
                .map(({ holder, key }) => holder[key])
                .sort();
        expect(found(object("v1", "Pod", "x", template))).toEqual(["a:1", "b:1", "c:1"]);
        const cronJob = { spec: { jobTemplate: { spec: { template } } } };
        expect(found(object("batch/v1", "CronJob", "x", cronJob))).toEqual(["a:1", "b:1", "c:1"]);
        expect(found(object("v1", "ConfigMap", "x", template))).toEqual([]);
        expect(found(object("v1", "Service", "x", { spec: { containers: "text" } }))).toEqual([]);
    });

    test("a rewritten object is a copy, with the pull policy that is asked for", () => {
        const pod = object("v1", "Pod", "x", template);
        const before = JSON.stringify(pod);
        const copy = withImages(pod, (image) => `m/${String(image)}`, "Never");
        expect(JSON.stringify(pod)).toBe(before);
        expect(copy["spec"]).toEqual({
            initContainers: [{ name: "i", image: "m/a:1", imagePullPolicy: "Never" }],
            containers: [{ name: "c", image: "m/b:1", imagePullPolicy: "Never" }, { name: "none" }],
            volumes: [
                { name: "v", image: { reference: "m/c:1", pullPolicy: "Never" } },
                { name: "e", emptyDir: {} },
            ],
        });
        expect(withImages(pod, (image) => image)).toEqual(pod);
    });
});
