import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { guarded } from "../internal/errors";

/**
 * Text of a file on the machine that runs Pulumi, as a secret, for what has to be handed to a provider. `made` is whatever
 * becomes known when the file is there. Unknown in a preview that is to make the file first; what a script prints would be
 * unknown, too, whenever that script changes.
 */
export function secretFile(
    path: pulumi.Input<string>,
    made: pulumi.Input<unknown>,
): pulumi.Output<string> {
    return pulumi.secret(
        pulumi
            .all([path, made])
            .apply(([file]) =>
                guarded(() =>
                    pulumi.runtime.isDryRun() && !fs.existsSync(file)
                        ? (pulumi.unknown as unknown as string)
                        : fs.readFileSync(file, "utf8"),
                ),
            ),
    );
}
