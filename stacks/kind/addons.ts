import * as pulumi from "@pulumi/pulumi";
import { Addon, type ClusterAccessArgs, ClusterMetrics, ClusterUi } from "../../components/addons";
import { type EngineRef, ProgramImage } from "../../components/kind";
import { type Binary, Build } from "../../components/source";

/** Add-ons that a cluster of this environment can have; it has DNS and a network already. */
export const addonNames = ["metrics", "ui"] as const;

interface Chosen {
    addons: readonly (typeof addonNames)[number][];
    /** Absolute paths of manifests of the developer's own. */
    manifests: readonly string[];
}

/** Images of add-ons that are in the engine instead of a registry. */
export interface LocalImages {
    metrics?: pulumi.Output<string>;
}

/** The version of metrics-server that ClusterMetrics takes from its registry. */
const metricsVersion = "v0.8.0";

/** Builds those that can be had as Go modules. */
export function localImages(names: Chosen["addons"], engine: pulumi.Input<EngineRef>): LocalImages {
    if (!names.includes("metrics")) {
        return {};
    }
    const module = "sigs.k8s.io/metrics-server";
    const built = new Build("metrics-server", {
        module: `${module}@${metricsVersion}`,
        targets: [`${module}/cmd/metrics-server`],
    });
    const platform = `linux-${process.arch === "arm64" ? "arm64" : "amd64"}`;
    // Not by apply, after which a preview knows nothing of it.
    const binary = built.binaries[`metrics-server-${platform}`] as pulumi.Output<Binary>;
    return { metrics: new ProgramImage("metrics-server", { engine, binary }).image };
}

/** Declares these add-ons, and answers what the stack has to say of them. */
export function declareAddons(
    { addons: names, manifests: manifestFiles }: Chosen,
    access: ClusterAccessArgs,
    local: LocalImages,
    opts?: pulumi.ComponentResourceOptions,
): { images?: pulumi.Output<string[]>; ui?: Record<string, pulumi.Output<string>> } {
    if (names.length + manifestFiles.length === 0) {
        return {};
    }
    const own =
        manifestFiles.length === 0
            ? undefined
            : new Addon("manifests", { ...access, manifestFiles: [...manifestFiles] }, opts);
    const metrics = names.includes("metrics")
        ? // The kubelets of kind sign their own certificates.
          new ClusterMetrics(
              "metrics",
              { ...access, kubeletInsecureTls: true, image: local.metrics },
              opts,
          )
        : undefined;
    const ui = names.includes("ui") ? new ClusterUi("ui", access, opts) : undefined;
    const images = [metrics, ui, own].flatMap((addon) =>
        addon === undefined ? [] : [addon.images],
    );
    return {
        /** What they take: what the nodes have already, or pull. */
        images: pulumi.all(images).apply((all) => all.flat()),
        ...(ui === undefined ? {} : { ui: { token: ui.tokenCommand, forward: ui.forwardCommand } }),
    };
}
