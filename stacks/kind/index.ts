import * as pulumi from "@pulumi/pulumi";
import { ContainerEngine, KindCluster, LocalRegistry, NodeImage } from "../../components/kind";
import { Build } from "../../components/source";
import { readConfig } from "../config";
import { declareAddons, localImages } from "./addons";
import { settings } from "./config";
import { nodeUrls } from "./urls";

const config = readConfig("kind", settings);
if (config.disableDefaultCNI && config.addons.length > 0 && config.manifests.length === 0) {
    throw new pulumi.RunError(
        `kind:addons: got ${config.addons.join(", ")} beside kind:disableDefaultCNI; expected none, since no pod of theirs starts before you bring a network (pulumi config set --path kind:addons '[]'), or kind:manifests that bring one`,
    );
}

const containers = config.engine === "own" ? new ContainerEngine("containers", {}) : undefined;
const engine = containers?.engine ?? {};
const image = new NodeImage("node", {
    engine,
    ...(config.release === undefined ? { version: config.version } : { release: config.release }),
});
const kind = new Build("kind", {
    module: `sigs.k8s.io/kind@${config.kindVersion}`,
    targets: ["sigs.k8s.io/kind"],
});
const kindPath = kind.paths.apply((paths) => Object.values(paths)[0] ?? "");
// Of the nodes' version: with the node image it was built, for this user, already.
const version = /:(v\d+\.\d+\.\d+)/.exec(config.release ?? "")?.[1] ?? config.version;
const client = new Build("kubectl", {
    module: `k8s.io/kubernetes@${version}`,
    targets: ["k8s.io/kubernetes/cmd/kubectl"],
});
const kubectlPath = client.paths.apply((paths) => Object.values(paths)[0] ?? "");
// Where a published node image is pulled, theirs are too.
const local = config.release === undefined ? localImages(config.addons, engine) : {};
const registry = config.registry ? new LocalRegistry("registry", { engine }) : undefined;
const cluster = new KindCluster("cluster", {
    engine,
    image: image.tag,
    kindPath,
    nodes: config.nodes,
    nodeLabels: config.nodeLabels,
    networking: {
        podSubnet: config.podSubnet,
        serviceSubnet: config.serviceSubnet,
        kubeProxyMode: config.kubeProxyMode,
        disableDefaultCNI: config.disableDefaultCNI,
    },
    featureGates: config.featureGates,
    runtimeConfig: config.runtimeConfig,
    loadImages: [...config.loadImages, ...(local.metrics === undefined ? [] : [local.metrics])],
    loadArchives: config.loadArchives,
    registry: registry?.registry,
});
const addons = declareAddons(
    config,
    {
        kubeconfig: cluster.kubeconfig,
        instanceId: cluster.instanceId,
        // They go with the cluster, whether it still answers or not.
        deleteUnreachable: true,
        registryMirrors: config.registryMirrors,
    },
    local,
);
const docker = pulumi.interpolate`docker${containers === undefined ? "" : pulumi.interpolate` -H ${containers.dockerHost}`}`;

const kubectl = pulumi.interpolate`${kubectlPath} --kubeconfig ${cluster.kubeconfigPath}`;

/** Outputs of the stack. */
export const outputs = {
    /** kubectl, with what it is called with; its kubeconfig is a file of this stack, your own is left alone. */
    kubectl,
    /** For programs that take a kubeconfig as text. */
    kubeconfig: cluster.kubeconfig,
    /** Changes with the cluster: what else is put into it takes this beside the kubeconfig. */
    instanceId: cluster.instanceId,
    /** URL of the API server. */
    endpoint: cluster.endpoint,
    /** Where the ports of the nodes are. */
    address: cluster.address,
    /** What names of images that are pushed begin with. */
    ...(registry === undefined ? {} : { registry: registry.address }),
    ...addons,
    /** By node: a shell in it. */
    nodes: cluster.nodeNames.apply((names) =>
        Object.fromEntries(
            names.map((name) => [name, pulumi.interpolate`${docker} exec -it ${name} bash`]),
        ),
    ),
    /** What loads an image that is in the engine into the nodes by hand. */
    load: pulumi.interpolate`${containers === undefined ? "" : pulumi.interpolate`DOCKER_HOST=${containers.dockerHost} `}${kindPath} load docker-image --name ${cluster.clusterName} IMAGE`,
    /** What the cluster tells over HTTP: the API as http://127.0.0.1:8001, and by node. */
    urls: pulumi.all([kubectl, cluster.nodeNames]).apply(([command, names]) => ({
        proxy: `${command} proxy --port 8001`,
        nodes: Object.fromEntries(names.map((name) => [name, nodeUrls(command, name)])),
    })),
};
