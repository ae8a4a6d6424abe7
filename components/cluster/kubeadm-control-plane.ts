import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { after, hostResource, textOf } from "../host/host-resource";
import { keyOf } from "../host/scope";
import { guarded } from "../internal/errors";
import { loopbackAddress } from "../internal/loopback-address";
import { machineIdentity } from "../internal/machine-identity";
import { orEmpty } from "../internal/outputs";
import { shellLine } from "../internal/quote";
import { assertArgs, checkedEach, inputError, required } from "../internal/validate";
import { defaultPodCidr, defaultServiceCidr } from "./cluster-rules";
import { ControlPlaneProgram } from "./control-plane-programs";
import { KubeadmControlPlaneArgs, KubeadmJoining } from "./kubeadm-args";
import { authenticationConfig, validity } from "./kubeadm-config";
import { ownAddress } from "./kubeadm-address";
import { kubeadmHost } from "./kubeadm-host";
import { keysDocuments } from "./kubeadm-joining";
import { endpointAt, initDocuments, skippedPhases } from "./kubeadm-objects";
import { plainHostProblems } from "./kubeadm-places";
import { kubeadmReady } from "./kubeadm-ready";
import { flatControlPlaneArgs, kubeadmControlPlaneRules, kubeadmProblems } from "./kubeadm-rules";
import { kubeadmTunnel, reachedFromHere } from "./kubeadm-tunnel";
import { ProxyMode } from "./proxy-config";
import { logPathsOf } from "./service-logs";

/**
 * A Kubernetes control plane by kubeadm on a host: static pods from programs that were built, without a registry. Authorities
 * and join token are made before the host is there, so that KubeadmNodes boot and join while it begins.
 */
