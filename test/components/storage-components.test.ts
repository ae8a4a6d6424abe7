/** Add-ons of storage against mocks: which objects they declare, what is a secret, what they refuse. */
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { AzureDiskVolume } from "../../components/addons/azure-disk-volume";
import { CalicoNetwork } from "../../components/addons/calico-network";
import { CephDemo } from "../../components/addons/ceph-demo";
import { VolumeFileSystem } from "../../components/addons/mounted-volume";
import { RbdVolume, RbdVolumeArgs } from "../../components/addons/rbd-volume";
import * as upstream from "../../components/addons/upstream-manifests";
import { AzureDiskSku } from "../../components/azure/disk-sku";
import { sha256 } from "../../components/internal/hash";
import { known, MockedRun } from "../support/mocked-run";
import { scratchDir } from "../support/scratch";

const kubeconfig = "apiVersion: v1\nkind: Config\n";
let run: MockedRun;
let home: string;
const before = { ...process.env };
beforeEach(async () => {
    home = scratchDir("kubedev-storage-");
    process.env.XDG_STATE_HOME = "/state";
    process.env.XDG_CACHE_HOME = home;
    run = new MockedRun({ path: path.join(home, "fetched") }, () => "absent=1\n");
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
    fs.rmSync(home, { recursive: true, force: true });
    process.env = { ...before };
});

const objects = () => run.registered.filter(({ type }) => type.startsWith("kubernetes:"));
const inputsOf = (pattern: RegExp) => objects().find(({ name }) => pattern.test(name))?.inputs;
const names = () =>
    objects()
        .map(({ name }) => name.replace(/[0-9a-f]{8}$/, "<digest>"))
        .sort();
/** A manifest in the cache. */
function cached(...all: object[]) {
    const text = all.map((object) => JSON.stringify(object)).join("\n---\n");
    fs.mkdirSync(path.join(home, "kubedev/artifacts"), { recursive: true });
    fs.writeFileSync(path.join(home, "kubedev/artifacts", sha256(text)), text);
    return { url: "https://example.com/m.yaml", sha256: sha256(text) };
}
const deployment = {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "controller" } },
    spec: { replicas: 3, template: { spec: { containers: [{ name: "c", image: "driver:1" }] } } },
};
const rbdArgs = {
    ...{ kubeconfig, monitors: ["192.0.2.1:6789"], userId: "dev", userKey: "c2VzYW1l" },
    rbdImage: "foo",
};

test("RbdVolume: driver, its configuration, volume, claim and a pod", async () => {
    const manifests = [cached(deployment)];
    const volume = new RbdVolume(
        "data",
        { ...rbdArgs, manifests, imageMap: { "driver:1": "d:1" } },
        run.watched,
    );
    await known(volume.ready);
    expect(names()).toEqual([
        "data-configmap-default/ceph-csi-config",
        "data-configmap-default/ceph-csi-encryption-kms-config",
        "data-deployment-controller",
        "data-persistentvolume-default-data-<digest>",
        "data-persistentvolumeclaim-default/data-<digest>",
        "data-pod-default/data-<digest>",
        "data-secret-default/data-<digest>",
    ]);
    expect(inputsOf(/ceph-csi-config/)?.["data"]).toEqual({
        "config.json": '[{"clusterID":"ceph","monitors":["192.0.2.1:6789"]}]',
    });
    expect(inputsOf(/deployment/)?.["spec"]).toMatchObject({ replicas: 1 });
    const claimName = await known(volume.claimName);
    expect(inputsOf(/persistentvolume-/)?.["spec"]).toMatchObject({
        capacity: { storage: "100Mi" },
        claimRef: { name: claimName, namespace: "default" },
        csi: {
            ...{ driver: "rbd.csi.ceph.com", volumeHandle: "foo", fsType: "ext4" },
            nodeStageSecretRef: { name: claimName, namespace: "default" },
            volumeAttributes: { clusterID: "ceph", pool: "rbd", staticVolume: "true" },
        },
    });
    expect(inputsOf(/persistentvolumeclaim/)?.["spec"]).toMatchObject({
        ...{ storageClassName: "", volumeName: `default-${claimName}` },
    });
    expect(await known(volume.images)).toEqual([
        ...["d:1", "registry.k8s.io/e2e-test-images/busybox:1.29-4"],
    ]);
    expect(await known(volume.mountCheck)).toBe(
        `kubectl -n default exec ${claimName} -- df -h /mnt/rbd`,
    );
    expect(await known(volume.mountChain)).toContain("rbd map rbd/foo");
    expect(run.optionsOf(`data-secret-default/${claimName}`).additionalSecretOutputs).toEqual([
        ...["data", "stringData"],
    ]);
});

test("RbdVolume: where the driver is there, so is its configuration", async () => {
    const volume = new RbdVolume(
        "data",
        { ...rbdArgs, manifests: [], cephCluster: "main", namespace: "dev" },
        run.watched,
    );
    await known(volume.ready);
    expect(names()).toEqual([
        "data-persistentvolume-dev-data-<digest>",
        "data-persistentvolumeclaim-dev/data-<digest>",
        "data-pod-dev/data-<digest>",
        "data-secret-dev/data-<digest>",
    ]);
});

