import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { addressAt, dnsAddress, parseRange } from "../internal/address-range";
import { whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import {
    accessRules,
    type ClusterAccessArgs,
    imageName,
    withSecretKubeconfig,
} from "./cluster-access";
import { declareObjects } from "./cluster-objects";
import { type KubernetesObject } from "./kubernetes-object";

/** Arguments of a ClusterDns. */
export interface ClusterDnsArgs extends ClusterAccessArgs {
    /** Range of Service addresses of the cluster; DNS gets the tenth one. Defaults to kubeadm's 10.96.0.0/12. */
    serviceSubnet?: pulumi.Input<string>;
    /** Domain of the cluster, as kubelets have it. Defaults to cluster.local. */
    clusterDomain?: pulumi.Input<string>;
    /** Number of pods, 1 to 10. Defaults to 1. */
    replicas?: pulumi.Input<number>;
    /** Image of CoreDNS. Defaults to registry.k8s.io/coredns/coredns:v1.14.2, which kubeadm 1.36 takes. */
    image?: pulumi.Input<string>;
    /** Addresses of the servers that other names are asked of. Defaults to those of the node. */
    upstreamServers?: pulumi.Input<pulumi.Input<string>[]>;
}

const rangeRule = z.string({ error: "expected a range of addresses" }).refine(
    (text) => {
        const range = parseRange(text);
        return range !== undefined && addressAt(range, 10) !== undefined;
    },
    {
        error: "expected a range of at least 16 addresses that begins at its first one, as 10.96.0.0/12",
    },
);

const domainRule = z
    .string({ error: "expected a domain" })
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, {
        error: "expected a domain in lower case, as cluster.local",
    });

const rules = {
    ...accessRules,
    serviceSubnet: rangeRule.optional(),
    clusterDomain: domainRule.optional(),
    replicas: whole(1, 10, "pods").optional(),
    image: imageName.optional(),
    upstreamServers: z
        .array(z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address" }), {
            error: "expected a list of IP addresses",
        })
        .min(1, { error: "expected at least one address, or none given" })
        .optional(),
};

