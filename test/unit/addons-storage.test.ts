/** Volumes of add-ons: what they are called, the way from the storage to the pod, manifests of releases. */
import { sha256 } from "../../components/internal/hash";
import { azureSteps } from "../../components/addons/azure-disk-volume";
import {
    mountChain,
    mountCheck,
    nameProblems,
    onePod,
    placeOf,
} from "../../components/addons/mounted-volume";
import { manifestsRule } from "../../components/addons/published-manifest";
import { rbdSteps } from "../../components/addons/rbd-volume";
import * as upstream from "../../components/addons/upstream-manifests";

test("another volume has other names, the same one the same", () => {
    const place = placeOf("data", undefined, "rbd", "foo");
    expect(place).toEqual({
        name: expect.stringMatching(/^data-[0-9a-f]{8}$/) as string,
        namespace: "default",
        volumeName: `default-${place.name}`,
    });
    expect(placeOf("data", undefined, "rbd", "foo")).toEqual(place);
    expect(placeOf("data", undefined, "rbd", "bar").name).not.toBe(place.name);
    // What is of one field is not taken for a part of another.
    expect(placeOf("data", undefined, "rb", "dfoo").name).not.toBe(place.name);
    expect(placeOf("data", "dev", "rbd", "foo")).toMatchObject({
        ...{ name: place.name, namespace: "dev", volumeName: `dev-${place.name}` },
    });
});

test.each(["Data", "", "-a", "a_b", "a".repeat(55)])("no claim can be called %j", (name) => {
    expect(nameProblems(name)).toHaveLength(1);
});

test("a name of 54 characters leaves room for the digest", () => {
    const longest = "a".repeat(54);
    expect(nameProblems(longest)).toEqual([]);
    expect(placeOf(longest, undefined).name).toHaveLength(63);
});

test("the way from an RBD image to the pod", () => {
    const place = { name: "data-1", namespace: "dev", volumeName: "dev-data-1" };
    const text = mountChain({
        ...{ ...place, ...rbdSteps("rbd", "foo"), fileSystem: "ext4", mountPath: "/mnt/rbd" },
    });
    expect(text).toBe(`attach  VolumeAttachment of rbd.csi.ceph.com; nothing happens in Ceph yet
find    rbd map rbd/foo on the node: /dev/rbd<n>, also /dev/rbd/rbd/foo
format  mkfs.ext4, if there is no file system on it
mount   /var/lib/kubelet/plugins/kubernetes.io/csi/rbd.csi.ceph.com/${sha256("foo")}/globalmount/foo
bind    /var/lib/kubelet/pods/<uid of pod dev/data-1>/volumes/kubernetes.io~csi/dev-data-1/mount
pod     /mnt/rbd in container main of pod dev/data-1
`);
});

test("the way from a disk of Azure to the pod", () => {
    const place = { name: "data-1", namespace: "dev", volumeName: "<volume>" };
    const text = mountChain({ ...place, ...azureSteps, fileSystem: "xfs", mountPath: "/m" });
    const steps = text.trimEnd().split("\n");
    expect(steps.map((step) => step.split(" ")[0])).toEqual([
        ...["attach", "find", "format", "mount", "bind", "pod"],
    ]);
    expect(steps[1]).toContain("/dev/disk/azure/scsi1/lun<n>");
    expect(steps[3]).toContain("/kubernetes.io/csi/disk.csi.azure.com/");
});

test("the command that looks is one for a shell", () => {
    expect(mountCheck("dev", "data-1", "/mnt/a b")).toBe(
        "kubectl -n dev exec data-1 -- df -h '/mnt/a b'",
    );
});

test("one pod of each Deployment; the rest stays as it is published", () => {
    const object = (kind: string) => ({
        ...{ apiVersion: "apps/v1", kind, metadata: { name: "a" } },
        spec: { replicas: 3, selector: {} },
    });
    expect(onePod(object("Deployment"))["spec"]).toEqual({ replicas: 1, selector: {} });
    expect(onePod(object("StatefulSet"))).toEqual(object("StatefulSet"));
});

describe.each(Object.entries(upstream))("%s", (_name, manifests) => {
    test("each file once, at a commit, with a digest", () => {
        expect(manifestsRule.safeParse(manifests).error).toBeUndefined();
        expect(manifests.length).toBeGreaterThan(1);
        const urls = manifests.map(({ url }) => url);
        expect(new Set(urls).size).toBe(urls.length);
        for (const url of urls) {
            expect(url).toMatch(
                /^https:\/\/raw\.githubusercontent\.com\/[\w.-]+\/[\w.-]+\/[0-9a-f]{40}\/[\w./-]+\.yaml$/,
            );
        }
        expect(new Set(manifests.map((manifest) => manifest.sha256)).size).toBe(urls.length);
    });
});
