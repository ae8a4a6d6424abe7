import * as pulumi from "@pulumi/pulumi";
import { Host } from "../host/host";
import { Build } from "../source/build";

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

/** The programs as released modules, by name: absolute paths on the host. */
export function nodePrograms(
    name: string,
    versions: NodeVersions,
    host: pulumi.Input<Host> | undefined,
    parent: pulumi.Resource,
): pulumi.Output<Record<string, string>> {
    const build = (
        part: string,
        module: string,
        targets: string[],
        names?: Record<string, string>,
    ) => new Build(`${name}-${part}`, { host, module, targets, names }, { parent }).paths;
    const kubernetes = [
        ...["kubeadm", "kubelet", "kubectl", "kube-apiserver", "kube-controller-manager"],
        ...["kube-scheduler", "kube-proxy"],
    ].map((command) => `k8s.io/kubernetes/cmd/${command}`);
    const containerd = ["containerd", "containerd-shim-runc-v2", "ctr"].map(
        (command) => `github.com/containerd/containerd/v2/cmd/${command}`,
    );
    const etcd = "go.etcd.io/etcd/server/v3";
    const coredns = "github.com/coredns/coredns";
    const provisioner = "github.com/rancher/local-path-provisioner";
    return pulumi
        .all([
            build("kubernetes", `k8s.io/kubernetes@${versions.kubernetes}`, kubernetes),
            build("etcd", `${etcd}@${versions.etcd}`, [etcd], { [etcd]: "etcd" }),
            build("coredns", `${coredns}@${versions.coredns}`, [coredns]),
            build(
                "containerd",
                `github.com/containerd/containerd/v2@${versions.containerd}`,
                containerd,
            ),
            build("crictl", `sigs.k8s.io/cri-tools@${versions.criTools}`, [
                "sigs.k8s.io/cri-tools/cmd/crictl",
            ]),
            build("storage", `${provisioner}@${versions.localPathProvisioner}`, [provisioner]),
        ])
        .apply((all) =>
            Object.fromEntries(
                all
                    .flatMap((paths) => Object.entries(paths))
                    .map(([key, file]) => [key.replace(/-linux-[a-z0-9]+$/, ""), file]),
            ),
        );
}
