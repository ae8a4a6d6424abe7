import { goYaml, goYamlDocuments } from "../internal/go-yaml";
import { advertised, advertisedAddress, Layout } from "./control-plane-flags";

/** Ten years, as kubeadm's authorities have: nobody renews the certificates of a cluster that a stack keeps. */
export const validity = "87600h0m0s";

/**
 * kubeadm's configuration (kubeadm.k8s.io/v1beta4, https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/), as
 * far as its phases certs and kubeconfig take it. The script that runs them adds certificatesDir, which must be absolute.
 */
export function kubeadmConfig(layout: Layout, kubernetesVersion: string): string {
    const apiVersion = "kubeadm.k8s.io/v1beta4";
    const { address, loopback, ports } = layout;
    const sans = ["localhost", "127.0.0.1"];
    return goYamlDocuments(
        {
            ...{ apiVersion, kind: "InitConfiguration" },
            // It takes no address of loopback.
            localAPIEndpoint: {
                advertiseAddress: advertised(layout),
                bindPort: ports.kubeApiserver,
            },
            // Otherwise it looks for a container runtime, and takes the host's name.
            nodeRegistration: { name: "control-plane", criSocket: "unix:///none" },
        },
        {
            ...{ apiVersion, kind: "ClusterConfiguration" },
            clusterName: layout.clusterName,
            kubernetesVersion,
            controlPlaneEndpoint: `${address}:${String(ports.kubeApiserver)}`,
            encryptionAlgorithm: "ECDSA-P256",
            certificateValidityPeriod: validity,
            // For a tunnel that ends at another address.
            apiServer: { certSANs: address === loopback ? sans : [...sans, loopback] },
            etcd: { local: { serverCertSANs: [loopback], peerCertSANs: [loopback] } },
            networking: { serviceSubnet: layout.serviceCidr, dnsDomain: "cluster.local" },
        },
    );
}

/**
 * How the API server knows who asks: by certificate or token; without either one may ask for its health alone
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration).
 */
export function authenticationConfig(): string {
    return goYaml({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "AuthenticationConfiguration",
        anonymous: {
            enabled: true,
            conditions: ["/livez", "/readyz", "/healthz"].map((path) => ({ path })),
        },
    });
}

/**
 * kubeadm's configuration as far as `kubeadm kubeconfig user` takes it: for a client that finds the API server at `server`, as
 * 127.0.0.1:6443. The script adds certificatesDir.
 */
export function clientConfig(
    clusterName: string,
    kubernetesVersion: string,
    server: string,
): string {
    const apiVersion = "kubeadm.k8s.io/v1beta4";
    return goYamlDocuments(
        {
            ...{ apiVersion, kind: "InitConfiguration" },
            localAPIEndpoint: { advertiseAddress: advertisedAddress },
            nodeRegistration: { name: "control-plane", criSocket: "unix:///none" },
        },
        {
            ...{ apiVersion, kind: "ClusterConfiguration" },
            clusterName,
            kubernetesVersion,
            controlPlaneEndpoint: server,
            encryptionAlgorithm: "ECDSA-P256",
        },
    );
}
