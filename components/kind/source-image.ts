import * as pulumi from "@pulumi/pulumi";
import { recordedFacts } from "../host/host-resource";
import { digestOf } from "../internal/hash";
import { script } from "../internal/scripts";
import { buildVariables, usualOptions } from "../source/build-script";
import { hostOf, SourceFiles } from "../source/source-files";
import { FingerprintQuery, sourceFingerprints } from "../source/source-fingerprint";
import { EngineRef } from "./container-engine";
import { adaptsItself, imageResource, thisPlatform } from "./image-resource";

/** A node image that kind builds from a tree. */
interface SourceImageArgs {
    source: pulumi.Input<SourceFiles>;
    engine: pulumi.Input<EngineRef> | undefined;
    kindPath: pulumi.Output<string | undefined>;
    baseImage: pulumi.Output<string | undefined>;
    extraImages: pulumi.Output<string[] | undefined>;
}

/** What `kind build node-image` takes from a tree: programs of nodes, and images of the control plane. */
const targets = [
    ...["kubeadm", "kubectl", "kubelet"],
    ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"],
].map((command) => `cmd/${command}`);
// What decides beside the packages how the tree builds its images.
const files = [
    ...["Makefile", ".go-version", "build/common.sh", "build/release-images.sh", "build/run.sh"],
    ...["build/lib/release.sh", "build/build-image/cross/VERSION", "build/server-image/Dockerfile"],
    ...["build/server-image/kube-apiserver/Dockerfile", "hack/lib/golang.sh", "hack/lib/init.sh"],
    ...["hack/make-rules/build.sh", "hack/print-workspace-status.sh"],
];
/** Goes up when images that are built differently must replace those that are there. */
const recipeVersion = 1;

/** Declares it; answers its tag, which says what it is made from. */
export function sourceImage(
    name: string,
    args: SourceImageArgs,
    opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const child = `${name}-source`;
    const host = hostOf(args.source);
    const tree = pulumi.output(args.source);
    const query = tree.apply(({ dir }): FingerprintQuery => ({
        ...{ dir, targets, platforms: [thisPlatform], files },
        ...{ goFlags: [], goVersion: "", cgo: false, tags: undefined, debug: false },
    }));
    const extra = args.extraImages.apply((images) => images ?? []);
    const tag = pulumi
        .all([
            sourceFingerprints(host, query),
            ...([args.baseImage, extra, recordedFacts(child, host)] as const),
        ])
        .apply(([made, base, images, facts]) => {
            const place = adaptsItself(base ?? "") ? "kubedev/node" : "kubedev-source/node";
            return made === undefined
                ? // The host is away: what is there is what was asked for last.
                  (facts?.["tag"] ?? `${place}:unknown`)
                : `${place}:${digestOf({ recipeVersion, made, base, images })}`;
        });
    return imageResource(
        child,
        {
            ...{ host, engine: args.engine, tag },
            create: "kind/node-image-source.sh",
            environment: {
                KUBEDEV_KIND: args.kindPath.apply((file) => file ?? "kind"),
                KUBEDEV_TREE: tree.dir,
                KUBEDEV_TARGETS: targets.join("\n"),
                KUBEDEV_IMAGE_BASE: args.baseImage.apply((base) => base ?? ""),
                KUBEDEV_EXTRA_IMAGES: extra.apply((images) => images.join("\n")),
                KUBEDEV_FETCHED: script("kind/fetched.sh"),
                ...buildVariables(usualOptions),
            },
            timeoutSec: 7200,
        },
        opts,
    );
}
