import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { lookAt } from "../host/thing-look";
import { guarded } from "../internal/errors";
import { absoluteFilePath, absolutePath } from "../internal/rules";
import { assertArgs, checkedEach, inputError } from "../internal/validate";
import {
    accessRules,
    type ClusterAccessArgs,
    namespaceName,
    withSecretKubeconfig,
} from "./cluster-access";
import { declareObjects, isNamed, type LateBatch, marked } from "./cluster-objects";
import { isRecord, type KubernetesObject, objectProblems } from "./kubernetes-object";
import { itemsOf, parseManifest } from "./manifest-text";
import { batchOf, type ManifestArgs, manifestsRule, published } from "./published-manifest";

/** Arguments of an Addon. Its objects are those of all sources together. */
export interface AddonArgs extends ClusterAccessArgs {
    /** Objects as the API server takes them, each with apiVersion, kind and metadata.name. */
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is in an object is the cluster's business
    objects?: pulumi.Input<pulumi.Input<Record<string, any>>[]>;
    /** Absolute paths of manifests on the machine that runs Pulumi: YAML or JSON, any number of objects in each. */
    manifestFiles?: string[];
    /** Published manifests. Each is downloaded once, by the run that first needs it, and kept in the cache. */
    manifests?: ManifestArgs[];
    /** Absolute path of a Kustomize folder on the machine that runs Pulumi. */
    kustomizeFolder?: string;
    /** kubectl, or the program kustomize, that builds the folder: a name on the PATH or a path. Defaults to kubectl. */
    kubectlPath?: string;
    /** Namespace of objects that name none. Defaults to that of the kubeconfig. */
    namespace?: string;
}

const rules = {
    ...accessRules,
    objects: z.array(z.unknown(), { error: "expected a list of objects" }).optional(),
    manifestFiles: z
        .array(absoluteFilePath, { error: "expected a list of absolute paths" })
        .optional(),
    manifests: manifestsRule.optional(),
    kustomizeFolder: absolutePath.optional(),
    kubectlPath: z
        .string({ error: "expected a program" })
        .regex(/^[^\0\n]+$/, { error: "expected a program" })
        .optional(),
    namespace: namespaceName.optional(),
};

/** Anything for a cluster that is written down as Kubernetes objects: an operator, a driver, a demo. */
export class Addon extends pulumi.ComponentResource {
    /** Every image that its objects name, after rewriting. Known in preview as soon as the objects are. */
    public readonly images: pulumi.Output<string[]>;
    /** Every object, as kind-[namespace/]name. Known in preview as soon as the objects are. */
    public readonly objectNames: pulumi.Output<string[]>;
    /** True once all objects are there and ready; for what has to wait for that. */
    public readonly ready: pulumi.Output<boolean>;

    constructor(name: string, args: AddonArgs, opts?: pulumi.ComponentResourceOptions) {
        const given = withSecretObjects(withSecretKubeconfig(args));
        super("kubedev:index:Addon", name, given, opts);
        const what = `Addon ${name}`;
        const files = (args.manifestFiles ?? []).map((file, index) =>
            readManifest(`manifestFiles.${String(index)}`, file),
        );
        const objects = objectsNow(args);
        const nothing =
            objects === undefined || objects.found.length > 0 || hasOtherSources(args)
                ? []
                : [
                      {
                          propertyPath: "objects",
                          reason: "got no source; expected objects, manifestFiles, manifests or kustomizeFolder",
                      },
                  ];
        assertArgs(
            what,
            args,
            rules,
            ...(objects?.problems ?? []),
            ...files.flatMap(({ problems }) => problems),
            ...nothing,
        );
        const { kubeconfig } = checkedEach(what, given, { kubeconfig: rules.kubeconfig });

        const declared = declareObjects(
            what,
            name,
            this,
            { ...args, kubeconfig },
            [
                objects === undefined ? objectsLater(what, args) : { objects: objects.found },
                ...files.map(({ found }) => ({ objects: found })),
                ...(args.manifests ?? []).map((manifest) => published(what, name, manifest, this)),
                ...(args.kustomizeFolder === undefined
                    ? []
                    : [kustomized(what, name, args.kustomizeFolder, args.kubectlPath)]),
            ],
            args.namespace,
        );
        this.images = declared.images;
        this.objectNames = declared.objects;
        this.ready = declared.ready;
        this.registerOutputs({
            images: this.images,
            objectNames: this.objectNames,
            ready: this.ready,
        });
    }
}

