import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { shellExports } from "../internal/quote";
import { assertArgs, checked } from "../internal/validate";
import { Host, hostRule } from "./host";
import { hostResource } from "./host-resource";

/** Arguments of a HostCommand. */
export interface HostCommandArgs {
    /** Where it runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** POSIX shell script that makes something. It must be safe to run again: a broken-off run is repeated. */
    create: pulumi.Input<string>;
    /** Script for a change that is no trigger. Defaults to `create`. */
    update?: pulumi.Input<string>;
    /** Script that takes back what `create` made. It must succeed when there is nothing to take back. Defaults to nothing. */
    delete?: pulumi.Input<string>;
    /** Values whose change deletes and creates anew, under names that say what they are. */
    triggers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Ids of things on the same host that it depends on; a change deletes and creates anew. */
    parentIds?: pulumi.Input<string>[];
    /** Environment variables of the scripts. Make secrets pulumi.secret, or better pass them by stdin. */
    environment?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Standard input of `create` and `update`. */
    stdin?: pulumi.Input<string>;
    /** Absolute path of the directory that the scripts run in. Defaults to the user's home directory over ssh, and to the program's directory here. */
    workingDirectory?: pulumi.Input<string>;
    /** Time limit in seconds for each script. Defaults to 600. */
    timeoutSec?: number;
}

const text = z.string({ error: "expected a shell script" });
const rules = {
    host: hostRule,
    create: text,
    update: text.optional(),
    delete: text.optional(),
    environment: z
        .record(
            z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "expected a variable name" }),
            z.string({ error: "expected a string" }),
        )
        .optional(),
    workingDirectory: z.string().regex(/^\//, { error: "expected an absolute path" }).optional(),
    timeoutSec: z.int().min(1).max(86400, { error: "expected 1 to 86400 s" }).optional(),
};

/** A command on a host: runs once, again when something that it depends on was made anew, and is undone by `delete`. */
export class HostCommand extends pulumi.ComponentResource {
    /** Changes whenever the command was run anew. What depends on it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;
    /** What the last script printed on standard output. Unknown in a preview that runs it. */
    public readonly stdout: pulumi.Output<string>;

    constructor(name: string, args: HostCommandArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostCommand", name, args, opts);
        assertArgs(`HostCommand ${name}`, args, rules);
        const known = checked(`HostCommand ${name}`, args, rules);

        const command = hostResource(
            `${name}-command`,
            {
                host: args.host,
                create: "host/command-create.sh",
                update: "host/command-update.sh",
                delete: args.delete === undefined ? undefined : "host/command-delete.sh",
                spec: { triggers: args.triggers },
                parents: args.parentIds,
                probed: false,
                environment: {
                    KUBEDEV_CREATE: args.create,
                    KUBEDEV_UPDATE: args.update ?? args.create,
                    KUBEDEV_DELETE: args.delete ?? "",
                    KUBEDEV_EXPORTS: known.apply((a) => shellExports(a.environment ?? {})),
                    KUBEDEV_WORKING_DIR: args.workingDirectory ?? "",
                },
                stdin: args.stdin,
                timeoutSec: args.timeoutSec,
            },
            { parent: this },
        );
        this.instanceId = command.resource.id;
        this.stdout = command.resource.stdout;
        this.registerOutputs({ instanceId: this.instanceId, stdout: this.stdout });
    }
}
