import * as pulumi from "@pulumi/pulumi";
import { type ClusterAccessArgs, ClusterMetrics, ClusterUi } from "../../index";

/** Add-ons that a cluster of this environment can have; it has DNS and a network already. */
export const addonNames = ["metrics", "ui"] as const;

/** Declares these add-ons, and answers what the stack has to say of them. */
export function declareAddons(
    names: readonly (typeof addonNames)[number][],
    access: ClusterAccessArgs,
    opts?: pulumi.ComponentResourceOptions,
): { images?: pulumi.Output<string[]>; ui?: Record<string, pulumi.Output<string>> } {
    if (names.length === 0) {
        return {};
    }
    const metrics = names.includes("metrics")
        ? // The kubelets of kind sign their own certificates.
          new ClusterMetrics("metrics", { ...access, kubeletInsecureTls: true }, opts)
        : undefined;
    const ui = names.includes("ui") ? new ClusterUi("ui", access, opts) : undefined;
    const images = [metrics, ui].flatMap((addon) => (addon === undefined ? [] : [addon.images]));
    return {
        /** What the nodes pull for them. */
        images: pulumi.all(images).apply((all) => all.flat()),
        ...(ui === undefined ? {} : { ui: { token: ui.tokenCommand, forward: ui.forwardCommand } }),
    };
}
