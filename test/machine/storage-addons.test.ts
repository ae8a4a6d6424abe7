/**
 * Add-ons of storage on a real control plane without nodes: what is declared, not what drivers make of it. What is upstream's
 * is stood for by small definitions and a driver's Deployment of the test's own.
 */
import { sha256 } from "../../components/internal/hash";
import { ScratchStack } from "../support/engine";
import { accepted, addonStack, configMap, objectsOf } from "./addons-support";
import { clusterSuite } from "./kubernetes-support";

const text = { type: "string" };
const yesOrNo = { type: "boolean" };
const object = (properties: object) => ({ type: "object", properties });
const daemons = object({ count: { type: "integer" }, allowMultiplePerNode: yesOrNo });
/** The parts of Rook's own that we write, and nothing else: another field is refused. */
const rookDefinitions = [
    definition("CephCluster", "cephclusters", {
        cephVersion: object({ image: text }),
        dataDirHostPath: { ...text, pattern: "^/(\\S+)" },
        ...{ mon: daemons, mgr: daemons },
        crashCollector: object({ disable: yesOrNo }),
        dashboard: object({ enabled: yesOrNo }),
        security: object({ cephx: object({ csi: object({ keyType: text }) }) }),
        storage: object({ useAllNodes: yesOrNo, useAllDevices: yesOrNo, deviceFilter: text }),
        cephConfig: {
            type: "object",
            additionalProperties: { type: "object", additionalProperties: text },
        },
    }),
    definition("CephBlockPool", "cephblockpools", {
        name: { ...text, enum: [".mgr", ".rgw.root", ".nfs"] },
        failureDomain: text,
        replicated: object({
            size: { type: "integer", minimum: 0 },
            requireSafeReplicaSize: yesOrNo,
        }),
    }),
];
function definition(kind: string, plural: string, spec: object) {
    const schema = { openAPIV3Schema: object({ spec: object(spec) }) };
    return {
        ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
        metadata: { name: `${plural}.ceph.rook.io` },
        spec: {
            ...{ group: "ceph.rook.io", scope: "Namespaced", names: { plural, kind } },
            versions: [{ name: "v1", served: true, storage: true, schema }],
        },
    };
}
const driver = {
    ...{ apiVersion: "apps/v1", kind: "Deployment" },
    metadata: { name: "driver", namespace: "default" },
    spec: {
        ...{ replicas: 3, selector: { matchLabels: { app: "driver" } } },
        template: {
            metadata: { labels: { app: "driver" } },
            spec: { containers: [{ name: "driver", image: "driver:1" }] },
        },
    },
};
const list = (...items: object[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });
const manifests = {
    rbd: list(driver, configMap("ceph-config", {})),
    azure: list({ ...driver, metadata: { name: "azure-driver", namespace: "default" } }),
    rook: list(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "rook-ceph" } },
        ...rookDefinitions,
    ),
};
const manifest = (name: keyof typeof manifests) =>
    `[{ url: "file://" + __dirname + "/${name}.json", sha256: "${sha256(manifests[name])}" }]`;

const body = `
const changed = env.CHANGED;
const access = { kubeconfig, registryMirrors: { "registry.k8s.io": "mirror.example/k8s" } };
const rbd = new kubedev.RbdVolume("rbd", {
    ...access, manifests: ${manifest("rbd")}, rbdImage: changed === "volume" ? "bar" : "foo",
    monitors: changed === "settings" ? ["192.0.2.1:6789", "192.0.2.2:6789"] : ["192.0.2.1:6789"],
    userId: "dev", userKey: env.USER_KEY ?? "c2VzYW1l",
    ...(changed === "settings" ? { mountPath: "/mnt/other" } : {}),
}, noWait);
const azure = new kubedev.AzureDiskVolume("azure", {
    ...access, manifests: ${manifest("azure")}, cloudConfig: '{"tenantId":"sesame-tenant"}',
    ...(changed === "volume" ? { sku: kubedev.AzureDiskSku.PremiumLrs } : {}),
    ...(changed === "settings" ? { podImage: "registry.k8s.io/other:1" } : {}),
}, noWait);
const ceph = new kubedev.CephDemo("ceph", {
    ...access, manifests: ${manifest("rook")},
    deviceFilter: changed === "settings" ? "^vdc$" : "^vdb$",
    ...(changed === "volume" ? { fileSystem: kubedev.VolumeFileSystem.Xfs } : {}),
}, noWait);
export const claims = [rbd.claimName, azure.claimName];
export const checks = [rbd.mountCheck, azure.mountCheck, ceph.statusCommand];
export const pulled = [rbd, azure, ceph].map(({ images }) => images);
`;

