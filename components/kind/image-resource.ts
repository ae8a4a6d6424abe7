import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host } from "../host/host";
import { after, hostResource, HostResourceArgs, recordedFacts } from "../host/host-resource";
import { digestOf } from "../internal/hash";
import { EngineRef } from "./container-engine";

/** What the name of an image must look like. */
export const imageName = z
    .string({ error: 'expected the name of an image, as "nginx:1.29"' })
    .regex(/^[a-z0-9][A-Za-z0-9._/:@-]*$/, {
        error: 'expected the name of an image, as "nginx:1.29"',
    });

/** What nodes run on: Linux on this machine's architecture. */
export const thisPlatform = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;

/** As scripts/kind/engine.sh takes it. */
export function ownOrHost(engine: pulumi.Input<EngineRef> | undefined): pulumi.Output<string> {
    return pulumi.output(engine).apply((known) => (known?.own === true ? "own" : "host"));
}

/** A node image in the engine, made by a script. */
interface ImageArgs extends Pick<
    HostResourceArgs,
    "create" | "environment" | "stdin" | "timeoutSec"
> {
    host: pulumi.Input<Host> | undefined;
    engine: pulumi.Input<EngineRef> | undefined;
    /** Its name, which says what it is made from. */
    tag: pulumi.Output<string>;
}

/**
 * Declares a node image; answers its tag, known in preview. Another tag is an update in place: the image before is there
 * until the new one is made and no cluster is made of it any more, so that a build that fails costs no cluster.
 */
export function imageResource(
    name: string,
    args: ImageArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    // The tag was part of the spec when an image was replaced by each other one: what was made then stays as it is.
    const first = recordedFacts(name, args.host).apply((facts) => {
        const recorded = facts?.["first"] ?? facts?.["tag"];
        return recorded === undefined ? args.tag : pulumi.output(recorded);
    });
    const image = hostResource(
        name,
        {
            host: args.host,
            create: args.create,
            delete: "kind/node-image-remove.sh",
            spec: { tag: first },
            environment: {
                ...args.environment,
                KUBEDEV_ENGINE: ownOrHost(args.engine),
                KUBEDEV_IMAGE_TAG: args.tag,
                KUBEDEV_IMAGE_FIRST: first,
                KUBEDEV_REMEMBER: pulumi.interpolate`fact.first=${first}\nfact.tag=${args.tag}`,
            },
            stdin: args.stdin,
            timeoutSec: args.timeoutSec,
        },
        opts,
    );
    return after(image.resource, args.tag);
}

/** Named after what it is made from, as the images below are; what built those adapts them to hosts, so the name tells. */
export function overlayTag(
    base: string,
    lines: readonly string[],
    images: readonly string[],
): string {
    const fingerprints = lines
        .filter((line) => line !== "")
        .map((line) => line.split(" ").slice(0, 2));
    const made = { base, fingerprints, images: images.length === 0 ? undefined : images };
    return `${adaptsItself(base) ? "kubedev/node" : "kubedev-overlay/node"}:${digestOf(made)}`;
}

/** Whether an image is one of kubedev's own, which adapt themselves to hosts. */
export function adaptsItself(image: string): boolean {
    return image.startsWith("kubedev/");
}
