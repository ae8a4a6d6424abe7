import { z } from "zod";
import { KindRole } from "../../components/kind";
import { addonNames } from "./addons";

const text = (what: string) => z.string({ error: `expected ${what}` });
const flag = z.boolean({ error: "expected true or false" });
const port = z
    .int({ error: "expected a TCP port, 1 to 65535" })
    .min(1, { error: "expected a TCP port, 1 to 65535" })
    .max(65535, { error: "expected a TCP port, 1 to 65535" });

const node = z.strictObject({
    /** What it is for. */
    role: z
        .enum(KindRole, { error: 'expected "control-plane" or "worker"' })
        .default(KindRole.ControlPlane),
    labels: z.record(z.string(), z.string(), { error: "expected labels by key" }).optional(),
    /** Directories of this computer that it sees. */
    mounts: z
        .array(
            z.strictObject({
                hostPath: text("an absolute path"),
                containerPath: text("an absolute path"),
                readOnly: flag.default(false),
            }),
        )
        .optional(),
    /** Ports of the cluster's address that lead to it. */
    ports: z.array(z.strictObject({ containerPort: port, hostPort: port.optional() })).optional(),
});

/** Settings of the environment, as `kind:<name>`. */
export const settings = {
    /** Version of Kubernetes: the node image is built from Debian packages and Go modules, no registry is asked. */
    version: text('a version of Kubernetes, as "v1.36.1"').default("v1.36.1"),
    /** A published node image by digest, instead of building one. */
    release: text("an image by digest, as kindest/node:v1.36.1@sha256:...").optional(),
    /** own: a container engine that the environment runs and removes; host: the one that runs on this computer. */
    engine: z.enum(["own", "host"], { error: 'expected "own" or "host"' }).default("own"),
    /** Version of kind. */
    kindVersion: text('a version of kind, as "v0.32.0"').default("v0.32.0"),
    nodes: z
        .array(node, { error: "expected a list of nodes" })
        .min(1, { error: "expected at least one node" })
        .default([node.parse({})]),
    /** Labels of every node. */
    nodeLabels: z.record(z.string(), z.string(), { error: "expected labels by key" }).default({}),
    /** Range of pod addresses. */
    podSubnet: text("a range of addresses").optional(),
    /** Range of Service addresses. */
    serviceSubnet: text("a range of addresses").optional(),
    /** How kube-proxy works. */
    kubeProxyMode: z
        .enum(["iptables", "nftables", "none"], {
            error: 'expected "iptables", "nftables" or "none"',
        })
        .optional(),
    /** true: no pod network, since you bring one. */
    disableDefaultCNI: flag.default(false),
    featureGates: z
        .record(z.string(), flag, { error: "expected true or false by feature gate" })
        .default({}),
    runtimeConfig: z
        .record(z.string(), z.string(), { error: "expected strings by API" })
        .default({}),
    /** Images of the engine that the nodes get. */
    loadImages: z.array(z.string(), { error: "expected a list of images" }).default([]),
    /** true: a registry on loopback, which the nodes pull from. */
    registry: flag.default(false),
    /** Add-ons of the cluster. */
    addons: z
        .array(z.enum(addonNames, { error: `expected one of ${addonNames.join(", ")}` }), {
            error: "expected a list of add-ons",
        })
        .default(["metrics"]),
    /** Manifests of your own, as absolute paths: they are in the cluster like add-ons. */
    manifests: z.array(z.string(), { error: "expected a list of paths" }).default([]),
    /** Where the images of add-ons come from, by registry. */
    registryMirrors: z
        .record(z.string(), z.string(), { error: "expected a registry by each registry" })
        .default({}),
    /** Archives of images, as docker save writes them, that the nodes get. */
    loadArchives: z.array(z.string(), { error: "expected a list of paths" }).default([]),
};
