/** The Addon on a real control plane: made, seen unchanged, changed, refused, gone. It has no nodes, so no pod runs. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { sha256 } from "../../components/internal/hash";
import { ControlPlane } from "../support/control-plane";
import { ScratchStack } from "../support/engine";
import { addonStack, configMap, program } from "./addons-support";
import { clusterSuite } from "./kubernetes-support";

const thingDefinition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gadgets.example.com" },
    spec: {
        ...{ group: "example.com", scope: "Namespaced" },
        names: { plural: "gadgets", kind: "Gadget" },
        versions: [
            {
                ...{ name: "v1", served: true, storage: true },
                schema: {
                    openAPIV3Schema: {
                        type: "object",
                        properties: {
                            spec: { type: "object", properties: { size: { type: "integer" } } },
                        },
                    },
                },
            },
        ],
    },
};

clusterSuite("add-ons", (plane) => {
    describe("Addon", () => {
        addonTests(plane);
    });
    describe("an Addon that the cluster refuses", () => {
        refusalTests(plane);
    });
    test("another version of its API leaves the object what it is", async () => {
        const [version] = thingDefinition.spec.versions;
        const definition = {
            ...{ ...thingDefinition, metadata: { name: "widgets.example.com" } },
            spec: {
                ...{ ...thingDefinition.spec, names: { plural: "widgets", kind: "Widget" } },
                versions: [version, { ...version, name: "v1beta1", storage: false }],
            },
        };
        const stack = await addonStack(
            plane(),
            `
new kubedev.Addon("addon", { kubeconfig, objects: [{
    apiVersion: "example.com/" + (env.API_VERSION ?? "v1beta1"), kind: "Widget",
    metadata: { name: "w", namespace: "default" }, spec: { size: env.API_VERSION ? 2 : 1 },
}] });
`,
        );
        const env = { API_VERSION: "v1" };
        const uid = () => plane().get("widgets.v1.example.com", "w")?.metadata.uid;
        const file = stack.write("definition.json", JSON.stringify(definition));
        plane().kubectl("apply", "-f", file);
        try {
            plane().kubectl("wait", "--for=condition=Established", "crd/widgets.example.com");
            await stack.up();
            const made = uid();
            expect(made).toBeDefined();
            const preview = await stack.preview({ env });
            expect(preview.ops()).toEqual({ addon: "update", "addon-widget-default/w": "update" });
            await stack.up({ env });
            expect(uid()).toBe(made);
            expect(plane().get("widgets", "w")?.spec).toEqual({ size: 2 });
            expect((await stack.preview({ env })).changed).toEqual([]);
            await stack.destroy();
            expect(uid()).toBeUndefined();
        } finally {
            await stack.dispose();
            plane().kubectl("delete", "crd", "widgets.example.com");
        }
    });
    test("what comes from a secret, and the data of a Secret, is secret in the state", async () => {
        const stack = await addonStack(
            plane(),
            `
const metadata = (name: string) => ({ name, namespace: "default" });
new kubedev.Addon("whole", { kubeconfig, objects: pulumi.secret([
    { apiVersion: "v1", kind: "ConfigMap", metadata: metadata("whole"), data: { a: "sesame-one" } },
]) });
new kubedev.Addon("late", { kubeconfig, objects: pulumi.output([
    { apiVersion: "v1", kind: "Secret", metadata: metadata("late"), stringData: { a: "sesame-two" } },
]) });
new kubedev.Addon("field", { kubeconfig, objects: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: metadata("field"), data: { a: pulumi.secret("sesame-three") } },
] });
`,
        );
        try {
            const up = await stack.up();
            expect(plane().get("cm", "whole")?.data).toEqual({ a: "sesame-one" });
            expect(plane().get("cm", "field")?.data).toEqual({ a: "sesame-three" });
            const all = [stack.rawState(), up.printed].join("\n");
            expect(/sesame-\w+/.exec(all)?.[0]).toBeUndefined();
            expect(all.includes(Buffer.from("sesame-two").toString("base64"))).toBe(false);
            expect((await stack.preview()).changed).toEqual([]);
            await stack.destroy();
            expect(plane().get("cm", "whole")).toBeUndefined();
        } finally {
            await stack.dispose();
        }
    });
});

function addonTests(plane: () => ControlPlane) {
    let stack: ScratchStack;
    const files = () => ({
        manifest: path.join(stack.dir, "m.yaml"),
        folder: path.join(stack.dir, "folder"),
        definition: path.join(stack.dir, "definition.json"),
    });
    beforeAll(async () => {
        const definition = JSON.stringify(thingDefinition);
        stack = await addonStack(
            plane(),
            `
const addon = new kubedev.Addon("addon", {
    kubeconfig, instanceId: env.INSTANCE_ID ?? "one", namespace: "addon-test",
    objects: [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "addon-test" } },
        { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { key: "plain-sesame" } },
        { apiVersion: "example.com/v1", kind: "Gadget", metadata: { name: "g" }, spec: { size: 3 } },
        { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" }, spec: {
            selector: { matchLabels: { app: "d" } },
            template: { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "c", image: "nginx:1" }] } },
        } },
    ],
    manifestFiles: [__dirname + "/m.yaml"],
    manifests: [{ url: "file://" + __dirname + "/definition.json", sha256: "${sha256(definition)}" }],
    kustomizeFolder: __dirname + "/folder",
    kubectlPath: "${plane().binary("kubectl")}",
    registryMirrors: { "docker.io": "mirror.example/hub" },
}, noWait);
export const images = addon.images;
export const names = addon.objectNames;
`,
        );
        stack.write("definition.json", definition);
        stack.write("m.yaml", JSON.stringify(configMap("from-file", { mode: "1" })));
        stack.write("folder/kustomization.yaml", "namePrefix: built-\nresources: [c.json]\n");
        // More than a pipe or a line of a log takes.
        const much = { a: "x".repeat(200_000) };
        stack.write("folder/c.json", JSON.stringify(configMap("much", much)));
    });
    afterAll(() => stack.dispose());

    test("a preview makes nothing, and knows images and objects, but for what is not downloaded", async () => {
        const preview = await stack.preview();
        expect(preview.ops()).toMatchObject({
            "addon-namespace-addon-test": "create",
            "addon-configmap-built-much": "create",
            "addon-gadget-g": "create",
        });
        expect(preview.step("addon-deployment-d").newInputs?.["spec"]).toMatchObject({
            template: { spec: { containers: [{ image: "mirror.example/hub/library/nginx:1" }] } },
        });
        expect(preview.ops()).not.toHaveProperty(
            "addon-customresourcedefinition-gadgets.example.com",
        );
        expect(preview.warnings.join("\n")).toContain("has not been downloaded yet");
        expect(plane().get("ns", "addon-test")).toBeUndefined();
    });

    test("up makes them in order; then nothing changes", async () => {
        const up = await stack.up();
        const made = up.sequence.filter((step) => /^create addon-/.test(step));
        const at = (label: string) => made.indexOf(`create addon-${label}`);
        expect(at("namespace-addon-test")).toBeGreaterThanOrEqual(0);
        expect(at("namespace-addon-test")).toBeLessThan(at("secret-s"));
        expect(at("secret-s")).toBeLessThan(at("deployment-d"));
        expect(at("deployment-d")).toBeLessThan(at("gadget-g"));
        expect(await stack.outputs()).toEqual({
            images: ["mirror.example/hub/library/nginx:1"],
            names: [
                "configmap-built-much",
                "configmap-from-file",
                "customresourcedefinition-gadgets.example.com",
                "deployment-d",
                "gadget-g",
                "namespace-addon-test",
                "secret-s",
            ],
        });
        expect(plane().get("cm", "built-much", "addon-test")?.data?.["a"]).toHaveLength(200_000);
        expect(plane().get("gadget", "g", "addon-test")?.spec).toEqual({ size: 3 });
        expect((await stack.preview()).changed).toEqual([]);
        for (const secret of ["plain-sesame", plane().kubeconfigText.slice(-200)]) {
            const written = JSON.stringify(secret).slice(1, -1);
            expect([stack.rawState(), up.printed].map((t) => t.includes(written))).toEqual([
                false,
                false,
            ]);
        }
    });

    test("another kubeconfig of the same cluster changes no object; another cluster takes all anew", async () => {
        const text = plane().kubeconfigText.replace(/kubernetes-super-admin/g, "someone");
        const same = await stack.preview({ env: { KUBECONFIG_TEXT: text } });
        expect(same.ops()).toEqual({ addon: "update", "addon-cluster": "update" });
        const other = await stack.preview({ env: { INSTANCE_ID: "two" } });
        expect(other.ops()).toMatchObject({
            "addon-deployment-d": "replace",
            "addon-namespace-addon-test": "replace",
        });
        expect(other.ops()["addon-cluster"] ?? "same").toBe("same");
    });

    test("a change is of that object alone; what is left out is removed", async () => {
        stack.write("m.yaml", JSON.stringify(configMap("from-file", { mode: "2" })));
        const first = await stack.up();
        expect(first.ops()).toEqual({ "addon-configmap-from-file": "replace" });
        expect(plane().get("cm", "from-file", "addon-test")?.data).toEqual({ mode: "2" });
        stack.write("m.yaml", "# nothing\n");
        expect((await stack.up()).ops()).toMatchObject({ "addon-configmap-from-file": "delete" });
        expect(plane().get("cm", "from-file", "addon-test")).toBeUndefined();
        expect((await stack.preview()).changed).toEqual([]);
    });

    test("what cannot be read or built ends the preview, before anything is touched", async () => {
        fs.writeFileSync(files().manifest, "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n");
        const unnamed = await stack.preview({ expectFailure: true });
        expect(unnamed.errors.join("\n")).toContain(
            "m.yaml: document 1: metadata.name: got nothing; expected a name",
        );
        fs.writeFileSync(files().manifest, "");
        fs.writeFileSync(path.join(files().folder, "kustomization.yaml"), "resources: [none]\n");
        const unbuilt = await stack.preview({ expectFailure: true });
        expect(unbuilt.errors.join("\n")).toMatch(/kustomize .*folder failed: .*none/);
        stack.write("folder/kustomization.yaml", "namePrefix: built-\nresources: [c.json]\n");
        expect((await stack.preview()).changed).toEqual([]);
    });

    test("destroy removes all", async () => {
        await stack.destroy();
        expect((await stack.exportState()).deployment.resources ?? []).toEqual([]);
        expect(plane().get("ns", "addon-test")).toBeUndefined();
        expect(plane().get("crd", "gadgets.example.com")).toBeUndefined();
    });
}

function refusalTests(plane: () => ControlPlane) {
    const refused = async (object: object) => {
        const stack = await addonStack(
            plane(),
            `new kubedev.Addon("addon", { kubeconfig, timeoutSec: 60, objects: [${JSON.stringify(object)}] });`,
        );
        try {
            const result = await stack.up({ expectFailure: true });
            // Nothing is left once it is given up.
            await stack.destroy();
            expect((await stack.exportState()).deployment.resources ?? []).toEqual([]);
            return result;
        } finally {
            await stack.dispose();
        }
    };

    test("a field that does not exist is named", async () => {
        const { errors } = await refused({
            ...{ apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "default" } },
            spec: { ports: [{ port: 80, prot: 1 }] },
        });
        expect(errors.join("\n")).toMatch(/prot/);
        expect(plane().get("svc", "s")).toBeUndefined();
    });

    test("a webhook that does not answer ends the run in bounded time, with its name", async () => {
        // Takes connections, says nothing.
        const mute = net.createServer(() => undefined);
        await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
        const { port } = mute.address() as net.AddressInfo;
        const webhook = {
            apiVersion: "admissionregistration.k8s.io/v1",
            kind: "ValidatingWebhookConfiguration",
            metadata: { name: "mute" },
            webhooks: [
                {
                    ...{ name: "mute.example.com", sideEffects: "None", timeoutSeconds: 2 },
                    admissionReviewVersions: ["v1"],
                    clientConfig: { url: `https://127.0.0.1:${String(port)}/` },
                    rules: [
                        {
                            ...{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"] },
                            resources: ["configmaps"],
                        },
                    ],
                    namespaceSelector: {
                        matchLabels: { "kubernetes.io/metadata.name": "default" },
                    },
                },
            ],
        };
        const file = path.join(path.dirname(plane().kubeconfig), "webhook.json");
        fs.writeFileSync(file, JSON.stringify(webhook));
        plane().kubectl("apply", "-f", file);
        try {
            const result = await refused(configMap("blocked", {}, { namespace: "default" }));
            expect(result.errors.join("\n")).toContain("mute.example.com");
            expect(result.durationMs).toBeLessThan(60_000);
            expect(plane().get("cm", "blocked")).toBeUndefined();
        } finally {
            plane().kubectl("delete", "-f", file);
            mute.close();
        }
    });
}

describe("an Addon without its cluster", () => {
    test("a preview says so soon, and shows what is to be made", async () => {
        const text = JSON.stringify({
            ...{ apiVersion: "v1", kind: "Config", "current-context": "c" },
            contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
            // Port 1 of loopback: nobody listens there.
            clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
            users: [{ name: "u", user: {} }],
        });
        const stack = await ScratchStack.create({
            program: program(
                `new kubedev.Addon("addon", { kubeconfig, objects: [${JSON.stringify(configMap("x", {}))}] });`,
            ),
            env: { KUBECONFIG: undefined, KUBECONFIG_TEXT: text },
        });
        try {
            const preview = await stack.preview();
            expect(preview.ops()).toMatchObject({ "addon-configmap-x": "create" });
            expect(preview.stdout).toMatch(/unreachable|cannot be reached/);
            expect(preview.durationMs).toBeLessThan(60_000);
        } finally {
            await stack.dispose();
        }
    });
});
