import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostRule } from "../host/host";
import { absolutePath } from "../internal/rules";

/** A source tree on a host: plain data, as a SourceTree gives it. */
export interface SourceFiles {
    /** Absolute path of the tree. */
    dir: pulumi.Input<string>;
    /** Where the tree is. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Id of the resource that makes the tree: it is not looked at before that is there. */
    instanceId?: pulumi.Input<string>;
}

/** What a `source` argument must look like. @internal */
export const sourceFilesRule = z.object(
    { dir: absolutePath, host: hostRule, instanceId: z.string().optional() },
    { error: "expected the files of a SourceTree" },
);

/** The host of a tree, without waiting for the rest to be known: of an output, each property is known by itself. */
export function hostOf(source: pulumi.Input<SourceFiles>): pulumi.Input<Host> {
    return pulumi.Output.isInstance(source) || source instanceof Promise
        ? (pulumi.output(source).host as pulumi.Output<Host>)
        : (source.host ?? {});
}
