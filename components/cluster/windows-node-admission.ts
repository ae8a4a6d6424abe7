/** What scripts/cluster/windows-node-admit.sh tells of a cluster, and whether a Windows node can be of it. */
import { yaml } from "../internal/yaml";
import { textOf } from "../host/host-resource";
import { parseRange } from "../internal/address-range";
import { inputError } from "../internal/validate";
import { endpointOfUrl, isLoopbackEndpoint, serverOf } from "./kubeconfig-facts";
import { nodeSkewProblem } from "./version-skew";

/** What a node has to know of the cluster that lets it in. */
export interface Admission {
    /** Bootstrap token: a secret. */
    token: string;
    /** Of all pods. */
    clusterCidr: string;
    serviceCidr: string;
    /** flannel's net-conf.json. */
    flannelConfig: string;
}

interface Problem {
    propertyPath: string;
    reason: string;
}

/** Reads it; refuses, before anything is done on the host, what would not work there. */
export function admissionOf(
    what: string,
    printed: Record<string, unknown>,
    kubernetesVersion: string,
): Admission {
    const version = objectOf(textOf(printed, "version"))["gitVersion"];
    const flannelConfig = textOf(printed, "network");
    const ranges = {
        clusterCidr: String(objectOf(flannelConfig)["Network"]),
        serviceCidr: firstRange(textOf(printed, "configuration")),
    };
    const problems = [
        ...nodeSkewProblem(String(version), kubernetesVersion),
        ...serverProblem(textOf(printed, "info")),
        ...networkProblem(flannelConfig),
        ...Object.entries(ranges)
            .filter(([, text]) => parseRange(text)?.family !== 4)
            .map(([name, text]) => ({
                propertyPath: "kubeconfigPath",
                reason: `got a cluster whose ${name} is ${text}; expected an IPv4 range`,
            })),
    ];
    if (problems.length > 0) {
        throw inputError(what, problems);
    }
    return { token: textOf(printed, "token"), flannelConfig, ...ranges };
}

/** Whatever endpoint a node asks first, the kubelet goes on with that of cluster-info. */
function serverProblem(info: string): Problem[] {
    const server = serverOf(info) ?? "";
    const endpoint = endpointOfUrl(server);
    return endpoint !== undefined && !isLoopbackEndpoint(endpoint)
        ? []
        : [
              {
                  propertyPath: "kubeconfigPath",
                  reason: `got a cluster whose ConfigMap cluster-info in kube-public says ${server}; expected an address that the node reaches: kubeadm init with --control-plane-endpoint, or edit that ConfigMap`,
              },
          ];
}

/** Windows makes one kind of overlay network (flannel's Documentation/backends.md). */
function networkProblem(config: string): Problem[] {
    const backend = (objectOf(config)["Backend"] ?? {}) as Record<string, unknown>;
    return backend["Type"] === "vxlan" &&
        backend["VNI"] === 4096 &&
        backend["Port"] === 4789 &&
        backend["DirectRouting"] !== true
        ? []
        : [
              {
                  propertyPath: "kubeconfigPath",
                  reason: `got a cluster with flannel's Backend ${JSON.stringify(backend)}; expected {"Type": "vxlan", "VNI": 4096, "Port": 4789}, which Windows asks for: edit net-conf.json in ConfigMap kube-flannel-cfg, then kubectl rollout restart daemonset -n kube-flannel`,
              },
          ];
}

function firstRange(clusterConfiguration: string): string {
    const networking = objectOf(clusterConfiguration)["networking"] as
        Record<string, unknown> | undefined;
    return String(networking?.["serviceSubnet"]).split(",")[0] ?? "";
}

/** YAML, and so JSON, too. */
function objectOf(text: string): Record<string, unknown> {
    try {
        const given: unknown = yaml().parse(text);
        return typeof given === "object" && given !== null
            ? (given as Record<string, unknown>)
            : {};
    } catch {
        return {};
    }
}
