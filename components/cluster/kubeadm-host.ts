import * as pulumi from "@pulumi/pulumi";
import { Host, hostParts } from "../host/host";
import { hostResource, HostResource, recordedFacts } from "../host/host-resource";
import { preflight } from "../host/preflight";
import { keyOf } from "../host/scope";
import { orEmpty } from "../internal/outputs";
import { KubeadmBinariesArgs } from "./kubeadm-args";
import { imageLines, imageQuestion } from "./kubeadm-images";
import { kubeletDropIn, kubeletUnit } from "./kubeadm-kubelet";
import { FlagValues } from "./kubeadm-objects";
import { ownHost } from "./kubeadm-places";
import { defaultPauseImage } from "./containerd-config";
import { CgroupDriver, orSystemd } from "./kubelet-config";
import { containerdService, NodeService, podRoutesService, proxyService } from "./node-programs";
import { nodeService, nodeTools } from "./node-services";
import { ProxyMode, proxyConfig } from "./proxy-config";

/** Where kubeadm-init.sh and kubeadm-join.sh put the kubeconfig of a kube-proxy, and a link to the authority. */
const credentials = "/etc/kubernetes";

/** What a host is to have, of the arguments that both kinds of kubeadm nodes share. */
export interface KubeadmHostArgs {
    /** The component, in messages. */
    what: string;
    host: pulumi.Input<Host> | undefined;
    nodeName: string;
    address: pulumi.Output<string>;
    kubernetesVersion: pulumi.Output<string>;
    podCidr: pulumi.Output<string>;
    /** API server for nodes, as address:port. */
    endpoint: pulumi.Output<string>;
    kubeadm: pulumi.Output<string>;
    kubelet: pulumi.Output<string>;
    /** Undefined: it is none of the host's services. */
    kubeProxy: KubeadmBinariesArgs["kubeProxy"];
    /** Program by the name of its image, or kubeadm's name for it. */
    programImages: Record<string, pulumi.Output<string | undefined>>;
    imageArchives: pulumi.Output<string[] | undefined>;
    imageRepository?: pulumi.Output<string | undefined>;
    /** Whether static pods run there. */
    controlPlane: boolean;
    pauseProgram: pulumi.Output<string | undefined>;
    pauseImage: pulumi.Output<string | undefined>;
    proxyMode: pulumi.Output<ProxyMode | undefined>;
    cgroupDriver: pulumi.Output<CgroupDriver | undefined>;
    allowCgroupV1: pulumi.Output<boolean | undefined>;
    featureGates: pulumi.Output<Record<string, boolean> | undefined>;
    kubeletVerbosity: pulumi.Output<number | undefined>;
    kubeletArgs: pulumi.Output<FlagValues | undefined>;
    kubeProxyVerbosity: pulumi.Output<number | undefined>;
    readySec: number;
}

/** Things of a kubeadm node on its host, in the order in which they are made. */
export interface KubeadmHost {
    /** The host, once it was looked at. */
    host: pulumi.Output<Host>;
    /** Whether it is a container. */
    inContainer: pulumi.Output<boolean>;
    /** What kubeadm must find there. */
    before: HostResource[];
    /** What scripts that run kubeadm take. */
    environment: Record<string, pulumi.Input<string | undefined>>;
    /** When a run began that did not come to the end of what it changed there: the next one is to, though nothing else changes. */
    begun: (thing: string) => pulumi.Output<string>;
    /** Declares the kubelet as it is to run, once kubeadm has made `node`. */
    kubelet: (node: HostResource, ...parents: pulumi.Input<string>[]) => HostResource;
    /** Declares kube-proxy, if it is a service, once the node is there. */
    kubeProxy: (node: HostResource, ready: HostResource) => HostResource | undefined;
    /** Declares what leads to the pods of other nodes. */
    podRoutes: (node: HostResource, ready: HostResource) => HostResource;
}

