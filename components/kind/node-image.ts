import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostRule } from "../host/host";
import { after, hostResource } from "../host/host-resource";
import { digestOf } from "../internal/hash";
import { script } from "../internal/scripts";
import { assertArgs, checkedEach } from "../internal/validate";
import { EngineRef } from "./container-engine";
import { engineRule } from "./engine-rule";
import { nodeFiles } from "./node-files";
import { binaryLines, binaryProblems, NodeBinaryArgs } from "./node-binaries";
import { knownMinors, nodePrograms, nodeVersions, NodeVersions } from "./node-programs";

/** Arguments of a NodeImage. Give release, version, or base. */
export interface NodeImageArgs {
    /** Where it is built. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** The container engine that gets it. Defaults to the host's own. */
    engine?: pulumi.Input<EngineRef>;
    /** A published image by digest, as "kindest/node:v1.36.1@sha256:...". It is pulled when the cluster is made. */
    release?: string;
    /** Version of Kubernetes, as "v1.36.1": the image is built from Debian packages and Go modules, no registry is asked. */
    version?: string;
    /** An image that is in the engine, as the tag of another NodeImage: only binaries are laid over it. */
    base?: pulumi.Input<string>;
    /** Debian release of the nodes. Defaults to bookworm. */
    suite?: pulumi.Input<string>;
    /** Debian package mirror. Defaults to that of the host's own package sources. */
    mirror?: pulumi.Input<string>;
    /** Images of the engine that every node has from the start. Defaults to none. */
    extraImages?: pulumi.Input<pulumi.Input<string>[]>;
    /** Programs that are laid over those of the image, by name: kubelet, kubeadm, kubectl, kube-apiserver, kube-controller-manager, kube-scheduler. Defaults to none. */
    binaries?: Record<string, pulumi.Input<NodeBinaryArgs>>;
}

/** Goes up when images that are built differently must replace those that are there. */
const recipeVersion = 1;

const imageName = z
    .string({ error: 'expected the name of an image, as "nginx:1.29"' })
    .regex(/^[a-z0-9][A-Za-z0-9._/:@-]*$/, {
        error: 'expected the name of an image, as "nginx:1.29"',
    });
const rules = {
    host: hostRule,
    engine: engineRule,
    release: z
        .string({ error: "expected an image by digest, as name:tag@sha256:..." })
        .regex(/^[a-z0-9][A-Za-z0-9._/:-]*@sha256:[0-9a-f]{64}$/, {
            error: "expected an image by digest, as name:tag@sha256:...",
        })
        .optional(),
    version: z
        .string({ error: 'expected a version of Kubernetes, as "v1.36.1"' })
        .refine((version) => nodeVersions(version) !== undefined, {
            error: `expected a version of Kubernetes ${knownMinors.join(", ")}, as "v${knownMinors.at(-1) ?? ""}.1"; for another one give release`,
        })
        .optional(),
    base: imageName.optional(),
    suite: z
        .string({ error: 'expected a Debian release, as "bookworm"' })
        .regex(/^[a-z][a-z-]*$/, { error: 'expected a Debian release, as "bookworm"' })
        .optional(),
    mirror: z
        .string({ error: "expected an http or https URL" })
        .regex(/^https?:\/\/\S+$/, { error: "expected an http or https URL" })
        .optional(),
    extraImages: z.array(imageName, { error: "expected a list of images" }).optional(),
};

/** The image that the nodes of a kind cluster are made of. Its name says what it is made from: the same inputs, the same image. */
export class NodeImage extends pulumi.ComponentResource {
    /** Name of the image in the engine, known in preview. What a KindCluster takes as its image. */
    public readonly tag: pulumi.Output<string>;

    constructor(name: string, args: NodeImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:NodeImage", name, args, opts);
        const what = `NodeImage ${name}`;
        assertArgs(what, args, rules, ...sourceProblems(args), ...binaryProblems(args.binaries));
        const versions = args.version === undefined ? undefined : nodeVersions(args.version);
        const base =
            versions === undefined
                ? pulumi.output(args.base ?? args.release ?? "")
                : this.built(name, args, versions);
        this.tag =
            Object.keys(args.binaries ?? {}).length === 0 ? base : this.overlaid(name, args, base);
        this.registerOutputs({ tag: this.tag });
    }

