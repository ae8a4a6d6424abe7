import { goYaml } from "../internal/go-yaml";
import { shellExports, shellLine } from "../internal/quote";
import { script } from "../internal/scripts";
import {
    containerdConfig,
    fitToCapabilities,
    nodeDir,
    podNetworkTemplate,
} from "./containerd-config";
import { CgroupDriver, containerdSocket, kubeletHealth } from "./kubelet-config";
import { programArgv } from "./control-plane-flags";
import { proxyHealth } from "./proxy-config";

/** Shell texts of one service. */
export interface NodeService {
    /** Its configuration, in the user's words. */
    spec: Record<string, unknown>;
    preStart: string;
    run: string;
    health: string;
}

/** containerd of the host, with a configuration, a socket and a store of its own. Its host may be a container where that is said. */
export function containerdService(
    cgroupDriver: CgroupDriver,
    pauseImage: string,
    inContainers = false,
    environment?: Readonly<Record<string, string>>,
): NodeService {
    return {
        // Not a word more for those without.
        spec: {
            cgroupDriver,
            pauseImage,
            ...(Object.keys(environment ?? {}).length === 0 ? {} : { environment }),
        },
        preStart: [
            shellLine(["mkdir", "-p", `${nodeDir}/cni`]),
            written(podNetworkTemplate(), `${nodeDir}/cni.template`),
            written(containerdConfig(cgroupDriver, pauseImage, inContainers), "containerd.toml"),
            ...(inContainers ? [fitToCapabilities("containerd.toml")] : []),
        ].join(" && "),
        run: `${shellExports(environment ?? {})}exec containerd --config "$PWD/containerd.toml"`,
        health: `${shellLine(["ctr", "--address", containerdSocket, "version"])} >/dev/null`,
    };
}

/** The kubelet. Its flags are those that its configuration has no field for. */
export function kubeletService(
    program: string,
    nodeName: string,
    credentials: string,
    verbosity: number,
    config: Record<string, unknown>,
    address?: string,
): NodeService {
    const flags = {
        config: "config.yaml",
        kubeconfig: `${credentials}/kubelet.conf`,
        "hostname-override": nodeName,
        // Without it a node's address is that of its way out, which is the same for all machines.
        ...(address === undefined ? {} : { "node-ip": address }),
        v: String(verbosity),
    };
    // systemd-resolved has a file of its own with what it asks itself.
    const resolved = "/run/systemd/resolve/resolv.conf";
    return {
        spec: { program, flags, config },
        preStart: [
            written(goYaml(config), "config.yaml"),
            `if [ -e ${resolved} ]; then ln -sf ${resolved} resolv.conf; else ln -sf /etc/resolv.conf resolv.conf; fi`,
        ].join(" && "),
        run: `exec ${shellLine(programArgv(program, flags))}`,
        health: answers(kubeletHealth),
    };
}

/** kube-proxy. */
export function proxyService(
    program: string,
    nodeName: string,
    verbosity: number,
    config: Record<string, unknown>,
): NodeService {
    const flags = {
        config: "config.yaml",
        "hostname-override": nodeName,
        v: String(verbosity),
    };
    return {
        spec: { program, flags, config },
        preStart: written(goYaml(config), "config.yaml"),
        run: `exec ${shellLine(programArgv(program, flags))}`,
        health: answers(proxyHealth),
    };
}

/** What leads to the pods of other nodes. It reads the list of nodes as kube-proxy does. */
export function podRoutesService(
    nodeName: string,
    server: string,
    podCidr: string,
    credentials: string,
): NodeService {
    const values = {
        NODE_NAME: nodeName,
        SERVER: `https://${server}`,
        POD_CIDR: podCidr,
        CREDENTIALS: credentials,
    };
    return {
        spec: { server, podCidr },
        preStart: `rm -f followed && ${written(script("cluster/pod-routes.sh"), "pod-routes.sh")}`,
        run: `${shellExports(values)}exec sh pod-routes.sh`,
        health: "test -e followed",
    };
}

function written(text: string, file: string): string {
    return `${shellLine(["printf", "%s", text])} >${shellLine([file])}`;
}

function answers(address: string): string {
    return shellLine([
        ...["curl", "-fsS", "--noproxy", "*", "--max-time", "5", "-o", "/dev/null"],
        `http://${address}/healthz`,
    ]);
}
