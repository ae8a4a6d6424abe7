import { z } from "zod";

/** Kind of an Azure disk, as Azure calls it. */
export enum AzureDiskSku {
    /** Magnetic, kept in one place. */
    StandardLrs = "Standard_LRS",
    /** SSD, kept in one place. */
    StandardSsdLrs = "StandardSSD_LRS",
    /** SSD, kept in several zones. */
    StandardSsdZrs = "StandardSSD_ZRS",
    /** Fast SSD, kept in one place. */
    PremiumLrs = "Premium_LRS",
    /** Fast SSD, kept in several zones. */
    PremiumZrs = "Premium_ZRS",
}

/** One of them. @internal */
export const diskSkuRule = z.enum(AzureDiskSku, {
    error: `expected one of ${Object.values(AzureDiskSku)
        .map((each) => `"${each}"`)
        .join(", ")}`,
});
