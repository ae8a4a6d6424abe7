import { isRecord, type KubernetesObject } from "./kubernetes-object";

/** What becomes of the images that objects name. */
export interface ImageRules {
    /** Where the images of a registry, or of a path below it, come from instead: `registry.k8s.io` -> `mirror.example/k8s`. */
    registryMirrors: Readonly<Record<string, string>>;
    /** Images that are taken instead of others, as they are written or by their full names. */
    imageMap: Readonly<Record<string, string>>;
}

/** Name of an image with its registry: `nginx:1` is `docker.io/library/nginx:1`. */
export function fullImageName(image: string): string {
    const [first = "", ...rest] = image.split("/");
    if (rest.length > 0 && (/[.:]/.test(first) || first === "localhost")) {
        return image;
    }
    return rest.length === 0 ? `docker.io/library/${image}` : `docker.io/${image}`;
}

/** The image that is taken instead; the same one where no rule says otherwise. */
export function rewriteImage(image: string, rules: ImageRules): string {
    const full = fullImageName(image);
    const exact = own(rules.imageMap, image) ?? own(rules.imageMap, full);
    if (exact !== undefined) {
        return exact;
    }
    const [prefix] = Object.keys(rules.registryMirrors)
        .filter((each) => full.startsWith(`${each}/`))
        .sort((a, b) => b.length - a.length);
    const mirror = prefix === undefined ? undefined : own(rules.registryMirrors, prefix);
    return mirror === undefined ? image : `${mirror}${full.slice((prefix ?? "").length)}`;
}

function own(map: Readonly<Record<string, string>>, key: string): string | undefined {
    return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** A field of an object that names an image, and what holds it. */
export interface ImageField {
    holder: Record<string, unknown>;
    key: string;
    /** Whether `holder` is a container, which has an imagePullPolicy; else it is a volume's image. */
    container: boolean;
}

/** Kinds that hold texts of the user's own, or schemas: nothing in them is a container. */
const without = new Set(["Secret", "ConfigMap", "CustomResourceDefinition"]);
const lists = ["containers", "initContainers", "ephemeralContainers"];

/** Every field of an object that names an image: of the containers and image volumes of all its pod templates. */
export function imageFields(object: KubernetesObject): ImageField[] {
    return without.has(object.kind) ? [] : fieldsBelow(object);
}

function fieldsBelow(value: unknown): ImageField[] {
    if (Array.isArray(value)) {
        return value.flatMap(fieldsBelow);
    }
    // What came out of a class, as an output, is left alone.
    if (
        !isRecord(value) ||
        ![Object.prototype, null].includes(Object.getPrototypeOf(value) as null)
    ) {
        return [];
    }
    return Object.entries(value).flatMap(([key, inner]) => {
        const containers =
            lists.includes(key) && Array.isArray(inner) ? inner.filter(isRecord) : [];
        return [
            ...containers
                .filter((holder) => holder["image"] !== undefined)
                .map((holder) => ({ holder, key: "image", container: true })),
            ...(key === "volumes" && Array.isArray(inner) ? inner.flatMap(imageVolume) : []),
            ...fieldsBelow(inner),
        ];
    });
}

function imageVolume(volume: unknown): ImageField[] {
    const holder = isRecord(volume) ? volume["image"] : undefined;
    return isRecord(holder) && holder["reference"] !== undefined
        ? [{ holder, key: "reference", container: false }]
        : [];
}

/** A copy of an object with other images; `rewrite` gets each value as it stands there. */
export function withImages(
    object: KubernetesObject,
    rewrite: (image: unknown) => unknown,
    pullPolicy?: string,
): KubernetesObject {
    const copy = copyOf(object) as KubernetesObject;
    for (const { holder, key, container } of imageFields(copy)) {
        holder[key] = rewrite(holder[key]);
        if (pullPolicy !== undefined) {
            holder[container ? "imagePullPolicy" : "pullPolicy"] = pullPolicy;
        }
    }
    return copy;
}

/** A copy of plain values; what came out of a class stays the same. */
function copyOf(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(copyOf);
    }
    return isRecord(value) && Object.getPrototypeOf(value) === Object.prototype
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
        : value;
}
