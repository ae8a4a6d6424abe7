import * as pulumi from "@pulumi/pulumi";
import { inputError } from "../internal/validate";
import { type ClusterAccessArgs, clusterProvider } from "./cluster-access";
import { imageFields, rewriteImage, withImages } from "./image-rewriting";
import {
    identityOf,
    isRecord,
    type KubernetesObject,
    labelOf,
    otherTokensOf,
    tokenOf,
} from "./kubernetes-object";
import { inPhases } from "./object-order";

/** Objects that are declared together. */
export interface ObjectBatch {
    objects: readonly KubernetesObject[];
    /** Whether all that is in them is a secret, because it came from one. */
    secret?: boolean;
}

/** A batch that is not known yet. It is a function, since Pulumi takes objects apart, and with them what is secret in them. */
export type LateBatch = pulumi.Output<() => ObjectBatch>;

/** What came of declaring objects. */
export interface DeclaredObjects {
    /** Every image that they name, after rewriting, once each and sorted. Waits for no object. */
    images: pulumi.Output<string[]>;
    /** Every object as `kind-[namespace/]name`, sorted. Waits for no object. */
    objects: pulumi.Output<string[]>;
    /** Resolves when all of them are there and ready. Unknown in a preview that makes one. */
    ready: pulumi.Output<boolean>;
}

/**
 * Declares objects of a cluster as resources, each after those of the phases before its own: what the add-ons of this
 * layer, and an Addon itself, are made of. Batches that are known now are declared now; a late one delays all.
 */
export function declareObjects(
    what: string,
    name: string,
    parent: pulumi.Resource,
    args: ClusterAccessArgs,
    batches: readonly (ObjectBatch | LateBatch)[],
    namespace?: string,
): DeclaredObjects {
    const provider = clusterProvider(name, args, namespace, parent);
    const declare = (all: readonly ObjectBatch[]) => {
        assertDistinct(what, all);
        return declareNow(name, parent, provider, args, all);
    };
    const now = batches.flatMap((batch) => (isLate(batch) ? [] : [batch]));
    if (now.length === batches.length) {
        return declare(now);
    }
    const later = pulumi
        .all(batches.map((batch) => (isLate(batch) ? batch : pulumi.output(() => batch))))
        // A function, for the same reason.
        .apply((all) => {
            const made = declare(all.map((batch) => batch()));
            return { get: () => made };
        });
    return {
        images: later.apply(({ get }) => get().images),
        objects: later.apply(({ get }) => get().objects),
        ready: later.apply(({ get }) => get().ready),
    };
}

function declareNow(
    name: string,
    parent: pulumi.Resource,
    provider: pulumi.ProviderResource,
    args: ClusterAccessArgs,
    batches: readonly ObjectBatch[],
): DeclaredObjects {
    const rules = {
        registryMirrors: args.registryMirrors ?? {},
        imageMap: args.imageMap ?? {},
    };
    const rewrite = (image: unknown) =>
        typeof image === "string"
            ? rewriteImage(image, rules)
            : (image as pulumi.Output<string>).apply((known) => rewriteImage(known, rules));
    const timeout = `${String(args.timeoutSec ?? 600)}s`;
    const all = batches.flatMap(({ objects, secret }) =>
        objects.map((object) => {
            const rewritten = withImages(object, rewrite, args.imagePullPolicy);
            return {
                ...{ apiVersion: object.apiVersion, kind: object.kind, label: labelOf(object) },
                images: imageFields(rewritten).map(({ holder, key }) => holder[key]),
                token: tokenOf(object),
                aliases: otherTokensOf(object).map((type) => ({ type })),
                inputs: secret === true ? sealed(rewritten) : marked(rewritten),
            };
        }),
    );
    let before: pulumi.CustomResource[] = [];
    const made: pulumi.CustomResource[] = [];
    for (const phase of inPhases(all)) {
        const dependsOn = before;
        before = phase.map(
            ({ token, aliases, label, kind, inputs }) =>
                new ClusterObject(token, `${name}-${label}`, inputs, {
                    ...{ parent, provider, dependsOn, aliases },
                    // Names are fixed: nothing can be made beside what is there.
                    ...{ replacementTrigger: args.instanceId, deleteBeforeReplace: true },
                    customTimeouts: { create: timeout, update: timeout, delete: timeout },
                    ...(kind === "Secret" ? { additionalSecretOutputs: secretFields } : {}),
                }),
        );
        made.push(...before);
    }
    return {
        images: pulumi
            .output(all.flatMap(({ images }) => images) as pulumi.Input<string>[])
            .apply((images) => [...new Set(images)].sort()),
        objects: pulumi.output(all.map(({ label }) => label).sort()),
        ready: pulumi.all(made.map(({ id }) => id)).apply(() => true),
    };
}

/** Any object: the classes of @pulumi/kubernetes know the kinds of Kubernetes only. */
class ClusterObject extends pulumi.CustomResource {}

function isLate(batch: ObjectBatch | LateBatch): batch is LateBatch {
    return pulumi.Output.isInstance(batch);
}

const secretFields = ["data", "stringData"];

/** A Secret's own fields are secrets, whatever the program says. */
export function marked<T extends Record<string, unknown>>(object: T): T {
    return object["kind"] === "Secret" ? secretly(object, secretFields) : object;
}

/** What names the object is needed to find it; the rest is a secret. */
function sealed(object: KubernetesObject): pulumi.Inputs {
    const plain = ["apiVersion", "kind", "metadata"];
    return secretly(
        object,
        Object.keys(object).filter((key) => !plain.includes(key)),
    );
}

function secretly<T extends Record<string, unknown>>(object: T, keys: readonly string[]): T {
    const given = keys.filter((key) => object[key] !== undefined);
    return {
        ...object,
        ...Object.fromEntries(given.map((key) => [key, pulumi.secret(object[key])])),
    };
}

/** Two resources of one object would fight for it in every run. */
function assertDistinct(what: string, batches: readonly ObjectBatch[]): void {
    const seen = new Set<string>();
    const problems = batches
        .flatMap(({ objects }) => objects)
        .flatMap((object) => {
            const identity = identityOf(object);
            const again = seen.has(identity);
            seen.add(identity);
            return again
                ? [
                      {
                          propertyPath: "objects",
                          reason: `got ${object.kind} ${placeOf(object)} twice; expected each object once, in all of objects, manifests and the Kustomize folder`,
                      },
                  ]
                : [];
        });
    if (problems.length > 0) {
        throw inputError(what, problems);
    }
}

function placeOf({ metadata }: KubernetesObject): string {
    return metadata.namespace === undefined
        ? metadata.name
        : `${metadata.namespace}/${metadata.name}`;
}

/** Whether what names an object is known now, so that it can be declared now. */
export function isNamed(value: unknown): boolean {
    return (
        isRecord(value) &&
        !pulumi.Output.isInstance(value) &&
        [value["apiVersion"], value["kind"]].every(isKnown) &&
        isKnown(value["metadata"]) &&
        (!isRecord(value["metadata"]) ||
            [value["metadata"]["name"], value["metadata"]["namespace"]].every(isKnown))
    );
}

function isKnown(value: unknown): boolean {
    return !pulumi.Output.isInstance(value) && !(value instanceof Promise);
}
