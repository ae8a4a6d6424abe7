/** What a change of each kind of object takes: an update in place, another object, or nothing. */
import { PreviewResult, ScratchStack } from "../support/engine";
import { clusterSuite, differs, either, stackOn, withStack } from "./kubernetes-support";

const body = `
const is2 = env.SPEC === "2";
const pick = <T>(one: T, two: T) => (is2 ? two : one);
const apps = k8s.apps.v1;
new v1.ConfigMap("data", { data: { a: pick("1", "2") } }, opts);
new v1.ConfigMap("named", { metadata: { name: "named" }, data: { a: pick("1", "2") } }, opts);
new v1.ConfigMap("labels", { metadata: { labels: { "a.b/c": pick("1", "2") } }, data: { a: "1" } }, opts);
new v1.ConfigMap("renamed", { metadata: { name: pick("old", "new") } }, opts);
new v1.ConfigMap("moved", { metadata: { name: "moved", namespace: pick("default", "kube-public") } }, opts);
new v1.ConfigMap("at-home", { metadata: pick({ name: "home" }, { name: "home", namespace: "default" }) }, opts);
new v1.ConfigMap("ignored", { metadata: { labels: { a: pick("1", "2") } } },
    { ...opts, ignoreChanges: ["metadata.labels"] });
new v1.Secret("secret", { stringData: { a: pick("1", "2") } }, opts);
const deployment = (name: string, spec: object, metadata: object = {}) =>
    new apps.Deployment(name, {
        metadata,
        spec: { replicas: 0, selector: matches("a"), template: template("a"), ...spec } as any,
    }, opts);
deployment("image", { template: template("a", pick("one:1", "two:2")) });
deployment("selector", {
    selector: { matchLabels: pick({ app: "a" }, { app: "b" }) }, template: template(pick("a", "b")),
});
deployment("added", pick({}, { minReadySeconds: 5 }));
deployment("removed", pick({ minReadySeconds: 5 }, {}));
deployment("quantity", { template: { ...template("a"), spec: { containers: [{
    name: "main", image: "x:1", resources: { limits: { cpu: pick("1000m", "1") } },
}] } } });
new k8s.batch.v1.Job("job", {
    metadata: { annotations: { "pulumi.com/skipAwait": "true" } },
    spec: { suspend: true, template: {
        spec: { restartPolicy: "Never", containers: [{ name: "main", image: pick("one:1", "two:2") }] },
    } },
}, opts);
new k8s.storage.v1.StorageClass("provisioner", { provisioner: pick("a.b/c", "d.e/f") }, opts);
new k8s.storage.v1.StorageClass("reclaim", { provisioner: "a.b/c", reclaimPolicy: env.RECLAIM ?? "Delete" }, opts);
new k8s.rbac.v1.RoleBinding("binding", {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: pick("one", "two") },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }],
}, opts);
new v1.Service("ports", { spec: { ports: pick([{ port: 80 }], [{ port: 80, name: "a" }, { port: 81, name: "b" }]) } }, opts);
`;