/** Declares what comes before kubeadm on a host: its own looks, containerd, and images. */
export function kubeadmHost(
    name: string,
    args: KubeadmHostArgs,
    own: { parent: pulumi.Resource },
): KubeadmHost {
    const { nodeName, kubeadm, kubelet, readySec } = args;
    const host = preflight(ownHost(args.what, args.host), {
        tools: [...nodeTools, { program: "conntrack", package: "conntrack" }],
    });
    const begun = (thing: string) =>
        recordedFacts(`${name}-${thing}`, host).apply((facts) => facts?.["begun"] ?? "");
    const inContainer = hostParts(args.host).container.apply((inside) => inside !== undefined);
    const driver = args.cgroupDriver.apply(orSystemd);
    const pauseImage = args.pauseImage.apply((given) => given ?? defaultPauseImage);
    const wishes = pulumi
        .all([
            pulumi.all([kubelet, args.address, driver, args.allowCgroupV1]),
            pulumi.all([args.featureGates, args.kubeletVerbosity, args.kubeletArgs]),
        ])
        .apply(([[program, address, cgroupDriver, v1], [featureGates, verbosity, extraArgs]]) => ({
            ...{ program, address, cgroupDriver, featureGates, verbosity, extraArgs },
            allowCgroupV1: v1 ?? false,
        }));
    const unit = wishes.apply(kubeletUnit);
    const dropIn = wishes.apply(kubeletDropIn);
    const environment = {
        KUBEDEV_KUBEADM: kubeadm,
        KUBEDEV_KUBELET: kubelet,
        KUBEDEV_KUBELET_UNIT: unit,
        KUBEDEV_KUBELET_DROP_IN: dropIn,
    };

    const looks = hostResource(
        `${name}-host`,
        {
            host,
            create: "cluster/kubeadm-host.sh",
            delete: "cluster/kubeadm-host-remove.sh",
            spec: {},
            environment: {
                KUBEDEV_KUBEADM: kubeadm,
                KUBEDEV_KUBELET: kubelet,
                // What kubeadm-host-remove.sh cleans up with.
                KUBEDEV_KUBE_PROXY: orEmpty(args.kubeProxy),
                KUBEDEV_APISERVER_VERSION: args.kubernetesVersion,
                KUBEDEV_ADDRESS: args.address,
                KUBEDEV_CGROUP_DRIVER: driver,
                KUBEDEV_CGROUP_V1: args.allowCgroupV1.apply((given) => String(given ?? false)),
                KUBEDEV_OWN: keyOf(`${name}-${args.controlPlane ? "init" : "join"}`),
            },
            timeoutSec: 300,
        },
        own,
    );
    const service = (
        program: string,
        made: pulumi.Output<NodeService>,
        stopTimeoutSec: number,
        parent: HostResource,
        ...after: HostResource[]
    ) =>
        nodeService(
            `${name}-${program}`,
            { host, service: made, readySec, stopTimeoutSec, parent, after },
            own,
        );
    const containerd = service(
        "containerd",
        pulumi
            .all([driver, pauseImage])
            .apply(([cgroups, image]) => containerdService(cgroups, image, true)),
        20,
        looks,
    );
    const images = hostResource(
        `${name}-images`,
        {
            host,
            create: "cluster/kubeadm-images.sh",
            delete: "host/forget.sh",
            spec: {},
            parents: [containerd.resource.id],
            environment: {
                KUBEDEV_KUBEADM: kubeadm,
                KUBEDEV_KUBEADM_ASKS: pulumi
                    .all([args.kubernetesVersion, args.imageRepository])
                    .apply(([version, repository]) => imageQuestion(version, repository)),
                KUBEDEV_PROGRAM_IMAGES: pulumi
                    .all([args.programImages, pauseImage, args.pauseProgram])
                    .apply(([programs, image, pause]) =>
                        imageLines({ ...programs, [image]: pause }),
                    ),
                KUBEDEV_ARCHIVES: args.imageArchives.apply((all) => (all ?? []).join("\n")),
                KUBEDEV_ADDRESS: orEmpty(args.controlPlane ? args.address : undefined),
                KUBEDEV_BEGUN: orEmpty(args.controlPlane ? begun("images") : undefined),
            },
            timeoutSec: 900,
        },
        own,
    );
    return {
        host,
        inContainer,
        before: [looks, containerd, images],
        environment,
        begun,
        kubelet: (node, ...parents) =>
            hostResource(
                `${name}-kubelet`,
                {
                    host,
                    create: "cluster/kubeadm-kubelet.sh",
                    delete: "host/forget.sh",
                    spec: { unit, config: dropIn },
                    parents: [node.resource.id, ...parents],
                    environment: { ...environment, KUBEDEV_READY_SEC: String(readySec) },
                    timeoutSec: readySec + 120,
                },
                { ...own, dependsOn: [containerd.resource] },
            ),
        kubeProxy: (node, ready) =>
            args.kubeProxy === undefined
                ? undefined
                : service(
                      "kube-proxy",
                      pulumi
                          .all([
                              pulumi.all([args.kubeProxy, args.kubeProxyVerbosity]),
                              pulumi.all([args.proxyMode, args.podCidr, args.featureGates]),
                              inContainer,
                          ])
                          .apply(([[program, level], [mode, podCidr, featureGates], inside]) =>
                              proxyService(
                                  program,
                                  nodeName,
                                  level ?? 0,
                                  proxyConfig({
                                      kubeconfig: `${credentials}/kube-proxy.conf`,
                                      mode: mode ?? ProxyMode.Nftables,
                                      podCidr,
                                      featureGates,
                                      inContainer: inside,
                                  }),
                              ),
                          ),
                      10,
                      node,
                      ready,
                  ),
        podRoutes: (node, ready) =>
            service(
                "pod-routes",
                pulumi
                    .all([args.endpoint, args.podCidr])
                    .apply(([server, pods]) =>
                        podRoutesService(nodeName, server, pods, credentials),
                    ),
                10,
                node,
                ready,
            ),
    };
}