export class KubeadmControlPlane extends pulumi.ComponentResource {
    /** What a KubeadmNode takes as its cluster. It does not wait for the control plane. */
    public readonly joining: pulumi.Output<KubeadmJoining>;
    /** Kubeconfig of the cluster's administrator, for this machine. */
    public readonly kubeconfig: pulumi.Output<string>;
    /** Path of the kubeconfig on this machine, readable for its user alone. Known in preview. */
    public readonly kubeconfigPath: pulumi.Output<string>;
    /** Command line of kubectl for this cluster, on this machine: ready to be continued. */
    public readonly kubectlCommand: pulumi.Output<string>;
    /** URL of the API server for this machine: where the tunnel begins. Known in preview. */
    public readonly endpoint: pulumi.Output<string>;
    /** API server for nodes, as address:port. Known in preview. */
    public readonly nodeEndpoint: pulumi.Output<string>;
    /** Name of its node. Known in preview. */
    public readonly nodeName: pulumi.Output<string>;
    /** Version of the kubelet that its node reports, as "v1.36.1". */
    public readonly kubeletVersion: pulumi.Output<string>;
    /** Paths of the logs of services on the host, by program: containerd, and kubeProxy where it is one. The kubelet's is in the journal. */
    public readonly logPaths: pulumi.Output<Record<string, string>>;
    /** Changes whenever the control plane was made anew, or its machine was started again. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(
        name: string,
        args: KubeadmControlPlaneArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("kubedev:index:KubeadmControlPlane", name, args, opts);
        const what = `KubeadmControlPlane ${name}`;
        const flat = flatControlPlaneArgs(name, args);
        const wrong = [...kubeadmProblems({ ...args }), ...plainHostProblems(what, args.host)];
        assertArgs(what, flat, kubeadmControlPlaneRules, ...wrong);
        const known = checkedEach(what, flat, kubeadmControlPlaneRules);
        const nodeName = args.nodeName ?? name;
        const readySec = args.readyTimeoutSec ?? 600;
        const own = { parent: this };
        const address = ownAddress(what, args.host, known.address, known.sharedNetwork);
        const tunnelAddress = args.tunnelAddress ?? loopbackAddress(machineIdentity(name));
        const reachedAt = reachedFromHere(args.host, address, tunnelAddress);
        // Whether all of it goes together stops a run, but restarts nothing.
        const kubernetesVersion = pulumi
            .output({
                kubernetesVersion: known.kubernetesVersion,
                serviceCidr: known.serviceCidr,
                podCidr: known.podCidr,
                extraArgs: args.extraArgs,
            })
            .apply((all) =>
                guarded(() => {
                    const problems = kubeadmProblems(all);
                    if (problems.length > 0) {
                        throw inputError(what, problems);
                    }
                    return all.kubernetesVersion;
                }),
            );
        const kubectl = required(known["localBinaries.kubectl"]);
        const to = address.apply(endpointAt);

        const keysName = `${name}-keys`;
        const keys = hostResource(
            keysName,
            {
                host: undefined,
                create: "cluster/kubeadm-keys.sh",
                delete: "host/forget.sh",
                spec: { address, tunnel: reachedAt },
                environment: {
                    KUBEDEV_KUBEADM: orEmpty(known["localBinaries.kubeadm"]),
                    KUBEDEV_ADMIN_CONFIG: pulumi
                        .all([kubernetesVersion, reachedAt])
                        .apply(([version, at]) => keysDocuments(name, version, endpointAt(at))),
                    KUBEDEV_NODES_CONFIG: pulumi
                        .all([kubernetesVersion, address])
                        .apply(([version, at]) => keysDocuments(name, version, endpointAt(at))),
                    KUBEDEV_VALIDITY: validity,
                },
                timeoutSec: 120,
            },
            // All of it is printed.
            { ...own, additionalSecretOutputs: ["stdout"] },
        );
        const printed = (field: string) =>
            pulumi.secret(keys.result().apply((result) => textOf(result, field)));

        const there = kubeadmHost(
            name,
            {
                ...{ what, host: args.host, nodeName, address, kubernetesVersion },
                podCidr: known.podCidr.apply((given) => given ?? defaultPodCidr),
                endpoint: to,
                kubeadm: required(known["binaries.kubeadm"]),
                kubelet: required(known["binaries.kubelet"]),
                kubeProxy: args.binaries.kubeProxy,
                programImages: {
                    "kube-apiserver": known["images.kubeApiserver"],
                    "kube-controller-manager": known["images.kubeControllerManager"],
                    "kube-scheduler": known["images.kubeScheduler"],
                    etcd: known["images.etcd"],
                },
                imageArchives: known.imageArchives,
                imageRepository: known.imageRepository,
                controlPlane: true,
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
        // Whatever of it changes makes another cluster.
        const made = pulumi.output({
            address,
            kubernetesVersion,
            nodeName,
            serviceCidr: known.serviceCidr.apply((given) => given ?? defaultServiceCidr),
            podCidr: known.podCidr.apply((given) => given ?? defaultPodCidr),
            imageRepository: known.imageRepository,
            addons: known.addons,
            runsPods: known.runsPods,
        });
        const by = (field: "verbosity" | "extraArgs") =>
            pulumi.output(
                Object.fromEntries(
                    [
                        ...(field === "extraArgs" ? [ControlPlaneProgram.Etcd] : []),
                        ControlPlaneProgram.KubeApiserver,
                        ControlPlaneProgram.KubeControllerManager,
                        ControlPlaneProgram.KubeScheduler,
                    ].map((program) => [
                        program,
                        (known as Record<string, pulumi.Output<unknown>>)[`${field}.${program}`],
                    ]),
                ),
            );
        const config = pulumi
            .all([
                pulumi.all([made, printed("token"), reachedAt]),
                pulumi.all([known.proxyMode, known.featureGates, known.ignorePreflightErrors]),
                pulumi.all([by("verbosity"), by("extraArgs"), there.inContainer]),
            ])
            .apply(([[all, token, at], [mode, gates, ignored], [verbosity, extraArgs, inside]]) =>
                initDocuments(
                    {
                        ...{ ...all, clusterName: name, nodeName, tunnelAddress: at },
                        runsPods: all.runsPods ?? false,
                        proxyMode: mode ?? ProxyMode.Nftables,
                        inContainer: inside,
                        featureGates: gates,
                        verbosity: verbosity,
                        extraArgs: extraArgs,
                        ignorePreflightErrors: ignored,
                        readyTimeoutSec: readySec,
                    },
                    token,
                ),
            );
        const init = hostResource(
            `${name}-init`,
            {
                host: there.host,
                create: "cluster/kubeadm-init.sh",
                delete: "cluster/kubeadm-reset.sh",
                spec: { cluster: made },
                parents: [keys.resource.id],
                environment: {
                    ...there.environment,
                    KUBEDEV_KUBEADM_CONFIG: pulumi.secret(config),
                    KUBEDEV_AUTHENTICATION: authenticationConfig(),
                    KUBEDEV_PKI: printed("pki"),
                    KUBEDEV_KUBE_PROXY_CONF: printed("kubeProxy"),
                    KUBEDEV_SKIP_PHASES: known.addons.apply((addons) =>
                        skippedPhases(addons ?? []),
                    ),
                    KUBEDEV_ADDRESS: address,
                    KUBEDEV_BEGUN: there.begun("init"),
                    KUBEDEV_MADE: made.apply((all) => JSON.stringify(all)),
                },
                timeoutSec: 2 * readySec + 300,
            },
            { ...own, dependsOn: there.before.map(({ resource }) => resource) },
        );
        const kubelet = there.kubelet(init);

        const tunnel = kubeadmTunnel(name, args.host, reachedAt, address, init, own);
        const stateDir = `../${keyOf(keysName)}`;
        const ready = kubeadmReady(
            name,
            nodeName,
            kubelet,
            {
                KUBEDEV_KUBECTL: kubectl,
                KUBEDEV_STATE: stateDir,
                KUBEDEV_NODE_NAME: nodeName,
            },
            known.nodeLabels,
            readySec,
            { ...own, dependsOn: [tunnel.resource] },
        );
        const proxy = there.kubeProxy(init, ready);
        const routes = there.podRoutes(init, ready);
        const last = (proxy ?? ready).resource;

        const file = path.join(keys.dir, "kubeconfig");
        this.joining = pulumi.output({
            ...{ clusterName: name, nodeName },
            kubernetesVersion,
            endpoint: to,
            podCidr: made.podCidr,
            stateDir,
            kubectlPath: kubectl,
            keysId: keys.resource.id,
        });
        this.kubeconfig = pulumi.secret(
            pulumi
                .all([keys.stays, last.urn])
                .apply(([stays]) =>
                    stays && pulumi.runtime.isDryRun() && fs.existsSync(file)
                        ? pulumi.output(fs.readFileSync(file, "utf8").trimEnd())
                        : printed("kubeconfig"),
                ),
        );
        this.kubeconfigPath = after(last, file);
        this.kubectlCommand = after(
            last,
            kubectl.apply((program) => shellLine([program, "--kubeconfig", file])),
        );
        this.endpoint = after(
            last,
            reachedAt.apply((at) => `https://${endpointAt(at)}`),
        );
        this.nodeEndpoint = after(last, to);
        this.nodeName = after(routes.resource, nodeName);
        this.kubeletVersion = ready.result().apply((result) => textOf(result, "kubeletVersion"));
        // The kubelet's is in the host's journal.
        this.logPaths = logPathsOf(args.host, {
            containerd: there.before[1],
            kubeProxy: proxy,
        });
        this.instanceId = init.resource.id;
        this.registerOutputs({
            joining: this.joining,
            kubeconfig: this.kubeconfig,
            kubeconfigPath: this.kubeconfigPath,
            kubectlCommand: this.kubectlCommand,
            endpoint: this.endpoint,
            nodeEndpoint: this.nodeEndpoint,
            nodeName: this.nodeName,
            kubeletVersion: this.kubeletVersion,
            logPaths: this.logPaths,
            instanceId: this.instanceId,
        });
    }
}
