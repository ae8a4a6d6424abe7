import { type local } from "@pulumi/command";
import { getVersion } from "@pulumi/command/utilities";
import * as pulumi from "@pulumi/pulumi";

type Given =
    | ("create" | "update" | "delete" | "environment" | "stdin")
    | ("triggers" | "logging" | "addPreviousOutputInEnv");

/** Inputs of a thing's command, as `local.Command` has them. */
export type ThingInputs = { readonly [Name in Given]: local.CommandArgs[Name] | undefined };

/**
 * The command plugin's `local.Command`, with outputs of what is given and printed alone: of its seven others nobody reads one,
 * and each costs a preview as much.
 */
export class ThingCommand extends pulumi.CustomResource {
    /** What the script that ran last printed. */
    declare public readonly stdout: pulumi.Output<string>;

    public constructor(name: string, inputs: ThingInputs, opts: pulumi.CustomResourceOptions) {
        const given = Object.entries(inputs).filter(([, value]) => value !== undefined);
        super(
            "command:local:Command",
            name,
            { ...Object.fromEntries(given), stdout: undefined },
            pulumi.mergeOptions({ version: getVersion(), replaceOnChanges: ["triggers[*]"] }, opts),
        );
    }
}
