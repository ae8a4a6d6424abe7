import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { sha256 } from "../internal/hash";
import { orEmpty } from "../internal/outputs";
import { octalMode, parentIds, yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { anyHostRule, Host, HostOs, osOf } from "./host";
import { after, hostResource } from "./host-resource";
import { absoluteFilePathOn, checkOn, notOn } from "./os-rules";

/** Arguments of a HostFile. */
export interface HostFileArgs {
    /** Where it is. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Absolute path. Missing directories are made, and removed with the file. A change moves the file. */
    path: pulumi.Input<string>;
    /** Content. Make secrets pulumi.secret. A change writes the file anew in place, by rename. */
    content: pulumi.Input<string>;
    /** Permissions in octal. Defaults to "0644". Not on Windows, where a file has the access of its directory. */
    mode?: pulumi.Input<string>;
    /** Owner as user or user:group. Defaults to the user who writes it. Not on Windows. */
    owner?: pulumi.Input<string>;
    /** True replaces a file that is there already; it is put back when this one goes. Defaults to false: that is an error. */
    overwrite?: pulumi.Input<boolean>;
    /** Ids of things on the same host that it depends on; a change writes it anew. */
    parentIds?: pulumi.Input<string>[];
}

const rulesOn = (os: HostOs | undefined) => ({
    host: anyHostRule,
    path: absoluteFilePathOn(os),
    content: z.string({ error: "expected a text" }),
    mode: notOn(
        HostOs.Windows,
        os,
        octalMode.optional(),
        "it has no such permissions; a file has the access of its directory there",
    ),
    owner: notOn(
        HostOs.Windows,
        os,
        z
            .string({ error: "expected user or user:group" })
            .regex(/^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$/, { error: "expected user or user:group" })
            .optional(),
        "a file belongs to the user who writes it there; log in as another one",
    ),
    overwrite: yesOrNo.optional(),
    parentIds: parentIds.optional(),
});

/** A text file on a host. A file that was edited or removed by hand shows in the next preview, and is written again. */
export class HostFile extends pulumi.ComponentResource {
    /** Absolute path. */
    public readonly path: pulumi.Output<string>;
    /** SHA-256 of the content, known in preview: what must restart when the file changes takes it as a trigger. Secret if the content is. */
    public readonly sha256: pulumi.Output<string>;
    /** Changes whenever the file was made anew, not when its content changed. */
    public readonly instanceId: pulumi.Output<string>;

    constructor(name: string, args: HostFileArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:HostFile", name, args, opts);
        const what = `HostFile ${name}`;
        const rules = rulesOn(osOf(args.host));
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);

        const file = hostResource(
            `${name}-file`,
            {
                host: args.host,
                create: "host/file-write.sh",
                delete: "host/file-remove.sh",
                spec: { path: known.path },
                parents: args.parentIds,
                environment: {
                    KUBEDEV_PATH: known.path,
                    KUBEDEV_MODE: known.mode.apply((mode) => mode ?? "0644"),
                    KUBEDEV_OWNER: orEmpty(known.owner),
                    KUBEDEV_OVERWRITE: known.overwrite.apply((given) => String(given ?? false)),
                },
                stdin: known.content,
                check: checkOn(what, args, rulesOn),
            },
            { parent: this },
        );
        this.path = after(file.resource, known.path);
        this.sha256 = after(file.resource, known.content).apply(sha256);
        this.instanceId = file.resource.id;
        this.registerOutputs({
            path: this.path,
            sha256: this.sha256,
            instanceId: this.instanceId,
        });
    }
}
