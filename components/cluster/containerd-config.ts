import { shellLine } from "../internal/quote";
import { CgroupDriver, containerdSocket } from "./kubelet-config";

/** kubeadm 1.36's own (cmd/kubeadm/app/constants). */
export const defaultPauseImage = "registry.k8s.io/pause:3.10.2";

/** Where a node's containerd keeps images and containers, and finds its network: of nobody else's on the host. */
export const nodeDir = "/var/lib/kubedev/node";

/** Name of the bridge that pods are on. */
const podBridge = "kubedev0";

/**
 * What runs in a container without CAP_SYS_RESOURCE, as in one of a ContainerEngine, must not lower oom_score_adj: containerd
 * is then told so by its service, in a configuration that has this line.
 */
const oomScore = "  restrict_oom_score_adj = ";

/**
 * containerd's configuration, in version 2, which 1.6 to 2.x read (https://github.com/containerd/containerd/blob/main/docs/cri/config.md).
 * The pods' network is written by containerd itself from a template, once the kubelet knows the node's range.
 */
export function containerdConfig(
    cgroupDriver: CgroupDriver,
    pauseImage: string,
    inContainers = false,
): string {
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    const runc = `${cri}.containerd.runtimes.runc`;
    const text = (value: string) => JSON.stringify(value);
    return [
        "version = 2",
        `root = ${text(`${nodeDir}/containerd`)}`,
        `state = ${text(containerdSocket.slice(0, containerdSocket.lastIndexOf("/")))}`,
        "[grpc]",
        `  address = ${text(containerdSocket)}`,
        `[${cri}]`,
        `  sandbox_image = ${text(pauseImage)}`,
        ...(inContainers ? [`${oomScore}false`] : []),
        `[${cri}.cni]`,
        // Debian's package has them there.
        '  bin_dir = "/usr/lib/cni"',
        `  conf_dir = ${text(`${nodeDir}/cni`)}`,
        `  conf_template = ${text(`${nodeDir}/cni.template`)}`,
        `[${runc}]`,
        '  runtime_type = "io.containerd.runc.v2"',
        `[${runc}.options]`,
        `  SystemdCgroup = ${String(cgroupDriver === CgroupDriver.Systemd)}`,
        "",
    ].join("\n");
}

/** Shell text that brings such a configuration in line with what its process may do: bit 24 of the bounding set. */
export function fitToCapabilities(file: string): string {
    const bounding = "$(sed -n 's/^CapBnd:[[:space:]]*/0x/p' /proc/self/status)";
    return `if [ "$((${bounding} >> 24 & 1))" = 0 ]; then sed -i 's/^${oomScore}false$/${oomScore}true/' ${shellLine([file])}; fi`;
}

/** Template of the pods' network: a bridge with the addresses of the node's range (https://www.cni.dev/plugins/current/main/bridge/). */
export function podNetworkTemplate(): string {
    const network = {
        cniVersion: "0.4.0",
        name: "kubedev",
        plugins: [
            {
                type: "bridge",
                bridge: podBridge,
                isGateway: true,
                ipMasq: true,
                // A pod may ask for a Service that leads back to it.
                hairpinMode: true,
                ipam: {
                    type: "host-local",
                    ranges: [[{ subnet: "{{.PodCIDR}}" }]],
                    routes: [{ dst: "0.0.0.0/0" }],
                },
            },
            { type: "portmap", capabilities: { portMappings: true } },
        ],
    };
    return `${JSON.stringify(network, undefined, 2)}\n`;
}
