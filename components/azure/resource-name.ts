import { sha256 } from "../internal/hash";

/**
 * Name of something in Azure: the same in every run, another one for each developer's stack. What is too long keeps its
 * beginning, and a digest keeps it apart from others that begin alike.
 */
export function resourceName(parts: readonly string[], longest: number): string {
    const whole = parts.join("-");
    const plain = whole
        .replace(/[^A-Za-z0-9-]+/g, "-")
        .replace(/-{2,}/g, "-")
        .replace(/^-+|-+$/g, "");
    if (plain === whole && plain.length <= longest) {
        return plain;
    }
    const digest = sha256(whole).slice(0, 6);
    const kept = plain.slice(0, longest - digest.length - 1).replace(/-+$/, "");
    return kept === "" ? `x${digest}` : `${kept}-${digest}`;
}

/** How long names may be (Azure, "Naming rules and restrictions for Azure resources"). */
export const longestName = {
    resourceGroup: 90,
    network: 80,
    virtualMachine: 64,
    disk: 80,
} as const;
