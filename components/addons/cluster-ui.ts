import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import {
    accessRules,
    type ClusterAccessArgs,
    imageName,
    namespaceName,
    withSecretKubeconfig,
} from "./cluster-access";
import { declareObjects } from "./cluster-objects";
import { type KubernetesObject } from "./kubernetes-object";

/** Arguments of a ClusterUi. */
export interface ClusterUiArgs extends ClusterAccessArgs {
    /** Port of every node that leads to it, 30000 to 32767. Defaults to 30061. */
    nodePort?: pulumi.Input<number>;
    /** Image of Headlamp. Defaults to ghcr.io/headlamp-k8s/headlamp:v0.45.0. */
    image?: pulumi.Input<string>;
    /** Namespace that it is in, which is made for it. Defaults to headlamp. */
    namespace?: string;
    /** ClusterRole of the account that people log in as. Whoever can make its token has all rights already. Defaults to cluster-admin. */
    clusterRole?: pulumi.Input<string>;
}

const rules = {
    ...accessRules,
    nodePort: whole(30000, 32767, "a NodePort").optional(),
    image: imageName.optional(),
    namespace: namespaceName.optional(),
    clusterRole: z
        .string({ error: "expected the name of a ClusterRole" })
        .regex(/^[^\s/%]+$/, { error: "expected the name of a ClusterRole" })
        .optional(),
};

/** Headlamp, a web interface of the cluster. It has no rights itself: people log in with a token. */
export class ClusterUi extends pulumi.ComponentResource {
    /** Port of every node that leads to it. Known in preview. */
    public readonly nodePort: pulumi.Output<number>;
    /** Command that prints a token to log in with. Known in preview. */
    public readonly tokenCommand: pulumi.Output<string>;
    /** Command that leads to it at http://127.0.0.1:8080 where nodes cannot be reached. Known in preview. */
    public readonly forwardCommand: pulumi.Output<string>;
    /** Every image that it takes, after rewriting. Known in preview. */
    public readonly images: pulumi.Output<string[]>;
    /** True once it answers; for what has to wait for that. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: ClusterUiArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = withSecretKubeconfig(args);
        super("kubedev:index:ClusterUi", name, given, opts);
        const what = `ClusterUi ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, given, rules);
        const namespace = args.namespace ?? "headlamp";

        this.nodePort = known.nodePort.apply((port) => port ?? 30061);
        const objects = uiObjects(namespace, {
            nodePort: this.nodePort,
            image: known.image.apply((image) => image ?? defaultImage),
            clusterRole: known.clusterRole.apply((role) => role ?? "cluster-admin"),
        });
        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig: known.kubeconfig },
            [{ objects }],
        );
        this.tokenCommand = pulumi.output(`kubectl -n ${namespace} create token ${userName}`);
        this.forwardCommand = pulumi.output(
            `kubectl -n ${namespace} port-forward service/${uiName} 8080:80`,
        );
        this.images = declared.images;
        this.ready = declared.ready;
        this.registerOutputs({
            nodePort: this.nodePort,
            tokenCommand: this.tokenCommand,
            forwardCommand: this.forwardCommand,
            images: this.images,
            ready: this.ready,
        });
    }
}

const defaultImage = "ghcr.io/headlamp-k8s/headlamp:v0.45.0";
const uiName = "headlamp";
const userName = "headlamp-user";
const labels = { "app.kubernetes.io/name": uiName };

interface UiParts {
    nodePort: pulumi.Input<number>;
    image: pulumi.Input<string>;
    clusterRole: pulumi.Input<string>;
}

/** The objects of Headlamp. @internal */
export function uiObjects(namespace: string, parts: UiParts): KubernetesObject[] {
    const account = (name: string) => ({
        ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    });
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        account(uiName),
        account(userName),
        {
            ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding" },
            // Of the whole cluster: two in different namespaces must not meet.
            metadata: { name: `${namespace}-${userName}` },
            roleRef: {
                ...{ apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole" },
                name: parts.clusterRole,
            },
            subjects: [{ kind: "ServiceAccount", name: userName, namespace }],
        },
        uiDeployment(namespace, parts.image),
        {
            ...{ apiVersion: "v1", kind: "Service", metadata: { name: uiName, namespace, labels } },
            spec: {
                ...{ type: "NodePort", selector: labels },
                ports: [
                    {
                        ...{ name: "http", port: 80, protocol: "TCP", targetPort: "http" },
                        nodePort: parts.nodePort,
                    },
                ],
            },
        },
    ];
}

function uiDeployment(namespace: string, image: pulumi.Input<string>): KubernetesObject {
    const alive = { httpGet: { path: "/", port: "http" } };
    const container = {
        ...{ name: uiName, image, imagePullPolicy: "IfNotPresent" },
        args: ["-in-cluster", "-plugins-dir=/headlamp/plugins"],
        ports: [{ name: "http", containerPort: 4466, protocol: "TCP" }],
        ...{ livenessProbe: alive, readinessProbe: alive },
        resources: { requests: { cpu: "50m", memory: "64Mi" } },
        securityContext: {
            ...{ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            ...{ runAsNonRoot: true, runAsUser: 100, runAsGroup: 101 },
        },
    };
    return {
        ...{ apiVersion: "apps/v1", kind: "Deployment" },
        metadata: { name: uiName, namespace, labels },
        spec: {
            replicas: 1,
            selector: { matchLabels: labels },
            template: {
                metadata: { labels },
                spec: {
                    serviceAccountName: uiName,
                    nodeSelector: { "kubernetes.io/os": "linux" },
                    containers: [container],
                },
            },
        },
    };
}