    /** The image of a version, from packages. */
    private built(
        name: string,
        args: NodeImageArgs,
        versions: NodeVersions,
    ): pulumi.Output<string> {
        const known = checkedEach(`NodeImage ${name}`, args, rules);
        const programs = nodePrograms(name, versions, args.host, this);
        const build = script("kind/node-image-build.sh");
        const files = JSON.stringify(nodeFiles());
        const suite = known.suite.apply((wanted) => wanted ?? "bookworm");
        const extra = known.extraImages.apply((images) => (images ?? []).join("\n"));
        const tag = pulumi
            .all([suite, known.mirror, extra])
            .apply(
                ([release, mirror, images]) =>
                    `kubedev/node:${versions.kubernetes}-${digestOf({ recipeVersion, versions, release, mirror, images })}`,
            );
        const image = hostResource(
            `${name}-image`,
            {
                host: args.host,
                create: "kind/node-image.sh",
                delete: "kind/node-image-remove.sh",
                spec: { tag },
                environment: {
                    KUBEDEV_ENGINE: ownOrHost(args.engine),
                    KUBEDEV_IMAGE_TAG: tag,
                    KUBEDEV_IMAGE_RECIPE: digestOf([build, files]),
                    KUBEDEV_IMAGE_BUILD: build,
                    KUBEDEV_GO_VERSION: "",
                    KUBEDEV_CGO: "0",
                    KUBEDEV_TAGS: "",
                    KUBEDEV_DEBUG: "false",
                    IMAGE_VERSION: versions.kubernetes,
                    IMAGE_SUITE: suite,
                    IMAGE_MIRROR: known.mirror.apply((mirror) => mirror ?? ""),
                    IMAGE_EXTRA: extra,
                    IMAGE_PROGRAMS: programs.apply((paths) =>
                        Object.entries(paths)
                            .map(([program, file]) => `${program} ${file}`)
                            .join("\n"),
                    ),
                },
                stdin: files,
                timeoutSec: 3600,
            },
            { parent: this },
        );
        return after(image.resource, tag);
    }

    /** Another image with programs laid over. */
    private overlaid(
        name: string,
        args: NodeImageArgs,
        base: pulumi.Output<string>,
    ): pulumi.Output<string> {
        const lines = binaryLines(`NodeImage ${name}`, args.binaries ?? {});
        const tag = pulumi
            .all([base, lines])
            .apply(([below, all]) => overlayTag(below, all.split("\n")));
        const image = hostResource(
            `${name}-overlay`,
            {
                host: args.host,
                create: "kind/node-image-overlay.sh",
                delete: "kind/node-image-remove.sh",
                spec: { tag },
                environment: {
                    KUBEDEV_ENGINE: ownOrHost(args.engine),
                    KUBEDEV_IMAGE_BASE: base,
                    KUBEDEV_IMAGE_TAG: tag,
                    KUBEDEV_BINARIES: lines,
                },
            },
            { parent: this },
        );
        return after(image.resource, tag);
    }
}

/** Named after what it is made from, as the images below are; what built those adapts them to hosts, so the name tells. */
function overlayTag(base: string, lines: readonly string[]): string {
    const fingerprints = lines.map((line) => line.split(" ").slice(0, 2));
    const kind = base.startsWith("kubedev/") ? "kubedev/node" : "kubedev-overlay/node";
    return `${kind}:${digestOf({ base, fingerprints })}`;
}

/** As scripts/kind/engine.sh takes it. */
export function ownOrHost(engine: pulumi.Input<EngineRef> | undefined): pulumi.Output<string> {
    return pulumi.output(engine).apply((known) => (known?.own === true ? "own" : "host"));
}

function sourceProblems(args: NodeImageArgs): { propertyPath: string; reason: string }[] {
    const sources = (["version", "release", "base"] as const).filter(
        (field) => args[field] !== undefined,
    );
    if (sources.length !== 1) {
        return [
            {
                propertyPath: "version",
                reason: `got ${sources.length === 0 ? "neither" : sources.join(" and ")}; expected one of version, to build the image, release, a published one by digest, and base, one that is there`,
            },
        ];
    }
    const built = ["suite", "mirror", "extraImages"] as const;
    const problems: { propertyPath: string; reason: string }[] = built
        .filter((field) => args.version === undefined && args[field] !== undefined)
        .map((propertyPath) => ({
            propertyPath: propertyPath,
            reason: `expected none beside ${sources.join("")}: such an image is not built`,
        }));
    if (args.base !== undefined && Object.keys(args.binaries ?? {}).length === 0) {
        problems.push({
            propertyPath: "binaries",
            reason: "got none; expected what is laid over base, else take base itself",
        });
    }
    return problems;
}
