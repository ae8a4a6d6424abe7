/** The add-ons that are one thing each, and those of the environment kind, on a real control plane without nodes. */
import * as fs from "node:fs";
import * as path from "node:path";
import { sha256 } from "../../components/internal/hash";
import { ControlPlane } from "../support/control-plane";
import { library, repoRoot, ScratchStack } from "../support/engine";
import { released, upgradesWithoutLoss } from "../support/upgrade/without-loss";
import { accepted, addonStack, configMap, objectsOf, program } from "./addons-support";
import { clusterSuite } from "./kubernetes-support";

clusterSuite("add-ons of one thing", (plane) => {
    describe("all of them", () => {
        otherTests(plane);
    });
    describe("those of the environment kind", () => {
        environmentTests(plane);
    });
    test.each(released())(
        "those of an earlier version are upgraded with zero replacements: %s",
        async (version) => {
            const stack = await addonStack(plane(), "");
            try {
                await upgradesWithoutLoss(stack, version, (from) => program(upgraded, from));
            } finally {
                await stack.dispose();
            }
        },
    );
});

const upgraded = `
const dns = new kubedev.ClusterDns("dns", { kubeconfig, serviceSubnet: "10.100.0.0/24" }, noWait);
const metrics = new kubedev.ClusterMetrics("metrics", { kubeconfig }, noWait);
const ui = new kubedev.ClusterUi("ui", { kubeconfig }, noWait);
const own = new kubedev.Addon("own", { kubeconfig, objects: [{
    apiVersion: "v1", kind: "ConfigMap", metadata: { name: "own", namespace: "default" }, data: { a: "b" },
}] });
export const clusterIp = dns.clusterIp;
export const nodePort = ui.nodePort;
export const pulled = [dns, metrics, ui, own].map(({ images }) => images);
`;

const installationDefinition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "installations.operator.tigera.io" },
    spec: {
        ...{ group: "operator.tigera.io", scope: "Cluster" },
        names: { plural: "installations", kind: "Installation" },
        versions: [
            {
                ...{ name: "v1", served: true, storage: true },
                schema: { openAPIV3Schema: installationSchema() },
            },
        ],
    },
};

/** The part of Calico's own that we write, and nothing else: another field is refused. */
function installationSchema(): object {
    const text = { type: "string" };
    const among = (...values: string[]) => ({ type: "string", enum: values });
    const object = (properties: object) => ({ type: "object", properties });
    return object({
        spec: object({
            ...{ variant: among("Calico"), registry: { ...text, pattern: "/$" }, imagePath: text },
            cni: object({ type: among("Calico"), ipam: object({ type: among("Calico") }) }),
            calicoNetwork: object({
                ipPools: {
                    type: "array",
                    items: object({
                        ...{ name: text, cidr: text, nodeSelector: text },
                        blockSize: { type: "integer" },
                        encapsulation: among("IPIP", "VXLAN", "VXLANCrossSubnet", "None"),
                        natOutgoing: among("Enabled", "Disabled"),
                    }),
                },
            }),
        }),
    });
}

