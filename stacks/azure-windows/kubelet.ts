/** A kubelet by itself, as a service of Windows agents: what there is to swap on a fresh one. */
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import {
    type Host,
    HostArtifact,
    HostCommand,
    HostFile,
    WindowsShell,
} from "../../components/host";
import { type Binary, Build } from "../../components/source";
import { windowsPlatform } from "./config";
import { binaryOf } from "./programs";
import { installText, removeText, type ServiceProgram } from "./service-text";

/** Name of its service, as kubeadm and Azure's own nodes have it. */
export const kubeletService = "kubelet";

const directory = "C:\\k";
const configPath = `${directory}\\kubelet-config.yaml`;

/** Without a cluster: it runs the pods of a directory, and nobody but this machine reaches it. */
const config = stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: "127.0.0.1",
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    cgroupsPerQOS: false,
    containerRuntimeEndpoint: "npipe:////./pipe/containerd-containerd",
    enforceNodeAllocatable: [],
    resolvConf: "",
    staticPodPath: `${directory}\\manifests`,
});

/** Builds a released one for Windows on a host that can build. */
export function releasedKubelet(
    { kubernetesVersion }: { kubernetesVersion: string },
    builder: pulumi.Input<Host>,
): pulumi.Output<Binary> {
    const target = "k8s.io/kubernetes/cmd/kubelet";
    const build = new Build("released", {
        host: builder,
        module: `k8s.io/kubernetes@${kubernetesVersion}`,
        targets: [target],
        platforms: [windowsPlatform],
    });
    return binaryOf(build, target);
}

/** Installs a kubelet on an agent, and starts it; another one installs it anew. */
export function installKubelet(
    agent: string,
    host: pulumi.Input<Host>,
    binary: pulumi.Output<Binary>,
    builder: pulumi.Input<Host>,
    dependencies: readonly string[] = ["containerd"],
): HostCommand {
    const program: ServiceProgram = {
        service: kubeletService,
        path: `${directory}\\kubelet.exe`,
        // Beside it, and not at its place: there is what a swap puts there.
        from: `${directory}\\released\\kubelet.exe`,
        arguments: ["--windows-service", `--config=${configPath}`],
        dependencies,
    };
    const file = new HostFile(`${agent}-kubelet-config`, {
        host,
        path: configPath,
        content: config,
    });
    const released = new HostArtifact(`${agent}-kubelet`, {
        host,
        sourceHost: builder,
        sourcePath: binary.path,
        sha256: binary.sha256,
        path: program.from,
    });
    return new HostCommand(`${agent}-kubelet-service`, {
        host,
        shell: WindowsShell.Cmd,
        create: installText(program),
        delete: removeText(program),
        parentIds: [released.instanceId, file.instanceId],
    });
}
