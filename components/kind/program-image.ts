import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostRule } from "../host/host";
import { after, hostResource } from "../host/host-resource";
import { digestOf } from "../internal/hash";
import { orEmpty } from "../internal/outputs";
import { absoluteFilePath, whole, yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { EngineRef } from "./container-engine";
import { engineRule } from "./engine-rule";
import { binaryRules, NodeBinaryArgs } from "./node-binaries";
import { ownOrHost } from "./image-resource";

/** Arguments of a ProgramImage. */
export interface ProgramImageArgs {
    /** Where it is made. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** The container engine that gets it. Defaults to the host's own. */
    engine?: pulumi.Input<EngineRef>;
    /** The program: one of a Build's binaries, or any other static one for Linux. Another one makes another image. */
    binary: pulumi.Input<NodeBinaryArgs>;
    /** Name of the image without a tag. Defaults to program.kubedev.invalid/<name>, a name that no registry can have. */
    repository?: string;
    /** The program by its absolute path in the image, and arguments that it always gets. Defaults to the last part of the repository's name, in /. */
    entrypoint?: pulumi.Input<pulumi.Input<string>[]>;
    /** Number of the user, and of the group, that it runs as; 0 is root. Defaults to 65532. */
    user?: pulumi.Input<number>;
    /** True: the host's CA certificates of that moment are in it, for a program that calls others over TLS. Defaults to false. */
    caCertificates?: pulumi.Input<boolean>;
}

/** Goes up when images that are made differently must replace those that are there. */
const recipeVersion = 1;

const rules = {
    host: hostRule,
    engine: engineRule,
    repository: z
        .string({ error: 'expected the name of an image without a tag, as "localhost/tool"' })
        .regex(/^[a-z0-9]+([.-][a-z0-9]+)*(:\d+)?(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/, {
            error: 'expected the name of an image without a tag, as "localhost/tool"',
        })
        .optional(),
    entrypoint: z
        .tuple([absoluteFilePath], z.string({ error: "expected an argument" }), {
            error: "expected the program by its absolute path in the image, then its arguments",
        })
        .optional(),
    user: whole(0, 2 ** 31 - 1, "a user's number").optional(),
    caCertificates: yesOrNo.optional(),
};

/**
 * An image of one static program and nothing else, in a container engine: what was just built, for a pod. Its tag says what
 * it is made from: the same inputs, the same image.
 */
export class ProgramImage extends pulumi.ComponentResource {
    /** Name of the image with its tag, known in preview: for loadImages of a KindCluster, and image or imageMap of add-ons. */
    public readonly image: pulumi.Output<string>;

    constructor(name: string, args: ProgramImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:ProgramImage", name, args, opts);
        const what = `ProgramImage ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const given = pulumi.output(args.binary);
        const binary = checkedEach(
            `${what} binary`,
            { path: given.path, fingerprint: given.fingerprint },
            binaryRules,
        );
        const repository =
            args.repository ??
            `program.kubedev.invalid/${name
                .toLowerCase()
                .replace(/[^a-z0-9]+/g, "-")
                .replace(/^-|-$/g, "")}`;
        const program = repository.split("/").at(-1) ?? "";
        const entrypoint = known.entrypoint.apply((words) => words ?? [`/${program}`]);
        const user = known.user.apply((id) => id ?? 65532);
        const caCertificates = known.caCertificates.apply((wanted) => wanted ?? false);
        const tag = pulumi
            .all([binary.fingerprint, entrypoint, user, caCertificates])
            .apply(
                ([fingerprint, words, id, certificates]) =>
                    `${repository}:${digestOf({ recipeVersion, fingerprint, words, id, certificates })}`,
            );
        const image = hostResource(
            `${name}-program`,
            {
                host: args.host,
                create: "kind/program-image-create.sh",
                delete: "kind/node-image-remove.sh",
                // In place: the image before is there until the other one is.
                spec: {},
                environment: {
                    KUBEDEV_ENGINE: ownOrHost(args.engine),
                    KUBEDEV_IMAGE_TAG: tag,
                    KUBEDEV_PROGRAM: binary.path,
                    KUBEDEV_IMAGE_PROGRAM: orEmpty(entrypoint.apply(([file]) => file)),
                    KUBEDEV_IMAGE_ENTRYPOINT: entrypoint.apply((words) => JSON.stringify(words)),
                    KUBEDEV_IMAGE_USER: user.apply(String),
                    KUBEDEV_IMAGE_CA: caCertificates.apply(String),
                },
            },
            { parent: this },
        );
        this.image = after(image.resource, tag);
        this.registerOutputs({ image: this.image });
    }
}