function otherTests(plane: () => ControlPlane) {
    let stack: ScratchStack;
    beforeAll(async () => {
        const operator = JSON.stringify({
            ...{ apiVersion: "v1", kind: "List" },
            items: [installationDefinition, configMap("operator", {}, { namespace: "default" })],
        });
        const [, patterns = ""] =
            /```ts\n([\s\S]*?)```/.exec(
                fs.readFileSync(path.join(repoRoot, "docs/patterns.md"), "utf8"),
            ) ?? [];
        stack = await addonStack(
            plane(),
            `
const changed = env.CHANGED === "yes";
const access = { kubeconfig, registryMirrors: { "registry.k8s.io": "mirror.example/k8s" } };
const dns = new kubedev.ClusterDns("dns", {
    ...access, serviceSubnet: "10.100.0.0/24",
    ...(changed ? { replicas: 2, clusterDomain: "other.local", upstreamServers: ["192.0.2.1"] } : {}),
}, noWait);
const metrics = new kubedev.ClusterMetrics("metrics", { ...access, kubeletInsecureTls: changed }, noWait);
const ui = new kubedev.ClusterUi("ui", {
    ...access, ...(changed ? { nodePort: 30062, clusterRole: "view" } : {}),
}, noWait);
const calico = new kubedev.CalicoNetwork("calico", {
    ...access, podSubnet: "10.244.0.0/16", imageRegistry: "mirror.example", imagePath: "calico",
    ...(changed ? { encapsulation: kubedev.CalicoEncapsulation.VXLAN } : {}),
    manifests: [{ url: "file://" + __dirname + "/operator.json", sha256: "${sha256(operator)}" }],
}, noWait);
export const clusterIp = dns.clusterIp;
export const nodePort = ui.nodePort;
export const tokenCommand = ui.tokenCommand;
export const pulled = [dns, metrics, ui, calico].map(({ images }) => images);
Object.assign(globalThis, { noWait });
require("./patterns");
`,
        );
        stack.write("operator.json", operator);
        // The page's program, as it is.
        stack.write(
            "patterns.ts",
            patterns
                .replace('"kubedev"', JSON.stringify(library))
                .replace("\n});", "\n}, (globalThis as any).noWait);"),
        );
    });
    afterAll(() => stack.dispose());

    test("up; the commands and addresses are those that lead there; then nothing changes", async () => {
        await stack.up();
        const outputs = await stack.outputs();
        expect(outputs).toEqual({
            clusterIp: "10.100.0.10",
            nodePort: 30061,
            tokenCommand: "kubectl -n headlamp create token headlamp-user",
            pulled: [
                ["mirror.example/k8s/coredns/coredns:v1.14.2"],
                ["mirror.example/k8s/metrics-server/metrics-server:v0.8.0"],
                ["ghcr.io/headlamp-k8s/headlamp:v0.45.0"],
                [],
            ],
        });
        expect(plane().get("svc", "kube-dns", "kube-system")?.spec).toMatchObject({
            clusterIP: "10.100.0.10",
        });
        const [, ...command] = String(outputs["tokenCommand"]).split(" ");
        const token = plane()
            .kubectl(...command)
            .trim();
        expect(plane().kubectl("auth", "can-i", "*", "*", "--token", token).trim()).toBe("yes");
        expect((await stack.preview()).changed).toEqual([]);
    });

    test("the API server takes every object that we render, without a field that it does not know", async () => {
        const objects = await objectsOf(stack);
        // Secrets of our own, which would be unreadable here, there are none.
        expect(new Set(objects.map(({ kind }) => kind)).has("Secret")).toBe(false);
        expect(objects.length).toBeGreaterThan(30);
        expect(accepted(plane(), objects)).toBe(objects.length);
    });

    test("a change takes what the pages say", async () => {
        const preview = await stack.preview({ env: { CHANGED: "yes" } });
        const ops = Object.entries(preview.ops()).filter(([name]) => name.includes("-"));
        expect(Object.fromEntries(ops)).toEqual({
            "calico-installation-default": "update",
            "dns-configmap-kube-system/coredns": "replace",
            "dns-deployment-kube-system/coredns": "update",
            "metrics-deployment-kube-system/metrics-server": "update",
            "ui-clusterrolebinding-headlamp-headlamp-user": "replace",
            "ui-service-headlamp/headlamp": "update",
        });
        await stack.up({ env: { CHANGED: "yes" } });
        const pools = plane().get("installation", "default")?.spec?.["calicoNetwork"];
        expect(pools).toMatchObject({ ipPools: [{ encapsulation: "VXLAN", blockSize: 26 }] });
        expect(plane().get("svc", "headlamp", "headlamp")?.spec).toMatchObject({
            ports: [{ nodePort: 30062 }],
        });
        expect((await stack.preview({ env: { CHANGED: "yes" } })).changed).toEqual([]);
    });

    test("destroy leaves nothing", async () => {
        await stack.destroy();
        expect(await objectsOf(stack)).toEqual([]);
        expect(plane().get("ns", "headlamp")).toBeUndefined();
        expect(plane().get("ns", "patterns")).toBeUndefined();
        expect(plane().get("apiservice", "v1beta1.metrics.k8s.io")).toBeUndefined();
        expect(plane().get("crd", "installations.operator.tigera.io")).toBeUndefined();
        expect(plane().get("clusterrole", "system:coredns")).toBeUndefined();
    });
}

function environmentTests(plane: () => ControlPlane) {
    let stack: ScratchStack;
    beforeAll(async () => {
        stack = await addonStack(
            plane(),
            `
import { declareAddons } from "${path.join(repoRoot, "stacks/kind/addons")}";
const whole = new pulumi.ComponentResource("test:index:Whole", "whole", {}, noWait);
module.exports = declareAddons({ addons: JSON.parse(env.ADDONS ?? "[]"), manifests: [] }, {
    kubeconfig, instanceId: "one", deleteUnreachable: true,
}, {}, { parent: whole });
`,
        );
    });
    afterAll(() => stack.dispose());

    test("none unless the setting names them", async () => {
        const none = await stack.preview();
        expect(none.ops()).toEqual({ whole: "create" });
        const all = await stack.preview({ env: { ADDONS: '["metrics", "ui"]' } });
        expect(all.ops()).toMatchObject({
            "metrics-deployment-kube-system/metrics-server": "create",
            "ui-deployment-headlamp/headlamp": "create",
        });
    });

    test("what was in a cluster that is gone goes with it", async () => {
        const env = { ADDONS: '["ui"]' };
        await stack.up({ env });
        expect(await stack.outputs()).toEqual({
            images: ["ghcr.io/headlamp-k8s/headlamp:v0.45.0"],
            ui: {
                token: "kubectl -n headlamp create token headlamp-user",
                forward: "kubectl -n headlamp port-forward service/headlamp 8080:80",
            },
        });
        const dead = plane().kubeconfigText.replace(
            /https:\/\/127.0.0.1:\d+/,
            "https://127.0.0.1:1",
        );
        const gone = await stack.up({ env: { ...env, KUBECONFIG_TEXT: dead } });
        expect(gone.ops()).toEqual({ ui: "update", "ui-cluster": "update" });
        const destroyed = await stack.destroy();
        expect(destroyed.durationMs).toBeLessThan(120_000);
        expect((await stack.exportState()).deployment.resources ?? []).toEqual([]);
        plane().kubectl("delete", "ns", "headlamp");
        plane().kubectl("delete", "clusterrolebinding", "headlamp-headlamp-user");
    });
}
