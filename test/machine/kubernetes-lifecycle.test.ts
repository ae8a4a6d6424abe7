/** The life of objects: made, changed, seen to drift, fought over, taken over, gone. */
import { ScratchStack, UpResult } from "../support/engine";
import { clusterSuite, differs, either, stackOn, withStack } from "./kubernetes-support";

const crd = `
const crd = new k8s.apiextensions.v1.CustomResourceDefinition("crd", {
    metadata: { name: "things.example.com" },
    spec: {
        group: "example.com", scope: "Cluster", names: { plural: "things", kind: "Thing" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", x_kubernetes_preserve_unknown_fields: true } },
        } } }],
    },
}, opts);
`;

clusterSuite("life of objects", (plane) => {
    describe("a program with a namespace of its own", () => {
        let stack: ScratchStack;
        let first: UpResult;
        let outputs: Record<string, string>;

        beforeAll(async () => {
            stack = await stackOn(
                plane(),
                `
const ns = new v1.Namespace("ns", {}, opts);
const metadata = { namespace: ns.metadata.name };
const cm = new v1.ConfigMap("cm", { metadata, data: { a: "1" } }, opts);
new v1.Secret("typed", { metadata, stringData: { key: pulumi.secret("plain-sesame") } }, opts);
new v1.Secret("encoded", { metadata, data: { key: "c2VzYW1l" } }, opts);
const service = new v1.Service("service", { metadata, spec: { clusterIP: "None", ports: [{ port: 80 }] } }, opts);
const address = new v1.Service("address", {
    metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
    spec: { selector: { app: "none" }, ports: [{ port: 80 }] },
}, opts);
${crd}
new k8s.apiextensions.CustomResource("thing", {
    apiVersion: "example.com/v1", kind: "Thing", spec: { count: 3, ratio: 1.5, on: true, list: ["a"] },
}, { ...opts, dependsOn: crd });
new k8s.yaml.ConfigGroup("yaml", { yaml: [
    "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: from-yaml, namespace: default}\\ndata: {b: '2'}\\n---\\n",
    "apiVersion: v1\\nkind: ServiceAccount\\nmetadata: {name: from-yaml, namespace: default}\\n",
] }, opts);
export const namespace = ns.metadata.name;
export const id = cm.id;
export const name = cm.metadata.name;
export const ip = address.spec.clusterIP;
`,
            );
            first = await stack.up();
            outputs = (await stack.outputs()) as Record<string, string>;
        });
        afterAll(() => stack.dispose());

        test("objects get a name from their resource and an id with their namespace", () => {
            expect(outputs.namespace).toMatch(/^ns-[0-9a-f]{8}$/);
            expect(outputs.name).toMatch(/^cm-[0-9a-f]{8}$/);
            expect(outputs.id).toBe(`${outputs.namespace}/${outputs.name}`);
            const live = plane().get("cm", outputs.name ?? "", outputs.namespace);
            expect(live?.data).toEqual({ a: "1" });
            expect(live?.metadata.annotations).toEqual({ "pulumi.com/autonamed": "true" });
        });

        test("what the server fills in is an output", () => {
            expect(outputs.ip).toMatch(/^10\.100\.0\.\d+$/);
        });

        test("secrets are secret in the state, in any spelling", () => {
            const state = stack.rawState();
            for (const text of [
                "plain-sesame",
                "c2VzYW1l",
                Buffer.from("plain-sesame").toString("base64"),
            ]) {
                expect(state).not.toContain(text);
                expect(first.printed).not.toContain(text);
            }
        });

        test("a custom resource keeps its numbers, and its definition its extensions", () => {
            const things = JSON.parse(plane().kubectl("get", "things", "-o", "json")) as {
                items: { spec: unknown }[];
            };
            expect(things.items.map((i) => i.spec)).toEqual([
                { count: 3, ratio: 1.5, on: true, list: ["a"] },
            ]);
        });

        test("YAML makes objects", () => {
            expect(plane().get("cm", "from-yaml")?.data).toEqual({ b: "2" });
            expect(plane().get("sa", "from-yaml")).toBeDefined();
        });

        test("a second run has nothing to do, nor has a refresh", async () => {
            expect((await stack.preview()).changed).toEqual([]);
            await stack.refresh();
            expect((await stack.preview()).changed).toEqual([]);
        });

        differs(
            "field manager of a create",
            "each resource owns its fields under a name of its own",
            () => {
                const managers = plane().get("cm", outputs.name ?? "", outputs.namespace)?.metadata
                    .managedFields;
                expect(managers).toEqual([
                    expect.objectContaining({
                        operation: "Apply",
                        manager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/) as string,
                    }),
                ]);
            },
        );

        test("a refresh sees drift, and the next run mends it", async () => {
            const cm = ["cm", outputs.name ?? "", "-n", outputs.namespace ?? ""];
            plane().kubectl("delete", ...cm);
            const refreshed = await stack.refresh();
            expect(refreshed.step("cm").op).toBe("delete");
            expect((await stack.preview()).step("cm").op).toBe("create");
            await stack.up();
            const now = (await stack.outputs()) as Record<string, string>;
            expect(plane().get("cm", now.name ?? "", now.namespace)?.data).toEqual({ a: "1" });
        });

        test("destroy leaves nothing, and does not miss what is gone already", async () => {
            plane().kubectl("delete", "sa", "from-yaml");
            await stack.destroy();
            for (const [kind, name] of [
                ["ns", outputs.namespace],
                ["cm", "from-yaml"],
                ["crd", "things.example.com"],
            ] as const) {
                expect(plane().get(kind, name ?? "")).toBeUndefined();
            }
        });
    });

    test("the provider's namespace is for what names none and lives in one", async () => {
        await withStack(
            plane(),
            `
const inPublic = new k8s.Provider("public", {
    kubeconfig: env.KUBECONFIG_PATH, namespace: "kube-public", clusterIdentifier: "one",
});
const opts2 = { provider: inPublic };
new v1.ConfigMap("none", { metadata: { name: "none" } }, opts2);
new v1.ConfigMap("own", { metadata: { name: "own", namespace: "default" } }, opts2);
new v1.Namespace("wide", { metadata: { name: "wide" } }, opts2);
${crd.replace("}, opts);", "}, opts2);")}
new k8s.apiextensions.CustomResource("thing", {
    apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "wide" },
}, { ...opts2, dependsOn: crd });`,
            async (stack) => {
                await stack.up();
                const ids = Object.fromEntries(
                    ((await stack.exportState()).deployment.resources ?? []).map((r) => [
                        r.urn.split("::").pop() ?? "",
                        r.id,
                    ]),
                );
                expect(ids).toMatchObject({
                    none: "kube-public/none",
                    own: "default/own",
                    wide: "wide",
                    thing: "wide",
                });
                expect((await stack.preview()).changed).toEqual([]);
            },
        );
    });

    test("fields of others: the message says whose, an annotation takes them over", async () => {
        await withStack(
            plane(),
            `
new k8s.apps.v1.Deployment("d", {
    metadata: { name: "fought", annotations: env.FORCE ? { "pulumi.com/patchForce": "true" } : {} },
    spec: {
        replicas: 0, selector: matches("fought"), template: template("fought"),
        minReadySeconds: Number(env.SECONDS ?? "0"),
    },
}, opts);`,
            async (stack) => {
                await stack.up();
                const patch = '{"spec":{"minReadySeconds":7}}';
                plane().kubectl(
                    "patch",
                    "deployment",
                    "fought",
                    "--field-manager=rival",
                    "-p",
                    patch,
                );
                const env = { SECONDS: "3" };
                const failed = await stack.up({ env, expectFailure: true });
                const text = failed.errors.join("\n");
                expect(text).toContain("rival");
                expect(text).toContain("spec.minReadySeconds");
                expect(text).toMatch(
                    either("words of messages", /pulumi.com\/patchForce/, /server-side-apply/),
                );
                await stack.up({ env: { ...env, FORCE: "1" } });
                expect(plane().get("deployment", "fought")?.spec).toMatchObject({
                    minReadySeconds: 3,
                });
            },
        );
    });

    test("a field of ignoreChanges stays as others have it", async () => {
        await withStack(
            plane(),
            `
new k8s.apps.v1.Deployment("d", {
    metadata: { name: "shared" },
    spec: {
        replicas: 0, selector: matches("shared"), template: template("shared"),
        revisionHistoryLimit: 5, minReadySeconds: Number(env.SECONDS ?? "0"),
    },
}, { ...opts, ignoreChanges: ["spec.revisionHistoryLimit"] });`,
            async (stack) => {
                await stack.up();
                plane().kubectl(
                    ...["patch", "deployment", "shared", "--field-manager=rival"],
                    ...["-p", '{"spec":{"revisionHistoryLimit":7}}'],
                );
                const env = { SECONDS: "3" };
                expect((await stack.preview({ env })).warnings).toEqual([]);
                await stack.up({ env });
                expect(plane().get("deployment", "shared")?.spec).toMatchObject({
                    minReadySeconds: 3,
                    revisionHistoryLimit: 7,
                });
                expect((await stack.preview({ env })).changed).toEqual([]);
            },
        );
    });

    test("what exists already is not taken, but can be imported", async () => {
        plane().kubectl("create", "configmap", "theirs", "--from-literal=a=1");
        await withStack(
            plane(),
            `
new v1.ConfigMap("cm", { metadata: { name: "theirs", namespace: "default" }, data: { a: "1" } },
    { ...opts, import: env.IMPORT });`,
            async (stack) => {
                const refused = await stack.up({ expectFailure: true });
                expect(refused.errors.join("\n")).toMatch(/exists/);
                const imported = await stack.up({ env: { IMPORT: "default/theirs" } });
                expect(imported.step("cm").op).toBe("import");
                expect((await stack.preview()).changed).toEqual([]);
            },
        );
        expect(plane().get("cm", "theirs")).toBeUndefined();
    });

    differs(
        "partial import",
        "an import needs only the fields that the program is about",
        async () => {
            plane().kubectl("create", "deployment", "ready-made", "--image=x:1", "--replicas=0");
            await withStack(
                plane(),
                `
new k8s.apps.v1.Deployment("d", {
    metadata: { name: "ready-made" },
    spec: { selector: matches("ready-made"), template: {
        metadata: { labels: { app: "ready-made" } }, spec: { containers: [{ name: "x", image: "x:1" }] },
    } },
}, { ...opts, import: "default/ready-made", customTimeouts: { update: "10s" } });`,
                async (stack) => {
                    const { uid } = plane().get("deployment", "ready-made")?.metadata ?? {};
                    const imported = await stack.up();
                    expect([imported.step("d").op, imported.warnings]).toEqual(["import", []]);
                    expect(plane().get("deployment", "ready-made")?.metadata.uid).toBe(uid);
                    expect((await stack.preview()).changed).toEqual([]);
                },
            );
        },
    );

    test("what the real plugin created can be changed: its fields are taken over", async () => {
        await withStack(
            plane(),
            `
new v1.ConfigMap("cm", {
    metadata: { name: "handed-over", labels: { a: env.LABEL ?? "1" } }, data: { a: "1" },
}, { ...opts, import: env.IMPORT });`,
            async (stack) => {
                const manifest = stack.write(
                    "cm.yaml",
                    "apiVersion: v1\nkind: ConfigMap\ndata: {a: '1'}\n" +
                        "metadata: {name: handed-over, labels: {a: '1'}}\n",
                );
                plane().kubectl(...["create", "--field-manager=pulumi-kubernetes", "-f", manifest]);
                await stack.up({ env: { IMPORT: "default/handed-over" } });
                await stack.up({ env: { LABEL: "2" } });
                expect(plane().get("cm", "handed-over")?.metadata).toMatchObject({
                    labels: { a: "2" },
                });
            },
        );
    });

    test("what the server would refuse is an error of the preview", async () => {
        await withStack(
            plane(),
            `new v1.Service("s", { spec: { ports: [{ port: 70000 }] } }, opts);`,
            async (stack) => {
                const preview = await stack.preview({ expectFailure: true });
                expect(preview.errors.join("\n")).toMatch(/spec\.ports\[0\]\.port.*70000/);
            },
        );
    });

    test("outputs that the server makes anew for each request are unknown in a preview", async () => {
        await withStack(
            plane(),
            `
const s = new v1.Service("s", { spec: { ports: [{ port: 80 }] } }, opts);
new v1.ConfigMap("known", { data: { a: s.metadata.name } }, opts);
new v1.ConfigMap("unknown", { data: { a: s.spec.clusterIP } }, opts);`,
            async (stack) => {
                const preview = await stack.preview();
                const given = (name: string) => preview.step(name).newInputs?.data as { a: string };
                expect(given("known").a).toMatch(/^s-[0-9a-f]{8}$/);
                expect(given("unknown").a).toMatch(
                    either("outputs of dry runs", /^04da6b54-/, /^10\.100\.0\.\d+$/),
                );
            },
        );
    });
});
