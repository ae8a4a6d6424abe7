import { goYaml } from "../internal/go-yaml";
import { CgroupDriver } from "./kubelet-config";
import { FlagValues } from "./kubeadm-objects";
import { programArgv } from "./control-plane-flags";
import { unitWord } from "./unit-texts";

/** What the kubelet of a kubeadm node depends on beside what kubeadm tells it. @internal */
export interface KubeadmKubeletWishes {
    program: string;
    /** Address of the node in the network of the nodes: it listens there, for its API server. */
    address: string;
    cgroupDriver: CgroupDriver;
    allowCgroupV1: boolean;
    featureGates?: Readonly<Record<string, boolean>>;
    verbosity?: number;
    extraArgs?: FlagValues;
}

/**
 * systemd unit of a kubelet, as kubeadm's packages have it (https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/kubelet-integration/).
 * kubeadm starts and stops it; it is not enabled, since its containerd is started by kubedev, too.
 */
export function kubeletUnit(wishes: KubeadmKubeletWishes): string {
    const flags = {
        "bootstrap-kubeconfig": "/etc/kubernetes/bootstrap-kubelet.conf",
        kubeconfig: "/etc/kubernetes/kubelet.conf",
        config: "/var/lib/kubelet/config.yaml",
        "config-dir": kubeletDropInDir,
        "node-ip": wishes.address,
        v: String(wishes.verbosity ?? 0),
        ...wishes.extraArgs,
    };
    return [
        "[Unit]",
        "Description=kubelet of a node by kubedev",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env",
        `ExecStart=${programArgv(wishes.program, flags).map(unitWord).join(" ")} $KUBELET_KUBEADM_ARGS`,
        // Pods go on without it.
        "KillMode=process",
        "Restart=always",
        "RestartSec=2",
        "",
    ].join("\n");
}

/** Directory whose files a kubelet lays over what kubeadm has written. */
const kubeletDropInDir = "/etc/kubernetes/kubelet.conf.d";

/** What is laid over kubeadm's configuration of all kubelets on this node. */
export function kubeletDropIn(wishes: KubeadmKubeletWishes): string {
    const { address, cgroupDriver, allowCgroupV1, featureGates = {} } = wishes;
    return goYaml({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address,
        cgroupDriver,
        // Before 1.35 it is the default, from then on it has to be said.
        ...(allowCgroupV1 ? { failCgroupV1: false } : {}),
        // A developer's machine has swap; pods do not use it by default.
        failSwapOn: false,
        ...(Object.keys(featureGates).length === 0 ? {} : { featureGates }),
    });
}