clusterSuite("storage", (plane) => {
    let stack: ScratchStack;
    beforeAll(async () => {
        stack = await addonStack(plane(), body);
        for (const [name, content] of Object.entries(manifests)) {
            stack.write(`${name}.json`, content);
        }
    });
    afterAll(() => stack.dispose());

    test("a key that is none is refused, and not shown", async () => {
        const preview = await stack.preview({
            ...{ env: { USER_KEY: "open sesame" }, expectFailure: true },
        });
        expect(preview.errors.join("\n")).toMatch(
            /RbdVolume rbd: .*\n\s+userKey: .*expected a key/,
        );
        expect(preview.printed).not.toContain("open sesame");
    });

    test("up; the claim of the volume that is there is bound; then nothing changes", async () => {
        const up = await stack.up();
        const { claims, pulled } = await stack.outputs();
        const [rbd = "", azure = ""] = claims as string[];
        expect(pulled).toEqual([
            ["driver:1", "mirror.example/k8s/e2e-test-images/busybox:1.29-4"],
            ["driver:1", "mirror.example/k8s/e2e-test-images/busybox:1.29-4"],
            ["quay.io/ceph/ceph:v20.2.4"],
        ]);
        await plane().until(
            "the claim is bound",
            () => plane().get("pvc", rbd)?.status?.["phase"] === "Bound",
        );
        expect(plane().get("pvc", azure)?.status?.["phase"]).toBe("Pending");
        expect(plane().get("pod", rbd)?.spec).toMatchObject({
            volumes: expect.arrayContaining([
                { name: "volume", persistentVolumeClaim: { claimName: rbd } },
            ]) as unknown,
        });
        expect(plane().get("deployment", "driver")?.spec).toMatchObject({ replicas: 1 });
        expect((await stack.preview()).changed).toEqual([]);
        const all = [stack.rawState(), up.printed].join("\n");
        for (const secret of ["c2VzYW1l", "sesame-tenant"]) {
            expect(all).not.toContain(secret);
            expect(all).not.toContain(Buffer.from(secret).toString("base64"));
        }
    });

    test("the API server takes every object that we render, without a field that it does not know", async () => {
        // What is in a Secret is not readable in the state.
        const objects = (await objectsOf(stack)).filter(({ kind }) => kind !== "Secret");
        expect(objects.length).toBeGreaterThan(15);
        expect(accepted(plane(), objects)).toBe(objects.length);
    });

    test("a change takes what the pages say", async () => {
        const preview = await stack.preview({ env: { CHANGED: "settings" } });
        const ops = Object.entries(preview.ops())
            .filter(([name]) => name.includes("-"))
            .map(([name, op]) => [name.replace(/[0-9a-f]{8}$/, "<digest>"), op]);
        expect(Object.fromEntries(ops)).toEqual({
            "rbd-configmap-default/ceph-csi-config": "replace",
            "rbd-pod-default/rbd-<digest>": "replace",
            "azure-pod-default/azure-<digest>": "replace",
            "ceph-cephcluster-rook-ceph/rook-ceph": "update",
        });
    });

    test("another volume is made beside the one before, which goes", async () => {
        const before = ((await stack.outputs())["claims"] as string[]).slice();
        const env = { CHANGED: "volume" };
        const up = await stack.up({ env });
        const after = (await stack.outputs())["claims"] as string[];
        expect(after.filter((name) => before.includes(name))).toEqual([]);
        for (const [index, kind] of ["rbd", "azure"].entries()) {
            expect(up.ops()).toMatchObject({
                [`${kind}-pod-default/${after[index] ?? ""}`]: "create",
                [`${kind}-persistentvolumeclaim-default/${before[index] ?? ""}`]: "delete",
            });
        }
        expect(up.ops()).toMatchObject({ "ceph-storageclass-rook-ceph-block": "replace" });
        // The pods of the drivers have labels.
        const left = plane().kubectl("get", "pv,pvc,pod", "-A", "-l", "!app", "-o", "name");
        expect(left.trim().split("\n").sort()).toEqual(
            [
                `persistentvolume/default-${after[0] ?? ""}`,
                ...after.map((name) => `persistentvolumeclaim/${name}`),
                ...after.map((name) => `pod/${name}`),
            ].sort(),
        );
        expect((await stack.preview({ env })).changed).toEqual([]);
    });

    test("destroy leaves nothing", async () => {
        await stack.destroy();
        expect(await objectsOf(stack)).toEqual([]);
        const left = plane().kubectl("get", "pv,pvc,pod,deploy,storageclass", "-A", "-o", "name");
        expect(left.trim()).toBe("");
        expect(plane().get("ns", "rook-ceph")).toBeUndefined();
        expect(plane().get("secret", "azure-cloud-provider", "kube-system")).toBeUndefined();
    });
});