/** CoreDNS with the names that clusters expect: for a cluster that was put together by hand. kubeadm and kind bring their own. */
export class ClusterDns extends pulumi.ComponentResource {
    /** Address of the DNS service: what kubelets get as clusterDNS. Known in preview. */
    public readonly clusterIp: pulumi.Output<string>;
    /** Every image that it takes, after rewriting. Known in preview. */
    public readonly images: pulumi.Output<string[]>;
    /** True once it answers; for what has to wait for that. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: ClusterDnsArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = withSecretKubeconfig(args);
        super("kubedev:index:ClusterDns", name, given, opts);
        const what = `ClusterDns ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, given, rules);

        this.clusterIp = known.serviceSubnet.apply((subnet) =>
            dnsAddress(subnet ?? "10.96.0.0/12"),
        );
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [
                {
                    objects: dnsObjects({
                        clusterIp: this.clusterIp,
                        corefile: pulumi
                            .all([known.clusterDomain, known.upstreamServers])
                            .apply(([domain, upstream]) =>
                                corefile(
                                    domain ?? "cluster.local",
                                    upstream ?? ["/etc/resolv.conf"],
                                ),
                            ),
                        replicas: known.replicas.apply((replicas) => replicas ?? 1),
                        image: known.image.apply((image) => image ?? defaultImage),
                    }),
                },
            ],
        );
        this.images = declared.images;
        this.ready = declared.ready;
        this.registerOutputs({
            clusterIp: this.clusterIp,
            images: this.images,
            ready: this.ready,
        });
    }
}

const defaultImage = "registry.k8s.io/coredns/coredns:v1.14.2";

/** CoreDNS' configuration. A loop, which a node's own resolver often makes, ends it with a message. */
export function corefile(domain: string, upstream: readonly string[]): string {
    const block = (head: string, lines: readonly string[]) => [
        `    ${head} {`,
        ...lines.map((line) => `        ${line}`),
        "    }",
    ];
    return [
        ".:53 {",
        "    errors",
        ...block("health", ["lameduck 5s"]),
        "    ready",
        ...block(`kubernetes ${domain} in-addr.arpa ip6.arpa`, [
            "pods insecure",
            "fallthrough in-addr.arpa ip6.arpa",
            "ttl 30",
        ]),
        "    prometheus :9153",
        ...block(`forward . ${upstream.join(" ")}`, ["max_concurrent 1000"]),
        "    cache 30",
        "    loop",
        "    reload",
        "    loadbalance",
        "}",
        "",
    ].join("\n");
}

interface DnsParts {
    clusterIp: pulumi.Input<string>;
    corefile: pulumi.Input<string>;
    replicas: pulumi.Input<number>;
    image: pulumi.Input<string>;
}

const namespace = "kube-system";
/** The label by which the rest of the world finds the DNS of a cluster, whatever runs it. */
const labels = { "k8s-app": "kube-dns" };
const account = { kind: "ServiceAccount", name: "coredns", namespace };
const roleName = "system:coredns";

/** The objects of CoreDNS. @internal */
export function dnsObjects(parts: DnsParts): KubernetesObject[] {
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1" };
    const readers = (apiGroups: string[], resources: string[]) => ({
        ...{ apiGroups, resources },
        verbs: ["list", "watch"],
    });
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "coredns", namespace } },
        {
            ...{ ...rbac, kind: "ClusterRole", metadata: { name: roleName } },
            rules: [
                readers([""], ["services", "pods", "namespaces"]),
                readers(["discovery.k8s.io"], ["endpointslices"]),
            ],
        },
        {
            ...{ ...rbac, kind: "ClusterRoleBinding", metadata: { name: roleName } },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
            subjects: [account],
        },
        {
            ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "coredns", namespace } },
            data: { Corefile: parts.corefile },
        },
        dnsDeployment(parts),
        {
            ...{ apiVersion: "v1", kind: "Service" },
            metadata: {
                ...{ name: "kube-dns", namespace },
                labels: { ...labels, "kubernetes.io/cluster-service": "true" },
            },
            spec: {
                clusterIP: parts.clusterIp,
                selector: labels,
                ports: [
                    { name: "dns", port: 53, protocol: "UDP" },
                    { name: "dns-tcp", port: 53, protocol: "TCP" },
                    { name: "metrics", port: 9153, protocol: "TCP" },
                ],
            },
        },
    ];
}

function dnsDeployment({ replicas, image }: DnsParts): KubernetesObject {
    const container = {
        ...{ name: "coredns", image, imagePullPolicy: "IfNotPresent" },
        args: ["-conf", "/etc/coredns/Corefile"],
        resources: { requests: { cpu: "100m", memory: "70Mi" }, limits: { memory: "170Mi" } },
        ports: [
            { name: "dns", containerPort: 53, protocol: "UDP" },
            { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
            { name: "metrics", containerPort: 9153, protocol: "TCP" },
        ],
        livenessProbe: {
            ...{ httpGet: { path: "/health", port: 8080 }, initialDelaySeconds: 60 },
            ...{ timeoutSeconds: 5, failureThreshold: 5 },
        },
        readinessProbe: { httpGet: { path: "/ready", port: 8181 } },
        securityContext: {
            ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
        },
        volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
    };
    return {
        ...{ apiVersion: "apps/v1", kind: "Deployment" },
        metadata: { name: "coredns", namespace, labels },
        spec: {
            replicas,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
            selector: { matchLabels: labels },
            template: {
                metadata: { labels },
                spec: {
                    serviceAccountName: "coredns",
                    priorityClassName: "system-cluster-critical",
                    nodeSelector: { "kubernetes.io/os": "linux" },
                    tolerations: [
                        { key: "CriticalAddonsOnly", operator: "Exists" },
                        { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
                    ],
                    // Not the cluster's own DNS, which is what it is.
                    dnsPolicy: "Default",
                    containers: [container],
                    volumes: [{ name: "config", configMap: { name: "coredns" } }],
                },
            },
        },
    };
}
