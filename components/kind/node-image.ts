import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { hostRule } from "../host/host";
import { digestOf } from "../internal/hash";
import { absolutePath } from "../internal/rules";
import { script } from "../internal/scripts";
import { assertArgs, checkedEach } from "../internal/validate";
import { buildVariables, releasedLine, usualOptions } from "../source/build-script";
import { hostOf, sourceFilesRule } from "../source/source-files";
import { engineRule } from "./engine-rule";
import { imageName, imageResource, overlayTag, thisPlatform } from "./image-resource";
import { binaryLines, binaryProblems } from "./node-binaries";
import { nodeFiles } from "./node-files";
import { NodeImageArgs } from "./node-image-args";
import { sourceProblems } from "./node-image-rules";
import { knownMinors, nodePrograms, nodeVersions, NodeVersions } from "./node-programs";
import { sourceImage } from "./source-image";

/** Goes up when images that are built differently must replace those that are there. */
const recipeVersion = 1;

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
    source: sourceFilesRule.optional(),
    base: imageName.optional(),
    kindPath: absolutePath.optional(),
    baseImage: imageName.optional(),
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
        const base = this.below(name, args);
        this.tag = isLaidOver(args) ? this.overlaid(name, args, base) : base;
        this.registerOutputs({ tag: this.tag });
    }

    private below(name: string, args: NodeImageArgs): pulumi.Output<string> {
        const versions = args.version === undefined ? undefined : nodeVersions(args.version);
        if (versions !== undefined) {
            return this.built(name, args, versions);
        }
        if (args.source !== undefined) {
            const known = checkedEach(`NodeImage ${name}`, args, rules);
            return sourceImage(
                name,
                {
                    ...{ source: args.source, engine: args.engine, kindPath: known.kindPath },
                    ...{ baseImage: known.baseImage, extraImages: known.extraImages },
                },
                { parent: this },
            );
        }
        return pulumi.output(args.base ?? args.release ?? "");
    }

    /** The image of a version, from packages. */
    private built(
        name: string,
        args: NodeImageArgs,
        versions: NodeVersions,
    ): pulumi.Output<string> {
        const known = checkedEach(`NodeImage ${name}`, args, rules);
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
        return imageResource(
            `${name}-image`,
            {
                ...{ host: args.host, engine: args.engine, tag },
                create: "kind/node-image.sh",
                environment: {
                    KUBEDEV_IMAGE_RECIPE: digestOf([build, files]),
                    KUBEDEV_IMAGE_BUILD: build,
                    KUBEDEV_BUILD: script("source/build.sh"),
                    KUBEDEV_PROGRAMS: nodePrograms(versions)
                        .map((program) => releasedLine(program, thisPlatform))
                        .join("\n"),
                    ...buildVariables(usualOptions),
                    IMAGE_VERSION: versions.kubernetes,
                    IMAGE_SUITE: suite,
                    IMAGE_MIRROR: known.mirror.apply((mirror) => mirror ?? ""),
                    IMAGE_EXTRA: extra,
                },
                stdin: files,
                // Half an hour of compiling, on two cores that nobody else wants.
                timeoutSec: 7200,
            },
            { parent: this },
        );
    }

    /** Another image with programs and images laid over. */
    private overlaid(
        name: string,
        args: NodeImageArgs,
        base: pulumi.Output<string>,
    ): pulumi.Output<string> {
        const lines = binaryLines(`NodeImage ${name}`, args.binaries ?? {});
        const images = checkedEach(`NodeImage ${name}`, args, rules).extraImages.apply(
            // What is built has them already.
            (all) => ((args.version ?? args.source) === undefined ? (all ?? []) : []),
        );
        const tag = pulumi
            .all([base, lines, images])
            .apply(([below, all, extra]) => overlayTag(below, all.split("\n"), extra));
        return imageResource(
            `${name}-overlay`,
            {
                host: args.source === undefined ? args.host : hostOf(args.source),
                ...{ engine: args.engine, tag },
                create: "kind/node-image-overlay.sh",
                environment: {
                    KUBEDEV_IMAGE_BASE: base,
                    KUBEDEV_BINARIES: lines,
                    KUBEDEV_EXTRA_IMAGES: images.apply((all) => all.join("\n")),
                },
            },
            { parent: this },
        );
    }
}

/** Whether something is laid over the image itself. */
function isLaidOver(args: NodeImageArgs): boolean {
    const built = (args.version ?? args.source) !== undefined;
    return (
        Object.keys(args.binaries ?? {}).length > 0 || (!built && args.extraImages !== undefined)
    );
}
