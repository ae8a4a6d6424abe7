import * as pulumi from "@pulumi/pulumi";
import { hostParts, loginOf } from "../host/host";
import { after, hostResource, HostResource, textOf } from "../host/host-resource";
import { preflight } from "../host/preflight";
import { keyOf } from "../host/scope";
import { serviceResource, Supervisor } from "../host/service-resource";
import { dnsAddress } from "../internal/address-range";
import { guarded } from "../internal/errors";
import { orEmpty } from "../internal/outputs";
import { assertArgs, checkedEach, required } from "../internal/validate";
import { ClusterNodeArgs, clusterNodeRules, flatNodeArgs } from "./cluster-node-args";
import { assertOwnNetwork } from "./cluster-address";
import { clientConfig, validity } from "./kubeadm-config";
import { defaultPauseImage } from "./containerd-config";
import { kubeletConfig, orSystemd } from "./kubelet-config";
import {
    containerdService,
    kubeletService,
    NodeService,
    podRoutesService,
    proxyService,
} from "./node-programs";
import { labelLines } from "./node-labels";
import { nodeService, nodeTools } from "./node-services";
import { needsTunnel, serverFor, tunnelHealthText, tunnelText } from "./node-tunnel";
import { ProxyMode, proxyConfig } from "./proxy-config";
import { logPathsOf } from "./service-logs";

/**
 * A node of a Cluster on a host: containerd, kubelet and kube-proxy as services of their own, from binaries that were built.
 * It is there once it is Ready. A host elsewhere reaches the API server by ssh: a service of this machine holds a tunnel that
 * ends on the host's loopback, so that nothing listens for others.
 */
