/**
 * Add-ons whose cluster is replaced under them, in one run: on two control planes, one after the other, of which the first is
 * gone by then. What stands for a KindCluster is a command, which is deleted before it is replaced as that is.
 */
import { ControlPlane } from "../support/control-plane";
import { library, ScratchStack } from "../support/engine";
import {
    builtPaths,
    compilesMs,
    controlPlaneStack,
    forThisMachine,
} from "../support/kubernetes-binaries";

jest.setTimeout(300_000);

const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gadgets.example.com" },
    spec: {
        ...{ group: "example.com", scope: "Namespaced" },
        names: { plural: "gadgets", kind: "Gadget" },
        versions: [
            {
                ...{ name: "v1", served: true, storage: true },
                schema: { openAPIV3Schema: { type: "object" } },
            },
        ],
    },
};
const program = `
import * as pulumi from "@pulumi/pulumi";
import * as command from "@pulumi/command";
import * as kubedev from "${library}";
const file = process.env.KUBECONFIG_PATH ?? "";
const cluster = new command.local.Command("cluster", {
    create: "cat '" + file + "'",
    triggers: [file],
    logging: "none",
}, { deleteBeforeReplace: true, additionalSecretOutputs: ["stdout"] });
const access = {
    kubeconfig: process.env.KUBECONFIG_TEXT ?? cluster.stdout,
    instanceId: cluster.id,
};
// No node ever runs a pod, so nobody waits for one.
const noWait = { transforms: [({ type, props, opts }: pulumi.ResourceTransformArgs) => !/:(Deployment|Service)$/.test(type) ? undefined : ({
    props: { ...props, metadata: { ...props.metadata, annotations: { "pulumi.com/skipAwait": "true" } } },
    opts,
})] };
new kubedev.Addon("addon", {
    ...access, namespace: "addon-test",
    objects: [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "addon-test" } },
        ${JSON.stringify(definition)},
        { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "1" } },
        { apiVersion: "example.com/v1", kind: "Gadget", metadata: { name: "g" } },
    ],
}, noWait);
new kubedev.ClusterDns("dns", { ...access, serviceSubnet: "10.100.0.0/24" }, noWait);
`;

let builds: ScratchStack;
let first: ControlPlane;
let second: ControlPlane;
let stack: ScratchStack;

beforeAll(async () => {
    builds = await controlPlaneStack();
    const binaries = forThisMachine(await builtPaths(builds));
    first = await ControlPlane.start({ binaries });
    second = await ControlPlane.start({ binaries });
    stack = await ScratchStack.create({
        program,
        env: { KUBECONFIG: undefined, KUBECONFIG_PATH: first.kubeconfig },
    });
}, compilesMs);
afterAll(async () => {
    await (stack as ScratchStack | undefined)?.dispose();
    await (first as ControlPlane | undefined)?.stop();
    await (second as ControlPlane | undefined)?.stop();
    await (builds as ScratchStack | undefined)?.dispose();
});

const inSecond = () => ({ env: { KUBECONFIG_PATH: second.kubeconfig } });

test("a new kubeconfig of the same cluster changes no object", async () => {
    await stack.up();
    expect(first.get("gadget", "g", "addon-test")).toBeDefined();
    expect((await stack.preview()).changed).toEqual([]);
    const text = first.kubeconfigText.replace(/kubernetes-super-admin/g, "someone");
    const preview = await stack.preview({ env: { KUBECONFIG_TEXT: text } });
    expect(preview.ops()).toEqual({
        ...{ addon: "update", "addon-cluster": "update" },
        ...{ dns: "update", "dns-cluster": "update" },
    });
});

test("with the cluster all that is in it is made anew, in one run, and then nothing changes", async () => {
    await first.stop();
    const preview = await stack.preview(inSecond());
    const objects = [
        ...["namespace-addon-test", "customresourcedefinition-gadgets.example.com"],
        ...["configmap-c", "gadget-g"],
    ].map((label) => `addon-${label}`);
    expect(preview.ops()).toMatchObject({
        ...{ cluster: "replace", "addon-cluster": "update", "dns-cluster": "update" },
        ...Object.fromEntries(objects.map((name) => [name, "replace"])),
        "dns-deployment-kube-system/coredns": "replace",
    });

    await stack.up(inSecond());
    expect(second.get("ns", "addon-test")).toBeDefined();
    expect(second.get("cm", "c", "addon-test")?.data).toEqual({ a: "1" });
    expect(second.get("gadget", "g", "addon-test")).toBeDefined();
    expect(second.get("svc", "kube-dns", "kube-system")?.spec).toMatchObject({
        clusterIP: "10.100.0.10",
    });
    expect(second.get("deploy", "coredns", "kube-system")).toBeDefined();
    expect((await stack.preview(inSecond())).changed).toEqual([]);
});

test("destroy removes all", async () => {
    await stack.destroy(inSecond());
    expect((await stack.exportState()).deployment.resources ?? []).toEqual([]);
    expect(second.get("ns", "addon-test")).toBeUndefined();
    expect(second.get("deploy", "coredns", "kube-system")).toBeUndefined();
});