test("AzureDiskVolume: driver, what it logs in with, storage class, claim and a pod", async () => {
    const disk = new AzureDiskVolume(
        "disk",
        {
            ...{ kubeconfig, manifests: [cached(deployment)], cloudConfig: '{"tenantId":"t"}' },
            ...{ sku: AzureDiskSku.PremiumLrs, sizeGib: 20, fileSystem: VolumeFileSystem.Xfs },
        },
        run.watched,
    );
    await known(disk.ready);
    expect(names()).toEqual([
        "disk-deployment-controller",
        "disk-persistentvolumeclaim-default/disk-<digest>",
        "disk-pod-default/disk-<digest>",
        "disk-secret-kube-system/azure-cloud-provider",
        "disk-storageclass-default-disk-<digest>",
    ]);
    expect(inputsOf(/storageclass/)).toMatchObject({
        ...{ provisioner: "disk.csi.azure.com", volumeBindingMode: "WaitForFirstConsumer" },
        parameters: { skuName: "Premium_LRS", fsType: "xfs" },
    });
    expect(inputsOf(/claim/)?.["spec"]).toMatchObject({
        resources: { requests: { storage: "20Gi" } },
    });
    const chain = await known(disk.mountChain);
    expect(chain).toContain("mkfs.xfs");
    const claimName = await known(disk.claimName);
    expect(chain).toContain(`kubernetes.io~csi/pvc-<uid of claim default/${claimName}>/mount`);
    // As the engine marks a secret.
    const kept = run.registered.find(({ name }) => name === "disk");
    expect(kept?.inputs["cloudConfig"]).toMatchObject({
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    });
});

test("CephDemo: the operator, what it is told, a storage class of it", async () => {
    const demo = new CephDemo(
        "ceph",
        {
            ...{ kubeconfig, manifests: [cached(deployment)], deviceFilter: "^vd[b-z]$" },
            registryMirrors: { "quay.io": "mirror.example/quay" },
        },
        run.watched,
    );
    await known(demo.ready);
    expect(names()).toEqual([
        "ceph-cephblockpool-rook-ceph/builtin-mgr",
        "ceph-cephblockpool-rook-ceph/replicapool",
        "ceph-cephcluster-rook-ceph/rook-ceph",
        "ceph-deployment-controller",
        "ceph-storageclass-rook-ceph-block",
    ]);
    const image = "mirror.example/quay/ceph/ceph:v20.2.4";
    expect(inputsOf(/cephcluster/)?.["spec"]).toMatchObject({
        cephVersion: { image },
        storage: { useAllDevices: false, deviceFilter: "^vd[b-z]$" },
    });
    expect(await known(demo.images)).toEqual(["driver:1", image]);
});

test.each([
    ["calicoManifests", () => new CalicoNetwork("c", { kubeconfig, podSubnet: "10.0.0.0/16" })],
    ["cephCsiManifests", () => new RbdVolume("c", rbdArgs)],
    ["azureDiskCsiManifests", () => new AzureDiskVolume("c", { kubeconfig })],
    ["rookManifests", () => new CephDemo("c", { kubeconfig, deviceFilter: "b" })],
] as const)("by default all of %s are fetched, none twice", async (name, make) => {
    fs.writeFileSync(path.join(home, "fetched"), "# nothing\n");
    const component = make();
    await known(component.ready);
    const fetched = run.registered.filter(({ type }) => type === "kubedev:index:HostArtifact");
    expect(fetched.map(({ inputs }) => inputs)).toEqual(upstream[name]);
});

/** What a program without types may give. */
const unsafe = (text: string) => text as never;
const rbd = (changed: Partial<RbdVolumeArgs>) => () =>
    new RbdVolume("data", { ...rbdArgs, ...changed });
test.each<[() => unknown, RegExp]>([
    [() => new RbdVolume("Data", rbdArgs), /name: got "Data"; expected a name for objects/],
    [rbd({ monitors: [] }), /monitors: .*at least one address/],
    [rbd({ monitors: ["192.0.2.1"] }), /expected an address with a port, as 172/],
    [rbd({ userId: "client.dev" }), /userId: got "client.dev"; expected a name without client/],
    [rbd({ rbdImage: "rbd/foo" }), /expected the name of an RBD image/],
    [rbd({ sizeMib: 0 }), /sizeMib: got 0; expected a whole number of MiB/],
    [rbd({ mountPath: "mnt" }), /mountPath: got "mnt"; expected an absolute path/],
    [rbd({ fileSystem: unsafe("ntfs") }), /expected "ext4" or "xfs"/],
    [
        () => new AzureDiskVolume("d", { kubeconfig, sku: unsafe("Fast") }),
        /expected one of "Standard_LRS"/,
    ],
    [() => new CephDemo("c", { kubeconfig, deviceFilter: "[" }), /expected a regular expression/],
    [() => new CephDemo("c", { kubeconfig, deviceFilter: "" }), /expected a regular expression/],
    [
        () => new CephDemo("c", { kubeconfig, deviceFilter: "b", manifests: [] }),
        /at least that of the operator/,
    ],
])("wrong input is refused (%#)", (make, expected) => {
    expect(make).toThrow(expected);
});
