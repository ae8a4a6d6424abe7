import * as pulumi from "@pulumi/pulumi";
import { after, hostResource, textOf } from "../host/host-resource";
import { assertArgs, checkedEach, required } from "../internal/validate";
import { KubeadmNodeArgs } from "./kubeadm-args";
import { ownAddress } from "./kubeadm-address";
import { kubeadmHost } from "./kubeadm-host";
import { joinDocuments, joinKubeconfig } from "./kubeadm-joining";
import { ownNameIn, plainHostProblems } from "./kubeadm-places";
import { kubeadmReady } from "./kubeadm-ready";
import { flatKubeadmNodeArgs, kubeadmNodeRules, kubeadmProblems } from "./kubeadm-rules";
import { logPathsOf } from "./service-logs";

/**
 * A node that joins a KubeadmControlPlane by kubeadm: its kubelet from a binary that was built, as a unit of systemd. It boots
 * and tries to join while the control plane begins, and is there once it is Ready.
 */
export class KubeadmNode extends pulumi.ComponentResource {
    /** Name of the node in the cluster. Known in preview. */
    public readonly nodeName: pulumi.Output<string>;
    /** Version of the kubelet that the node reports, as "v1.36.1". */
    public readonly kubeletVersion: pulumi.Output<string>;
    /** Address that the node has in the network of the nodes. */
    public readonly internalIp: pulumi.Output<string>;
    /** Range of the pods on this node. */
    public readonly podCidr: pulumi.Output<string>;
    /** Paths of the logs of services on the host, by program: containerd, and kubeProxy where it is one. The kubelet's is in the journal. */
    public readonly logPaths: pulumi.Output<Record<string, string>>;
    /** Changes whenever its kubelet was started anew. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: KubeadmNodeArgs, opts?: pulumi.ComponentResourceOptions) {
        // A component waits for all that it is registered with, and so would everything in it: it is to join meanwhile.
        const registered = { ...args, clusterInstanceId: undefined };
        super("kubedev:index:KubeadmNode", name, registered, opts);
        const what = `KubeadmNode ${name}`;
        const flat = flatKubeadmNodeArgs(name, args);
        const problems = [...kubeadmProblems({ ...args }), ...plainHostProblems(what, args.host)];
        assertArgs(what, flat, kubeadmNodeRules, ...problems);
        const known = checkedEach(what, flat, kubeadmNodeRules);
        const nodeName = args.nodeName ?? name;
        const cluster = ownNameIn(args.cluster, what, nodeName);
        const readySec = args.readyTimeoutSec ?? 900;
        const own = { parent: this };
        const beside = {
            KUBEDEV_KUBECTL: cluster.kubectlPath,
            KUBEDEV_STATE: cluster.stateDir,
            KUBEDEV_NODE_NAME: nodeName,
        };
        const member = hostResource(
            `${name}-member`,
            {
                host: undefined,
                create: "cluster/kubeadm-member.sh",
                delete: "cluster/node-forget.sh",
                spec: { nodeName },
                parents: [cluster.keysId],
                // What tells its node from another one of the same name.
                environment: { ...beside, KUBEDEV_ADDRESS: known.address },
                timeoutSec: 120,
            },
            // Token and kubeconfig are printed.
            { ...own, additionalSecretOutputs: ["stdout"] },
        );
        const printed = (field: string) =>
            pulumi.secret(member.result().apply((result) => textOf(result, field)));

        const there = kubeadmHost(
            name,
            {
                ...{ what, host: args.host, nodeName },
                address: ownAddress(what, args.host, known.address, known.sharedNetwork),
                kubernetesVersion: cluster.kubernetesVersion,
                podCidr: cluster.podCidr,
                endpoint: cluster.endpoint,
                kubeadm: required(known["binaries.kubeadm"]),
                kubelet: required(known["binaries.kubelet"]),
                kubeProxy: args.binaries.kubeProxy,
                programImages: {},
                imageArchives: known.imageArchives,
                controlPlane: false,
                pauseProgram: known["images.pause"],
                pauseImage: known.pauseImage,
                proxyMode: known.proxyMode,
                cgroupDriver: known.cgroupDriver,
                allowCgroupV1: known.allowCgroupV1,
                featureGates: known.featureGates,
                kubeletVerbosity: known["verbosity.kubelet"],
                kubeletArgs: known["extraArgs.kubelet"],
                kubeProxyVerbosity: known["verbosity.kubeProxy"],
                readySec,
            },
            own,
        );
        const join = hostResource(
            `${name}-join`,
            {
                host: there.host,
                create: "cluster/kubeadm-join.sh",
                delete: "cluster/kubeadm-reset.sh",
                spec: { nodeName, endpoint: cluster.endpoint },
                parents: [member.resource.id],
                environment: {
                    ...there.environment,
                    KUBEDEV_KUBEADM_CONFIG: known.ignorePreflightErrors.apply((ignored) =>
                        joinDocuments({
                            ...{ nodeName, ignorePreflightErrors: ignored },
                            readyTimeoutSec: readySec,
                        }),
                    ),
                    KUBEDEV_DISCOVERY: pulumi
                        .all([cluster.endpoint, printed("ca"), printed("token")])
                        .apply(([endpoint, ca, token]) => joinKubeconfig(endpoint, ca, token)),
                    KUBEDEV_CA: printed("ca"),
                    KUBEDEV_KUBE_PROXY_CONF: printed("kubeProxy"),
                    KUBEDEV_MADE: cluster.endpoint.apply((endpoint) => `${nodeName} ${endpoint}`),
                    KUBEDEV_JOIN_SEC: String(readySec),
                },
                timeoutSec: 2 * readySec + 300,
            },
            { ...own, dependsOn: there.before.map(({ resource }) => resource) },
        );
        const kubelet = there.kubelet(join, required(known.clusterInstanceId));
        const ready = kubeadmReady(
            name,
            nodeName,
            kubelet,
            beside,
            known.nodeLabels,
            readySec,
            own,
        );
        const proxy = there.kubeProxy(join, ready);
        const routes = there.podRoutes(join, ready);
        const told = (field: string) => ready.result().apply((result) => textOf(result, field));

        this.nodeName = pulumi
            .all([after(routes.resource, nodeName), (proxy ?? ready).resource.urn])
            .apply(([called]) => called);
        this.kubeletVersion = told("kubeletVersion");
        this.internalIp = told("internalIp");
        this.podCidr = told("podCidr");
        // The kubelet's is in the host's journal.
        this.logPaths = logPathsOf(args.host, { containerd: there.before[1], kubeProxy: proxy });
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
