/** What a node tells over HTTP, as commands: all of it goes through the API server, so that nothing more listens. */
export interface NodeUrls {
    /** Its pods. */
    pods: string;
    /** CPU, memory and disk of the node and its pods. */
    stats: string;
    /** The kubelet's metrics. */
    metrics: string;
    /** The kubelet's configuration, defaults included. */
    configz: string;
    /** CPU profile of the kubelet over 30 seconds, shown in a browser. */
    profile: string;
    /** What the kubelet's heap holds, shown in a browser. */
    heap: string;
}

/** The commands for one node; `kubectl` is a command with the cluster's kubeconfig. */
export function nodeUrls(kubectl: string, node: string): NodeUrls {
    const raw = (path: string) => `${kubectl} get --raw '/api/v1/nodes/${node}/proxy/${path}'`;
    const shown = (path: string, file: string) =>
        `${raw(path)} >${file} && go tool pprof -http 127.0.0.1: ${file}`;
    return {
        pods: `${kubectl} get pods --all-namespaces --field-selector spec.nodeName=${node}`,
        stats: raw("stats/summary"),
        metrics: raw("metrics"),
        configz: raw("configz"),
        profile: shown("debug/pprof/profile?seconds=30", "kubelet-cpu.pprof"),
        heap: shown("debug/pprof/heap", "kubelet-heap.pprof"),
    };
}
