import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { orEmpty } from "../internal/outputs";
import { shellExports } from "../internal/quote";
import { environment, namedValues, parentIds, shellText, whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { anyHostRule, Host, HostOs, osOf } from "./host";
import { hostResource } from "./host-resource";
import { absolutePathOn, checkOn, shellOn } from "./os-rules";
import { WindowsShell } from "./windows-service";

/** Arguments of a HostCommand. */
export interface HostCommandArgs {
    /** Where it runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Script that makes something: for a POSIX shell, on Windows for the one that shell says. It must be safe to run again: a broken-off run is repeated. */
    create: pulumi.Input<string>;
    /** Shell of the scripts on a Windows host. Defaults to powershell. On Linux it is sh, and this is refused. */
    shell?: WindowsShell;
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

const rulesOn = (os: HostOs | undefined) => ({
    host: anyHostRule,
    create: shellText("a shell script"),
    shell: shellOn(os),
    update: shellText("a shell script").optional(),
    delete: shellText("a shell script").optional(),
    triggers: namedValues.optional(),
    parentIds: parentIds.optional(),
    environment: environment.optional(),
    stdin: z.string({ error: "expected a text" }).optional(),
    workingDirectory: absolutePathOn(os).optional(),
    timeoutSec: whole(1, 86400, "seconds").optional(),
});

/** A command on a host: runs once, again when something that it depends on was made anew, and is undone by `delete`. */
export class HostCommand extends pulumi.ComponentResource {
    /** Changes whenever the command was run anew. What depends on it takes this as a trigger. */
    public readonly instanceId: pulumi.Output<string>;
    /** What the last script printed on standard output. Unknown in a preview that runs it. */
    public readonly stdout: pulumi.Output<string>;

    constructor(name: string, args: HostCommandArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostCommand", name, args, opts);
        const what = `HostCommand ${name}`;
        const rules = rulesOn(osOf(args.host));
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);

        const command = hostResource(
            `${name}-command`,
            {
                host: args.host,
                create: "host/command-create.sh",
                update: "host/command-update.sh",
                delete: args.delete === undefined ? undefined : "host/command-delete.sh",
                spec: { triggers: args.triggers === undefined ? undefined : known.triggers },
                parents: args.parentIds,
                probed: false,
                environment: {
                    KUBEDEV_CREATE: known.create,
                    KUBEDEV_UPDATE: orEmpty(
                        args.update === undefined ? known.create : known.update,
                    ),
                    KUBEDEV_DELETE: orEmpty(known.delete),
                    KUBEDEV_EXPORTS: known.environment.apply((all) => shellExports(all ?? {})),
                    KUBEDEV_WORKING_DIR: orEmpty(known.workingDirectory),
                    // Not a value more for those who have none.
                    ...(args.shell === undefined ? {} : { KUBEDEV_SHELL: args.shell }),
                },
                stdin: known.stdin,
                timeoutSec: args.timeoutSec,
                check: checkOn(what, args, rulesOn, args.shell !== undefined),
            },
            { parent: this },
        );
        this.instanceId = command.resource.id;
        this.stdout = command.resource.stdout;
        this.registerOutputs({ instanceId: this.instanceId, stdout: this.stdout });
    }
}
