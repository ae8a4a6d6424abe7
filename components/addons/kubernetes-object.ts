/** An object as the API server takes it. Fields may hold outputs, as long as what names the object is known. */
export interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string } & Record<string, unknown>;
    [field: string]: unknown;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** API group; that of `v1` is empty. */
export function groupOf(apiVersion: string): string {
    return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/** Type token of the resource that carries an object, as pulumi-kubernetes names it: the group of `v1` is "core" there. */
export function tokenOf({
    apiVersion,
    kind,
}: Pick<KubernetesObject, "apiVersion" | "kind">): string {
    return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
}

const usualVersions = [
    "v1alpha1",
    "v1alpha2",
    "v1alpha3",
    "v1beta1",
    "v1beta2",
    "v1beta3",
    "v1",
    "v2",
];

/**
 * What an object's resource was called under the other usual versions of its API (from the conventions of Kubernetes for
 * versions): it stays the same object when its apiVersion changes.
 */
export function otherTokensOf({ apiVersion, kind }: KubernetesObject): string[] {
    const [group = "", version] = apiVersion.split("/");
    return version === undefined
        ? []
        : usualVersions
              .filter((usual) => usual !== version)
              .map((usual) => tokenOf({ apiVersion: `${group}/${usual}`, kind }));
}

/** `kind [namespace/]name`, kind in lower case: what the resource of an object is called after the add-on's own name. */
export function labelOf({ kind, metadata }: KubernetesObject): string {
    const { name, namespace } = metadata;
    return `${kind.toLowerCase()}-${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** What is the same for two objects that the API server takes for one. */
export function identityOf(object: KubernetesObject): string {
    return `${groupOf(object.apiVersion)}/${labelOf(object)}`;
}

/** Why a value is no object, each reason with the path of the field; none if it is one. */
export function objectProblems(value: unknown): { path: string; got: unknown; expected: string }[] {
    if (!isRecord(value)) {
        return [{ path: "", got: value, expected: "an object with apiVersion, kind and metadata" }];
    }
    const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
    const text = (path: string, got: unknown, expected: string) =>
        typeof got === "string" && got !== "" ? [] : [{ path, got, expected }];
    return [
        ...text("apiVersion", value["apiVersion"], 'a version of an API, as "apps/v1"'),
        ...text("kind", value["kind"], 'a kind, as "Deployment"'),
        ...text("metadata.name", metadata["name"], "a name: the server cannot make one up"),
        ...(metadata["namespace"] === undefined
            ? []
            : text("metadata.namespace", metadata["namespace"], "the name of a namespace")),
    ];
}
