import { CgroupDriver, containerdSocket } from "./kubelet-config";

/** Where a node's containerd keeps images and containers, and finds its network: of nobody else's on the host. */
export const nodeDir = "/var/lib/kubedev/node";

/** Name of the bridge that pods are on. */
const podBridge = "kubedev0";

/**
 * containerd's configuration, in version 2, which 1.6 to 2.x read (https://github.com/containerd/containerd/blob/main/docs/cri/config.md).
 * The pods' network is written by containerd itself from a template, once the kubelet knows the node's range.
 */
export function containerdConfig(cgroupDriver: CgroupDriver, pauseImage: string): string {
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
