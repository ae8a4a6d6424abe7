import * as pulumi from "@pulumi/pulumi";
import { hostParts } from "../host/host";
import { HostArtifact } from "../host/host-artifact";
import { HostCommand } from "../host/host-command";
import { HostFile } from "../host/host-file";
import { after, hostResource, textOf } from "../host/host-resource";
import { HostService } from "../host/host-service";
import { WindowsShell } from "../host/windows-service";
import { guarded } from "../internal/errors";
import { script } from "../internal/scripts";
import { assertArgs, checkedEach } from "../internal/validate";
import { readKubeconfig } from "./kubeconfig-facts";
import { admissionOf } from "./windows-node-admission";
import { flatWindowsNodeArgs, WindowsNodeArgs, windowsNodeRules } from "./windows-node-args";
import * as files from "./windows-node-files";

const cmd = (name: string) => script(`cluster/${name}.cmd`);
const nothing = "exit /b 0";

/**
 * Makes a Windows host a node of a cluster that kubeadm made and that it reaches over the network: kubelet and kube-proxy as
 * services of Windows, whose programs can be swapped, and flannel's overlay network. Removed, it is drained, taken out of the
 * cluster, and reset. Not proven on Windows.
 */
export class WindowsNode extends pulumi.ComponentResource {
    /** Name of the node in the cluster. Known in preview. */
    public readonly nodeName: pulumi.Output<string>;
    /** Version of the kubelet that the node reports, as "v1.36.1". */
    public readonly kubeletVersion: pulumi.Output<string>;
    /** Address by which the cluster knows it. */
    public readonly internalIp: pulumi.Output<string>;
    /** Range of the pods on this node. */
    public readonly podCidr: pulumi.Output<string>;
    /** Changes whenever the service kubelet was made anew: a swap of it takes this as a parent. */
    public readonly kubeletInstanceId: pulumi.Output<string>;
    /** Changes whenever the service kube-proxy was made anew: a swap of it takes this as a parent. */
    public readonly kubeProxyInstanceId: pulumi.Output<string>;
    /** Changes whenever the host was joined anew. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: WindowsNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:WindowsNode", name, args, opts);
        const what = `WindowsNode ${name}`;
        const flat = flatWindowsNodeArgs(name, args);
        const rules = windowsNodeRules(args.host);
        assertArgs(what, flat, rules);
        const known = checkedEach(what, flat, rules);
        const nodeName = args.nodeName ?? name;
        const readySec = args.readyTimeoutSec ?? 600;
        const { host } = args;
        const there = hostParts(host);
        const own = { parent: this };
        const onHost = (parentIds: pulumi.Input<string>[]) => ({ host, parentIds });

        const facts = pulumi
            .all([known.kubeconfigPath, known.endpoint])
            .apply(([file, endpoint]) => guarded(() => readKubeconfig(what, file, endpoint)));
        const beside = {
            KUBEDEV_KUBECTL: known.kubectlPath.apply((path) => path ?? "kubectl"),
            KUBEDEV_KUBECONFIG: known.kubeconfigPath,
            KUBEDEV_NODE_NAME: nodeName,
        };
        const admit = hostResource(
            `${name}-admission`,
            {
                host: undefined,
                create: "cluster/windows-node-admit.sh",
                delete: "cluster/windows-node-dismiss.sh",
                spec: { nodeName, endpoint: facts.endpoint },
                parents: [there.parentId],
                environment: { ...beside, KUBEDEV_KUBERNETES_VERSION: known.kubernetesVersion },
                timeoutSec: 120,
            },
            // The token is printed.
            { ...own, additionalSecretOutputs: ["stdout"] },
        );
        const admission = pulumi
            .all([pulumi.secret(admit.result()), known.kubernetesVersion])
            .apply(([printed, version]) => guarded(() => admissionOf(what, printed, version)));
        // Of all that is told, the token alone is a secret.
        const network = pulumi.unsecret(
            admission.apply(({ clusterCidr, serviceCidr, flannelConfig }) => ({
                ...{ clusterCidr, serviceCidr, flannelConfig },
            })),
        );

        const containerd = new HostCommand(
            `${name}-containerd`,
            {
                host,
                shell: WindowsShell.Cmd,
                // A host that the cluster cannot take is left alone.
                create: network.apply(() => cmd("windows-node-containerd")),
            },
            own,
        );
        const sent = (
            part: "kubeadm" | "kubelet" | "kubeProxy" | "flanneld" | "winOverlay" | "hostLocal",
            path: string,
        ) =>
            new HostArtifact(
                `${name}-${part.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
                {
                    ...onHost([containerd.instanceId]),
                    ...(args.sourceHost === undefined ? {} : { sourceHost: args.sourceHost }),
                    sourcePath: known[`programs.${part}`].path,
                    sha256: known[`programs.${part}`].sha256,
                    path,
                },
                own,
            );
        const service = (
            called: string,
            program: HostArtifact,
            words: pulumi.Input<string[]>,
            parents: pulumi.Input<string>[],
            dependsOn: pulumi.Resource[],
        ) =>
            new HostCommand(
                `${name}-${called}-service`,
                {
                    ...onHost([program.instanceId, ...parents]),
                    shell: WindowsShell.Cmd,
                    create: cmd("windows-service"),
                    delete: cmd("windows-service-remove"),
                    triggers: { arguments: pulumi.output(words).apply((all) => all.join(" ")) },
                    environment: {
                        SERVICE_NAME: called,
                        SERVICE_PATH: `${files.nodePrograms}\\${called}.exe`,
                        SERVICE_FROM: program.path,
                        SERVICE_SHA256: program.sha256,
                        SERVICE_ARGUMENTS: pulumi.output(words).apply((all) => all.join(" ")),
                        SERVICE_NEEDS: files.nodeKubeconfig,
                    },
                },
                { ...own, dependsOn },
            );
        // Beside the places of the services' programs: there is what a swap puts there.
        const released = `${files.nodePrograms}\\released`;

        const kubeadm = sent("kubeadm", `${files.nodePrograms}\\kubeadm.exe`);
        const patch = new HostFile(
            `${name}-kubelet-patch`,
            {
                ...onHost([containerd.instanceId]),
                path: files.kubeletPatchPath,
                content: files.kubeletPatch(),
            },
            own,
        );
        const opened = new HostCommand(
            `${name}-network`,
            {
                ...onHost([containerd.instanceId]),
                create: script("cluster/windows-node-network.ps1"),
                delete: script("cluster/windows-node-network-remove.ps1"),
                environment: {
                    PEER_CIDRS: known.peerCidrs.apply((all) => all.join(",")),
                    POD_NETWORK: files.podNetwork,
                },
            },
            own,
        );
        const kubelet = service(
            "kubelet",
            sent("kubelet", `${released}\\kubelet.exe`),
            known.address.apply((address) => files.kubeletArguments(nodeName, address)),
            [],
            [patch],
        );
        const joined = new HostCommand(
            `${name}-join`,
            {
                ...onHost([admit.resource.id, containerd.instanceId]),
                shell: WindowsShell.Cmd,
                create: cmd("windows-node-join"),
                // Another kubeadm, token or authority of the same cluster does not touch a node that is there.
                update: nothing,
                delete: cmd("windows-node-reset"),
                triggers: { nodeName, endpoint: facts.endpoint },
                stdin: pulumi
                    .all([facts, admission])
                    .apply(([{ endpoint, caCertHash }, { token }]) =>
                        pulumi.secret(
                            files.joinConfiguration({ nodeName, endpoint, token, caCertHash }),
                        ),
                    ),
                timeoutSec: 900,
            },
            { ...own, dependsOn: [kubeadm, kubelet] },
        );

        const awaited = (
            suffix: string,
            wanted: { ready: boolean; after: pulumi.Input<string> },
            dependsOn: pulumi.Resource[],
        ) =>
            hostResource(
                `${name}-${suffix}`,
                {
                    host: undefined,
                    create: "cluster/windows-node-await.sh",
                    delete: wanted.ready ? "cluster/windows-node-leave.sh" : "host/forget.sh",
                    spec: { nodeName },
                    parents: [joined.instanceId],
                    environment: {
                        ...beside,
                        KUBEDEV_READY: String(wanted.ready),
                        KUBEDEV_READY_SEC: String(readySec),
                        KUBEDEV_RUNNING: there.running.apply((runs) => String(runs ?? true)),
                        KUBEDEV_AFTER: wanted.after,
                    },
                    timeoutSec: readySec + 180,
                },
                { ...own, dependsOn },
            );
        const registered = awaited("registered", { ready: false, after: "" }, []);
        const podCidr = registered.result().apply((result) => textOf(result, "podCidr"));
        const ranges = pulumi
            .all([network, podCidr])
            .apply(([{ clusterCidr, serviceCidr }, pods]) => ({
                ...{ clusterCidr, serviceCidr, podCidr: pods },
            }));
        const file = (suffix: string, path: string, content: pulumi.Input<string>) =>
            new HostFile(
                `${name}-${suffix}`,
                { ...onHost([joined.instanceId]), path, content },
                own,
            );

        const flannelConfig = file(
            "flannel-config",
            files.flannelConfigPath,
            network.flannelConfig,
        );
        const flanneld = sent("flanneld", `${files.nodePrograms}\\flanneld.exe`);
        const flannel = new HostService(
            `${name}-flannel`,
            {
                ...onHost([joined.instanceId, opened.instanceId]),
                shell: WindowsShell.Cmd,
                command: known.address.apply((address) => files.flannelArgv(address)),
                environment: { NODE_NAME: nodeName },
                restartOn: { sha256: flanneld.sha256 },
                healthCheck: {
                    command: `if not exist ${files.flannelSubnetPath} exit /b 1`,
                    timeoutSec: 180,
                },
            },
            { ...own, dependsOn: [flanneld, flannelConfig] },
        );
        const plugins = [
            sent("winOverlay", `${files.cniDir}\\bin\\win-overlay.exe`),
            sent("hostLocal", `${files.cniDir}\\bin\\host-local.exe`),
            file("cni-config", files.cniConfigPath, ranges.apply(files.cniConfig)),
        ];
        const proxyConfig = file(
            "kube-proxy-config",
            files.proxyConfigPath,
            ranges.apply((all) => files.windowsProxyConfig(nodeName, all)),
        );
        const proxy = service(
            "kube-proxy",
            sent("kubeProxy", `${released}\\kube-proxy.exe`),
            [`--config=${files.proxyConfigPath}`],
            [joined.instanceId],
            [proxyConfig, flannel],
        );
        const programs = [kubelet, flannel, proxy];
        const ready = awaited(
            "ready",
            {
                ready: true,
                // A program that was made anew is waited for; the node is not emptied for it.
                after: pulumi
                    .all(programs.map(({ instanceId }) => instanceId))
                    .apply((ids) => ids.join(" ")),
            },
            [...programs, ...plugins],
        );
        const told = (field: string) => ready.result().apply((result) => textOf(result, field));

        this.nodeName = after(ready.resource, nodeName);
        this.kubeletVersion = told("kubeletVersion");
        this.internalIp = told("internalIp");
        this.podCidr = told("podCidr");
        this.kubeletInstanceId = kubelet.instanceId;
        this.kubeProxyInstanceId = proxy.instanceId;
        this.instanceId = joined.instanceId;
        this.registerOutputs({
            nodeName: this.nodeName,
            kubeletVersion: this.kubeletVersion,
            internalIp: this.internalIp,
            podCidr: this.podCidr,
            kubeletInstanceId: this.kubeletInstanceId,
            kubeProxyInstanceId: this.kubeProxyInstanceId,
            instanceId: this.instanceId,
        });
    }
}
