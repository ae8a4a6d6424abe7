/** How kube-proxy leads to Services. */
export enum ProxyMode {
    /** nftables: Linux 5.13 or later, and nft 1.0.1 or later. */
    Nftables = "nftables",
    /** iptables, for older systems. */
    Iptables = "iptables",
}

/** Where kube-proxy answers how it is. */
export const proxyHealth = "127.0.0.1:10256";

/** What the configuration of a kube-proxy depends on. */
export interface ProxyWishes {
    /** Path of its kubeconfig, from the directory of its service. */
    kubeconfig: string;
    mode: ProxyMode;
    podCidr: string;
    featureGates?: Readonly<Record<string, boolean>>;
    /** Whether its host is a container: how many connections are tracked is its machine's affair. */
    inContainer?: boolean;
}

/**
 * kube-proxy's configuration (kubeproxy.config.k8s.io/v1alpha1,
 * https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/). It listens on loopback alone.
 */
export function proxyConfig(wishes: ProxyWishes): Record<string, unknown> {
    const { featureGates = {} } = wishes;
    return {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        mode: wishes.mode,
        clientConnection: { kubeconfig: wishes.kubeconfig },
        clusterCIDR: wishes.podCidr,
        // By the range of this node: what comes from elsewhere is masqueraded.
        detectLocalMode: "NodeCIDR",
        healthzBindAddress: proxyHealth,
        metricsBindAddress: "127.0.0.1:10249",
        ...(wishes.inContainer === true ? { conntrack: { maxPerCore: 0 } } : {}),
        ...(Object.keys(featureGates).length === 0 ? {} : { featureGates }),
    };
}
