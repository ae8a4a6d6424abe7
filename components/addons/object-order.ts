import { groupOf, type KubernetesObject } from "./kubernetes-object";

/** Where an object stands in the order: it waits for everything of the phases before its own. */
export const phases = [
    "what others live in or are of: namespaces, definitions, priorities",
    "what others refer to: accounts, rights, configuration, storage classes",
    "what runs, and what leads to it",
    "what the API server calls: webhooks, API services",
    "custom resources, once their controller is there",
] as const;

const first = new Set(["Namespace", "CustomResourceDefinition", "PriorityClass"]);
const referredTo = new Set([
    ...["ServiceAccount", "Secret", "ConfigMap", "LimitRange", "ResourceQuota", "NetworkPolicy"],
    ...["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    ...["StorageClass", "CSIDriver", "PersistentVolume", "IngressClass", "RuntimeClass"],
]);
const called = new Set([
    ...["APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
]);

/** Phase of an object, as an index of `phases`. */
export function phaseOf({
    apiVersion,
    kind,
}: Pick<KubernetesObject, "apiVersion" | "kind">): number {
    if (!ofKubernetes.has(groupOf(apiVersion))) {
        return 4;
    }
    if (first.has(kind)) {
        return 0;
    }
    if (referredTo.has(kind)) {
        return 1;
    }
    return called.has(kind) ? 3 : 2;
}

/** Objects by phase, without the phases that are empty; within one as they were given. */
export function inPhases<T extends Pick<KubernetesObject, "apiVersion" | "kind">>(
    objects: readonly T[],
): T[][] {
    return phases
        .map((_what, phase) => objects.filter((object) => phaseOf(object) === phase))
        .filter((group) => group.length > 0);
}

/** Every other group is one of custom resources, or of a server that an add-on brings. */
const ofKubernetes = new Set([
    ...["", "apps", "autoscaling", "batch", "extensions", "policy"],
    ...[
        ...["admissionregistration", "apiextensions", "apiregistration", "authentication"],
        ...["authorization", "certificates", "coordination", "discovery", "events"],
        ...["flowcontrol.apiserver", "internal.apiserver", "networking", "node"],
        ...["rbac.authorization", "resource", "scheduling", "storage", "storagemigration"],
    ].map((group) => `${group}.k8s.io`),
]);