clusterSuite("changes", (plane) => {
    let stack: ScratchStack;
    let same: PreviewResult;
    let refreshed: PreviewResult;
    let changed: PreviewResult;
    const second = { SPEC: "2", RECLAIM: either("immutable fields", "Retain", undefined) };
    const operation = (name: string) => [
        changed.step(name).op,
        ...Object.keys(changed.step(name).detailedDiff ?? {}),
    ];

    beforeAll(async () => {
        stack = await stackOn(plane(), body);
        await stack.up({ env: { SPEC: "1" } });
        same = await stack.preview({ env: { SPEC: "1" } });
        await stack.refresh({ env: { SPEC: "1" } });
        refreshed = await stack.preview({ env: { SPEC: "1" } });
        changed = await stack.preview({ env: second });
    });
    afterAll(() => stack.dispose());

    test("what did not change is not touched", () => {
        expect(same.changed).toEqual([]);
    });

    test("nor after a refresh, which knows the server's spelling", () => {
        expect(refreshed.changed).toEqual([]);
    });

    test.each([
        ["data", "replace", "data.a"],
        ["named", "replace", "data.a"],
        ["labels", "update", 'metadata.labels["a.b/c"]'],
        ["renamed", "replace", "metadata.name"],
        ["moved", "replace", "metadata.namespace"],
        ["at-home", "same"],
        ["ignored", "same"],
        ["quantity", "same"],
        ["secret", "replace", either("fields of secrets", "stringData.a", "data.a")],
        ["image", "update", "spec.template.spec.containers[0].image"],
        [
            "selector",
            "replace",
            "spec.selector.matchLabels.app",
            "spec.template.metadata.labels.app",
        ],
        ["added", "update", "spec.minReadySeconds"],
        ["removed", "update", "spec.minReadySeconds"],
        ["job", "replace", "spec.template.spec.containers[0].image"],
        ["provisioner", "replace", "provisioner"],
        ["binding", "replace", "roleRef.name"],
        ["ports", "update", "spec.ports[0].name", "spec.ports[1]"],
    ])("%s: %s", (name, ...expected) => {
        expect(operation(name)).toEqual(expected);
    });

    differs(
        "immutable fields",
        "a field that the server will not change takes another object",
        async () => {
            const preview = await stack.preview({ env: { SPEC: "1", RECLAIM: "Retain" } });
            const { op, detailedDiff } = preview.step("reclaim");
            expect([op, Object.keys(detailedDiff ?? {})]).toEqual(["replace", ["reclaimPolicy"]]);
        },
    );

    test("names: a chosen one is free before it is taken again, a made one is another", async () => {
        const old = plane().get("cm", "named");
        const result = await stack.up({ env: second });
        const order = (name: string) =>
            result.steps.filter((s) => s.name === name && s.op !== "same").map((s) => s.op);
        expect(order("named")).toEqual(["delete-replaced", "create-replacement"]);
        expect(order("data")).toEqual(["create-replacement", "delete-replaced"]);
        const now = plane().get("cm", "named");
        expect(now?.data).toEqual({ a: "2" });
        expect(now?.metadata.uid).not.toBe(old?.metadata.uid);
        expect(plane().get("cm", "moved", "kube-public")).toBeDefined();
        expect(plane().get("cm", "moved")).toBeUndefined();
        expect((await stack.preview({ env: second })).changed).toEqual([]);
    });

    test("a field that the program leaves out goes, one that it has comes", async () => {
        const state = (await stack.exportState()).deployment.resources ?? [];
        const seconds = (name: string) => {
            const id = state.find((r) => r.urn.endsWith(`::${name}`))?.id?.split("/")[1] ?? "";
            return plane().get("deployment", id)?.spec?.minReadySeconds;
        };
        await stack.up({ env: second });
        expect(seconds("added")).toBe(5);
        expect(seconds("removed")).toBeUndefined();
    });

    differs(
        "replaceOnChanges of a fixed name",
        "a replacement that the program wants",
        async () => {
            const body = `
new v1.ConfigMap("cm", { metadata: { name: "forced", labels: { a: env.A ?? "1" } } },
    { ...opts, replaceOnChanges: ["metadata.labels"] });`;
            await withStack(plane(), body, async (forced) => {
                await forced.up();
                const { steps } = await forced.up({ env: { A: "2" } });
                const ops = steps.filter((s) => s.name === "cm").map((s) => s.op);
                expect(ops).toEqual(["delete-replaced", "create-replacement"]);
                expect(plane().get("cm", "forced")).toBeDefined();
            });
        },
    );

    test("a definition is never replaced: that would take all objects of its kind", async () => {
        await withStack(
            plane(),
            `
new k8s.apiextensions.v1.CustomResourceDefinition("crd", {
    metadata: { name: "things.example.org" },
    spec: {
        group: "example.org", scope: env.SCOPE ?? "Cluster", names: { plural: "things", kind: "Thing" },
        versions: [{ name: "v1", served: true, storage: true,
            schema: { openAPIV3Schema: { type: "object" } } }],
    },
}, opts);`,
            async (crd) => {
                await crd.up();
                const env = { SCOPE: "Namespaced" };
                const preview = await crd.preview({ env, expectFailure: true });
                expect(preview.errors.join("\n")).toMatch(/spec\.scope.*immutable/);
            },
        );
    });
});
