import { ReleasedCommand } from "../source/build-script";

/** Versions of what a node is made of. */
export interface NodeVersions {
    /** As v1.36.1. */
    kubernetes: string;
    etcd: string;
    coredns: string;
    containerd: string;
    criTools: string;
    localPathProvisioner: string;
}

/** By minor version of Kubernetes: what its kubeadm asks for, and what was tried with it. */
const byMinor: Record<string, Omit<NodeVersions, "kubernetes">> = {
    "1.36": {
        etcd: "v3.6.8",
        coredns: "v1.14.2",
        containerd: "v2.3.7",
        criTools: "v1.36.0",
        localPathProvisioner: "v0.0.30",
    },
};

/** Versions of Kubernetes that a node image can be made of from packages alone. */
export const knownMinors = Object.keys(byMinor);

/** What goes with a version of Kubernetes; undefined for one that was not tried. */
export function nodeVersions(kubernetes: string): NodeVersions | undefined {
    const minor = /^v(\d+\.\d+)\./.exec(kubernetes)?.[1] ?? "";
    const rest = byMinor[minor];
    return rest === undefined ? undefined : { kubernetes, ...rest };
}

/** The programs of a node, as commands of released modules. */
export function nodePrograms(versions: NodeVersions): ReleasedCommand[] {
    const of = (module: string, version: string, targets: string[], name?: string) =>
        targets.map((target) => ({
            module: `${module}@${version}`,
            target: `${module}${target}`,
            ...(name === undefined ? {} : { name }),
        }));
    const kubernetes = [
        ...["kubeadm", "kubelet", "kubectl", "kube-apiserver", "kube-controller-manager"],
        ...["kube-scheduler", "kube-proxy"],
    ].map((command) => `/cmd/${command}`);
    const containerd = ["containerd", "containerd-shim-runc-v2", "ctr"].map(
        (command) => `/cmd/${command}`,
    );
    return [
        ...of("k8s.io/kubernetes", versions.kubernetes, kubernetes),
        ...of("go.etcd.io/etcd/server/v3", versions.etcd, [""], "etcd"),
        ...of("github.com/coredns/coredns", versions.coredns, [""]),
        ...of("github.com/containerd/containerd/v2", versions.containerd, containerd),
        ...of("sigs.k8s.io/cri-tools", versions.criTools, ["/cmd/crictl"]),
        ...of("github.com/rancher/local-path-provisioner", versions.localPathProvisioner, [""]),
    ];
}
