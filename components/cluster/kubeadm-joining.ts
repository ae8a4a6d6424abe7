import { goYaml, goYamlDocuments } from "../internal/go-yaml";
import { validity } from "./kubeadm-config";
import { apiVersion, NodeRegistration, registration, timeouts, Timeouts } from "./kubeadm-objects";

/** What kubeadm's configuration of a node that joins depends on. @internal */
export interface JoinWishes {
    nodeName: string;
    ignorePreflightErrors?: readonly string[];
    readyTimeoutSec: number;
}

/** Where kubeadm-join.sh puts what a node joins by. */
const discoveryPath = "/etc/kubernetes/discovery.conf";

interface JoinConfiguration {
    apiVersion: typeof apiVersion;
    kind: "JoinConfiguration";
    discovery: { file: { kubeConfigPath: string } };
    nodeRegistration: NodeRegistration;
    timeouts: Timeouts;
}

/** Configuration with which kubeadm makes a host a node of a cluster. */
export function joinDocuments(wishes: JoinWishes): string {
    const join: JoinConfiguration = {
        ...{ apiVersion, kind: "JoinConfiguration" },
        discovery: { file: { kubeConfigPath: discoveryPath } },
        nodeRegistration: registration(wishes),
        timeouts: timeouts(wishes.readyTimeoutSec),
    };
    return goYamlDocuments(join);
}

/** Configuration with which kubeadm makes authorities, and kubeconfigs for who finds the API server at `server`. */
export function keysDocuments(
    clusterName: string,
    kubernetesVersion: string,
    server: string,
): string {
    return goYamlDocuments(
        {
            ...{ apiVersion, kind: "InitConfiguration" },
            // Otherwise it looks for a container runtime, and for addresses of this host.
            localAPIEndpoint: { advertiseAddress: "192.0.2.1" },
            nodeRegistration: { name: "control-plane", criSocket: "unix:///none" },
        },
        {
            ...{ apiVersion, kind: "ClusterConfiguration" },
            clusterName,
            kubernetesVersion,
            controlPlaneEndpoint: server,
            encryptionAlgorithm: "ECDSA-P256",
            certificateValidityPeriod: validity,
        },
    );
}

/**
 * Kubeconfig by which a node joins. It names the authority, and has the token: kubeadm's discovery by token alone would ask
 * without a name, which is not answered here.
 */
export function joinKubeconfig(endpoint: string, ca: string, token: string): string {
    const name = "joining";
    return goYaml({
        ...{ apiVersion: "v1", kind: "Config", "current-context": name },
        clusters: [
            {
                name,
                cluster: {
                    server: `https://${endpoint}`,
                    "certificate-authority-data": Buffer.from(`${ca}\n`).toString("base64"),
                },
            },
        ],
        users: [{ name, user: { token } }],
        contexts: [{ name, context: { cluster: name, user: name } }],
    });
}
