import * as pulumi from "@pulumi/pulumi";
import { Addon, type ClusterAccessArgs, ClusterMetrics, ClusterUi } from "../../index";

/** Add-ons that a cluster of this environment can have; it has DNS and a network already. */
export const addonNames = ["metrics", "ui"] as const;

interface Chosen {
    addons: readonly (typeof addonNames)[number][];
    /** Absolute paths of manifests of the developer's own. */
    manifests: readonly string[];
}

/** Declares these add-ons, and answers what the stack has to say of them. */
export function declareAddons(
    { addons: names, manifests: manifestFiles }: Chosen,
    access: ClusterAccessArgs,
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
          new ClusterMetrics("metrics", { ...access, kubeletInsecureTls: true }, opts)
        : undefined;
    const ui = names.includes("ui") ? new ClusterUi("ui", access, opts) : undefined;
    const images = [metrics, ui, own].flatMap((addon) =>
        addon === undefined ? [] : [addon.images],
    );
    return {
        /** What the nodes pull for them. */
        images: pulumi.all(images).apply((all) => all.flat()),
        ...(ui === undefined ? {} : { ui: { token: ui.tokenCommand, forward: ui.forwardCommand } }),
    };
}
