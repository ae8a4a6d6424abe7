import * as pulumi from "@pulumi/pulumi";
import { yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import {
    accessRules,
    type ClusterAccessArgs,
    imageName,
    withSecretKubeconfig,
} from "./cluster-access";
import { declareObjects } from "./cluster-objects";
import { type KubernetesObject } from "./kubernetes-object";

/** Arguments of a ClusterMetrics. */
export interface ClusterMetricsArgs extends ClusterAccessArgs {
    /** Image of metrics-server. Defaults to registry.k8s.io/metrics-server/metrics-server:v0.8.0. */
    image?: pulumi.Input<string>;
    /** True: the certificates of kubelets are not verified, which those of kind and kubeadm need, since they are self-signed. Defaults to false. */
    kubeletInsecureTls?: pulumi.Input<boolean>;
}

const rules = {
    ...accessRules,
    image: imageName.optional(),
    kubeletInsecureTls: yesOrNo.optional(),
};

/** metrics-server: what `kubectl top` and horizontal autoscaling ask. */
export class ClusterMetrics extends pulumi.ComponentResource {
    /** Every image that it takes, after rewriting. Known in preview. */
    public readonly images: pulumi.Output<string[]>;
    /** True once it answers; for what has to wait for that. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: ClusterMetricsArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = withSecretKubeconfig(args);
        super("kubedev:index:ClusterMetrics", name, given, opts);
        const what = `ClusterMetrics ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, given, rules);

        const objects = metricsObjects({
            image: known.image.apply((image) => image ?? defaultImage),
            args: known.kubeletInsecureTls.apply((insecure) => metricsArguments(insecure ?? false)),
        });
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [{ objects }],
        );
        this.images = declared.images;
        this.ready = declared.ready;
        this.registerOutputs({ images: this.images, ready: this.ready });
    }
}

const defaultImage = "registry.k8s.io/metrics-server/metrics-server:v0.8.0";

/** Arguments of metrics-server. */
export function metricsArguments(kubeletInsecureTls: boolean): string[] {
    return [
        "--cert-dir=/tmp",
        "--secure-port=10250",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "--kubelet-use-node-status-port",
        "--metric-resolution=15s",
        ...(kubeletInsecureTls ? ["--kubelet-insecure-tls"] : []),
    ];
}

interface MetricsParts {
    image: pulumi.Input<string>;
    args: pulumi.Input<string[]>;
}

const name = "metrics-server";
const namespace = "kube-system";
const labels = { "k8s-app": name };
const rbac = "rbac.authorization.k8s.io";
const subjects = [{ kind: "ServiceAccount", name, namespace }];

/** The objects of metrics-server. @internal */
export function metricsObjects(parts: MetricsParts): KubernetesObject[] {
    const clusterRole = (
        roleName: string,
        rules: object[],
        roleLabels?: Record<string, string>,
    ) => ({
        ...{ apiVersion: `${rbac}/v1`, kind: "ClusterRole", rules },
        metadata: {
            name: roleName,
            ...(roleLabels === undefined ? {} : { labels: roleLabels }),
        },
    });
    const bound = (bindingName: string, roleName: string) => ({
        ...{
            apiVersion: `${rbac}/v1`,
            kind: "ClusterRoleBinding",
            metadata: { name: bindingName },
        },
        ...{ roleRef: { apiGroup: rbac, kind: "ClusterRole", name: roleName }, subjects },
    });
    const aggregated = ["view", "edit", "admin"].map((role) => [
        `${rbac}/aggregate-to-${role}`,
        "true",
    ]);
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
        clusterRole(
            "system:aggregated-metrics-reader",
            [
                {
                    ...{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"] },
                    verbs: ["get", "list", "watch"],
                },
            ],
            Object.fromEntries(aggregated) as Record<string, string>,
        ),
        clusterRole(`system:${name}`, [
            { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
            { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
        ]),
        bound(`system:${name}`, `system:${name}`),
        bound(`${name}:system:auth-delegator`, "system:auth-delegator"),
        {
            ...{ apiVersion: `${rbac}/v1`, kind: "RoleBinding", subjects },
            metadata: { name: `${name}-auth-reader`, namespace },
            roleRef: {
                ...{ apiGroup: rbac, kind: "Role" },
                name: "extension-apiserver-authentication-reader",
            },
        },
        {
            ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace, labels } },
            spec: {
                selector: labels,
                ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: "https" }],
            },
        },
        metricsDeployment(parts),
        {
            ...{ apiVersion: "apiregistration.k8s.io/v1", kind: "APIService" },
            metadata: { name: "v1beta1.metrics.k8s.io" },
            spec: {
                ...{ group: "metrics.k8s.io", version: "v1beta1", service: { name, namespace } },
                ...{ groupPriorityMinimum: 100, versionPriority: 100 },
                // It makes its certificate itself, at every start.
                insecureSkipTLSVerify: true,
            },
        },
    ];
}

function metricsDeployment({ image, args }: MetricsParts): KubernetesObject {
    const container = {
        ...{ name, image, args, imagePullPolicy: "IfNotPresent" },
        ports: [{ name: "https", containerPort: 10250, protocol: "TCP" }],
        resources: { requests: { cpu: "100m", memory: "200Mi" } },
        livenessProbe: {
            httpGet: { path: "/livez", port: "https", scheme: "HTTPS" },
        },
        readinessProbe: {
            ...{ httpGet: { path: "/readyz", port: "https", scheme: "HTTPS" } },
            initialDelaySeconds: 20,
        },
        securityContext: {
            ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            ...{ runAsNonRoot: true, runAsUser: 1000, capabilities: { drop: ["ALL"] } },
            seccompProfile: { type: "RuntimeDefault" },
        },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    };
    return {
        ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name, namespace, labels } },
        spec: {
            // The old one answers until the new one does.
            strategy: { rollingUpdate: { maxUnavailable: 0 } },
            selector: { matchLabels: labels },
            template: {
                metadata: { labels },
                spec: {
                    serviceAccountName: name,
                    priorityClassName: "system-cluster-critical",
                    nodeSelector: { "kubernetes.io/os": "linux" },
                    // As the cluster's DNS: there may be no other node.
                    tolerations: [
                        { key: "CriticalAddonsOnly", operator: "Exists" },
                        { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
                    ],
                    containers: [container],
                    volumes: [{ name: "tmp", emptyDir: {} }],
                },
            },
        },
    };
}