export class ClusterNode extends pulumi.ComponentResource {
    /** Name of the node in the cluster. Known in preview. */
    public readonly nodeName: pulumi.Output<string>;
    /** Version of the kubelet that the node reports, as "v1.36.1". */
    public readonly kubeletVersion: pulumi.Output<string>;
    /** Address that the node has in its own network. */
    public readonly internalIp: pulumi.Output<string>;
    /** Range of the pods on this node. */
    public readonly podCidr: pulumi.Output<string>;
    /** Paths of the logs on the host, by program: containerd, kubelet, kubeProxy. */
    public readonly logPaths: pulumi.Output<Record<string, string>>;
    /** Changes whenever its kubelet was started anew. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: ClusterNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:ClusterNode", name, args, opts);
        const what = `ClusterNode ${name}`;
        const flat = flatNodeArgs(name, args);
        assertArgs(what, flat, clusterNodeRules);
        const known = checkedEach(what, flat, clusterNodeRules);
        const cluster = pulumi.output(args.controlPlane);
        const nodeName = args.nodeName ?? name;
        const readySec = args.readyTimeoutSec ?? 300;
        const own = { parent: this };
        const networked = args.address !== undefined;
        const there = hostParts(args.host);
        const control = hostParts(cluster.host);
        const checked = hostParts(preflight(args.host, { tools: nodeTools }));
        // While the control plane is shut down there is nothing to be done on its nodes, and nothing to be taken from them.
        const host = pulumi.output({
            ssh: checked.ssh.apply(loginOf),
            parentId: checked.parentId,
            parentUrn: checked.parentUrn,
            readyId: checked.readyId,
            running: pulumi
                .all([checked.running, control.running])
                .apply(([own, plane]) => own !== false && plane !== false),
        });
        const server = pulumi
            .all([
                ...[there.ssh, control.ssh, cluster.address, cluster.port, known.address],
                networked ? there.parentUrn : undefined,
            ] as const)
            .apply(([node, plane, address, port, own, urn]) =>
                guarded(() => {
                    assertOwnNetwork(what, own, urn !== undefined);
                    return serverFor(what, node, plane, address, port, own);
                }),
            );

        const beside = {
            KUBEDEV_KUBECTL: cluster.kubectlPath,
            KUBEDEV_STATE: cluster.stateDir,
            KUBEDEV_NODE_NAME: nodeName,
        };
        const credentials = hostResource(
            `${name}-credentials`,
            {
                host: cluster.host,
                create: "cluster/node-credentials.sh",
                delete: "cluster/node-forget.sh",
                spec: { nodeName, server },
                parents: [cluster.instanceId],
                environment: {
                    ...beside,
                    KUBEDEV_KUBEADM: cluster.kubeadmPath,
                    KUBEDEV_KUBEADM_CONFIG: pulumi
                        .all([cluster.clusterName, cluster.kubernetesVersion, server])
                        .apply(([called, version, at]) => clientConfig(called, version, at)),
                    KUBEDEV_VALIDITY: validity,
                },
                timeoutSec: 120,
            },
            // Kubeconfigs are printed.
            { ...own, additionalSecretOutputs: ["stdout"] },
        );
        const to = pulumi.interpolate`${cluster.address}:${cluster.port}`;
        const tunnel = serviceResource(
            `${name}-tunnel`,
            {
                host: undefined,
                spec: { from: server, to },
                parents: [there.parentId],
                // Of a node beside the control plane, or in its network, there is none to be held.
                running: pulumi
                    .all([there.ssh, control.ssh, cluster.address, there.running])
                    .apply(
                        ([ssh, plane, address, runs]) =>
                            needsTunnel(ssh, plane, address) && runs !== false,
                    ),
                run: pulumi
                    .all([there.ssh, server, to])
                    .apply(([ssh, from, target]) => tunnelText(ssh, from, target)),
                health: pulumi
                    .all([there.ssh, server])
                    .apply(([ssh, at]) => tunnelHealthText(ssh, at)),
                healthTimeoutSec: 60,
                stopTimeoutSec: 5,
                logMaxMib: 1,
                logKeep: 1,
                supervisor: Supervisor.Auto,
            },
            own,
        );
        const printed = (field: string) =>
            pulumi.secret(credentials.result().apply((result) => textOf(result, field)));
        const node = hostResource(
            `${name}-node`,
            {
                host,
                create: "cluster/node-create.sh",
                ...(networked ? { first: "cluster/node-network.sh" } : {}),
                delete: "cluster/node-remove.sh",
                spec: { nodeName },
                parents: [credentials.resource.id],
                environment: {
                    KUBEDEV_KUBELET: required(known["binaries.kubelet"]),
                    KUBEDEV_KUBE_PROXY: required(known["binaries.kubeProxy"]),
                    KUBEDEV_KUBELET_CONF: printed("kubelet"),
                    KUBEDEV_KUBE_PROXY_CONF: printed("kubeProxy"),
                    KUBEDEV_CA: printed("ca"),
                    KUBEDEV_APISERVER_VERSION: cluster.kubernetesVersion,
                    KUBEDEV_PROXY_MODE: known.proxyMode.apply((mode) => mode ?? ProxyMode.Nftables),
                    KUBEDEV_CGROUP_DRIVER: known.cgroupDriver.apply(orSystemd),
                    KUBEDEV_CGROUP_V1: known.allowCgroupV1.apply((given) => String(given ?? false)),
                    // Not a value more for those without.
                    ...(networked
                        ? { KUBEDEV_ADDRESS: orEmpty(known.address), KUBEDEV_SERVER: server }
                        : {}),
                },
                timeoutSec: 300,
            },
            own,
        );
        const files = `../${keyOf(`${name}-node`)}`;
        const start = (
            program: string,
            service: pulumi.Output<NodeService>,
            stopTimeoutSec: number,
            ...after: HostResource[]
        ): HostResource =>
            nodeService(
                `${name}-${program}`,
                { host, service, readySec, stopTimeoutSec, parent: node, after },
                own,
            );
        const containerd = start(
            "containerd",
            pulumi
                .all([known.cgroupDriver, known.pauseImage, known.containerdEnvironment])
                .apply(([driver, image, variables]) =>
                    containerdService(
                        orSystemd(driver),
                        image ?? defaultPauseImage,
                        false,
                        variables,
                    ),
                ),
            20,
        );
        const kubelet = start(
            "kubelet",
            pulumi
                .all([
                    pulumi.all([known["binaries.kubelet"], known["verbosity.kubelet"]]),
                    pulumi.all([cluster.serviceCidr, known.cgroupDriver, known.allowCgroupV1]),
                    pulumi.all([known.featureGates, known.kubeletConfig, known.address]),
                ])
                .apply(([[program, level], [services, driver, v1], [gates, more, address]]) =>
                    kubeletService(
                        program ?? "",
                        nodeName,
                        files,
                        level ?? 0,
                        kubeletConfig({
                            clientCaFile: `${files}/ca.crt`,
                            dnsIp: dnsAddress(services),
                            cgroupDriver: orSystemd(driver),
                            allowCgroupV1: v1 ?? false,
                            address,
                            featureGates: gates,
                            more,
                        }),
                        address,
                    ),
                ),
            20,
            ...[tunnel, containerd],
        );
        const ready = hostResource(
            `${name}-ready`,
            {
                host: cluster.host,
                create: "cluster/node-ready.sh",
                ...(networked ? { first: "cluster/kubelet-access.sh" } : {}),
                delete: "host/forget.sh",
                spec: { nodeName },
                parents: [kubelet.resource.id],
                environment: {
                    ...beside,
                    KUBEDEV_KUBELET_VERSION: node
                        .result()
                        .apply((result) => textOf(result, "kubeletVersion")),
                    KUBEDEV_LABELS: known.nodeLabels.apply(labelLines),
                    KUBEDEV_READY_SEC: String(readySec),
                },
                timeoutSec: readySec + 60,
            },
            own,
        );
        const proxy = start(
            "kube-proxy",
            pulumi
                .all([
                    ...[known["binaries.kubeProxy"], known["verbosity.kubeProxy"]],
                    ...[known.proxyMode, cluster.podCidr, known.featureGates],
                ] as const)
                .apply(([program, level, mode, podCidr, gates]) =>
                    proxyService(
                        program ?? "",
                        nodeName,
                        level ?? 0,
                        proxyConfig({
                            kubeconfig: `${files}/kube-proxy.conf`,
                            mode: mode ?? ProxyMode.Nftables,
                            podCidr,
                            featureGates: gates,
                        }),
                    ),
                ),
            10,
            // It waits for what the kubelet registers.
            ready,
        );
        const routes = networked
            ? start(
                  "pod-routes",
                  pulumi
                      .all([server, cluster.podCidr])
                      .apply(([at, pods]) => podRoutesService(nodeName, at, pods, files)),
                  10,
                  ready,
              )
            : undefined;
        const told = (field: string) => ready.result().apply((result) => textOf(result, field));

        this.nodeName = pulumi
            .all([after(proxy.resource, nodeName), routes?.resource.urn])
            .apply(([called]) => called);
        this.kubeletVersion = told("kubeletVersion");
        this.internalIp = told("internalIp");
        this.podCidr = told("podCidr");
        this.logPaths = logPathsOf(args.host, { containerd, kubelet, kubeProxy: proxy });
        this.instanceId = ready.resource.id;
        this.registerOutputs({
            nodeName: this.nodeName,
            kubeletVersion: this.kubeletVersion,
            internalIp: this.internalIp,
            podCidr: this.podCidr,
            logPaths: this.logPaths,
            instanceId: this.instanceId,
        });
    }
}