/** The same arguments with Secrets marked, since a component's arguments are kept in the state. */
function withSecretObjects(args: AddonArgs): AddonArgs {
    const mark = (value: unknown): unknown => {
        if (!isRecord(value) || pulumi.Output.isInstance(value)) {
            return value;
        }
        // What is in a list counts one by one.
        const { items } = value;
        return Array.isArray(items) ? { ...value, items: items.map(mark) } : marked(value);
    };
    if (args.objects === undefined || objectsNow(args)?.problems.length) {
        return args;
    }
    const objects =
        objectsNow(args) === undefined
            ? pulumi.output(args.objects).apply((known) => (known as unknown[]).map(mark))
            : (args.objects as unknown[]).map(mark);
    return { ...args, objects: objects as NonNullable<AddonArgs["objects"]> };
}

interface Found {
    found: KubernetesObject[];
    problems: { propertyPath: string; reason: string }[];
}

function hasOtherSources({ manifestFiles, manifests, kustomizeFolder }: AddonArgs): boolean {
    return (
        (manifestFiles ?? []).length + (manifests ?? []).length > 0 || kustomizeFolder !== undefined
    );
}

/** The objects of the program, undefined if what names one of them is not known yet. */
function objectsNow({ objects }: AddonArgs): Found | undefined {
    if (!Array.isArray(objects)) {
        return pulumi.Output.isInstance(objects) || objects instanceof Promise
            ? undefined
            : { found: [], problems: [] };
    }
    const all = (objects as unknown[]).flatMap(itemsOf);
    // What is no object at all is known to be wrong.
    const waits = (value: unknown) =>
        typeof value === "object" && value !== null && !Array.isArray(value) && !isNamed(value);
    return all.some(waits) ? undefined : checkedObjects(all);
}

function checkedObjects(all: readonly unknown[]): Found {
    const problems = all.flatMap((value, index) =>
        objectProblems(value).map(({ path: at, got, expected }) => ({
            propertyPath: `objects.${String(index)}${at === "" ? "" : `.${at}`}`,
            reason: `got ${got === undefined ? "nothing" : JSON.stringify(got)}; expected ${expected}`,
        })),
    );
    return { found: all as KubernetesObject[], problems };
}

function objectsLater(what: string, { objects }: AddonArgs): LateBatch {
    const all = pulumi.output(objects ?? []);
    return all.apply((known) =>
        guarded(async () => {
            const { found, problems } = checkedObjects((known as unknown[]).flatMap(itemsOf));
            const secret = await pulumi.isSecret(all);
            if (problems.length > 0) {
                throw inputError(what, problems);
            }
            return () => ({ objects: found, secret });
        }),
    );
}

function readManifest(propertyPath: string, file: string): Found {
    let text;
    try {
        text = fs.readFileSync(file, "utf8");
    } catch (error) {
        return {
            found: [],
            problems: [
                {
                    propertyPath,
                    reason: `got ${file}; expected a readable file (${String(error)})`,
                },
            ],
        };
    }
    const { objects, problems } = parseManifest(text);
    return {
        found: objects,
        problems: problems.map((problem) => ({ propertyPath, reason: `${file}: ${problem}` })),
    };
}

function kustomized(
    what: string,
    name: string,
    folder: string,
    kubectl: string | undefined,
): LateBatch {
    const seen = lookAt(what, "addons/kustomize-look.sh", `${name}-kustomize`, undefined, {
        KUBEDEV_FOLDER: folder,
        KUBEDEV_KUBECTL: kubectl ?? "kubectl",
        KUBEDEV_BOUND_SEC: "60",
    });
    return seen.apply((said) =>
        guarded(() => {
            const text = Buffer.from(said["manifest"] ?? "", "base64").toString("utf8");
            const batch = batchOf(what, "kustomizeFolder", folder, text);
            return () => batch;
        }),
    );
}
