import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostRule } from "../host/host";
import { after, hostResource, recordedFacts } from "../host/host-resource";
import { lookAt } from "../host/thing-look";
import { isLoopbackAddress, loopbackAddress } from "../internal/loopback-address";
import { machineIdentity } from "../internal/machine-identity";
import { orEmpty } from "../internal/outputs";
import { fields, whole } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { type Binary, Build } from "../source/build";
import { derivedName } from "./cluster-name";
import { EngineRef } from "./container-engine";
import { engineRule } from "./engine-rule";
import { ownOrHost } from "./image-resource";
import { ProgramImage } from "./program-image";

/** Arguments of a LocalRegistry. */
export interface LocalRegistryArgs {
    /** Where it runs. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** The container engine that runs it: the one of the clusters whose nodes pull from it. Defaults to the host's own. */
    engine?: pulumi.Input<EngineRef>;
    /** Version of the registry, github.com/distribution/distribution, that is built as a Go module. Defaults to v3.1.2. */
    version?: string;
    /** Another image of it, which the engine has or pulls, as "registry:3": nothing is built. Defaults to none. */
    image?: pulumi.Input<string>;
    /** Address in 127.0.0.0/8 where images are pushed to. Defaults to one derived from user, project, stack and name. */
    address?: string;
    /** Port of that address. Defaults to 5000. */
    port?: number;
}

/** A registry that nodes of a KindCluster pull from: plain data, from a LocalRegistry. */
export interface RegistryRef {
    /** What names of images begin with, as "127.1.2.3:5000". */
    host: pulumi.Input<string>;
    /** Container that runs it, which is put into the cluster's network. It listens on port 5000 there. */
    container: pulumi.Input<string>;
}

const refText = z.string({ error: "expected registry of a LocalRegistry" });

/** What a RegistryRef must look like. @internal */
export const registryRule = fields("a registry", {
    host: refText.regex(/^[a-z0-9.-]+:\d+$/, { error: 'expected "127.1.2.3:5000"' }),
    container: refText.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, {
        error: "expected the name of a container",
    }),
}).optional();

const rules = {
    host: hostRule,
    engine: engineRule,
    version: z
        .string({ error: 'expected a version, as "v3.1.2"' })
        .regex(/^v3\.\d+\.\d+$/, { error: 'expected a version, as "v3.1.2"' })
        .optional(),
    image: z
        .string({ error: 'expected the name of an image, as "registry:3"' })
        .regex(/^[a-z0-9][A-Za-z0-9._/:@-]*$/, {
            error: 'expected the name of an image, as "registry:3"',
        })
        .optional(),
    address: z
        .string({ error: "expected an address in 127.0.0.0/8" })
        .refine(isLoopbackAddress, {
            error: "expected an address in 127.0.0.0/8: whoever reaches a registry can push to it",
        })
        .optional(),
    port: whole(1, 65535, "a TCP port").optional(),
};

/**
 * A registry of images for clusters on this host: people push to an address of loopback, nodes pull by that same name. What
 * was pushed is kept until it is removed.
 */
export class LocalRegistry extends pulumi.ComponentResource {
    /** What names of images begin with, as "127.1.2.3:5000". Known in preview. */
    public readonly address: pulumi.Output<string>;
    /** What a KindCluster takes as its registry. Known in preview. */
    public readonly registry: pulumi.Output<RegistryRef>;

    constructor(name: string, args: LocalRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:LocalRegistry", name, args, opts);
        const what = `LocalRegistry ${name}`;
        assertArgs(what, args, rules);
        const known = checkedEach(what, args, rules);
        const identity = machineIdentity(name);
        const container = `${derivedName(identity.project, identity.stack, name)}-registry`;
        const host = `${args.address ?? loopbackAddress(identity)}:${String(args.port ?? 5000)}`;
        const image = args.image === undefined ? this.built(name, args) : known.image;
        const child = `${name}-registry`;
        const state = lookAt(what, "kind/registry-look.sh", child, args.host, {});
        // In place: what was pushed outlives it.
        const starts = pulumi
            .all([state, recordedFacts(child, args.host)])
            .apply(([seen, facts]) =>
                String(Number(facts?.["starts"] ?? "1") + (seen["state"] === "dead" ? 1 : 0)),
            );
        const registry = hostResource(
            child,
            {
                host: args.host,
                create: "kind/registry-create.sh",
                delete: "kind/registry-remove.sh",
                spec: {},
                environment: {
                    KUBEDEV_ENGINE: ownOrHost(args.engine),
                    KUBEDEV_REGISTRY: container,
                    KUBEDEV_REGISTRY_HOST: host,
                    KUBEDEV_REGISTRY_IMAGE: orEmpty(image),
                    KUBEDEV_STARTS: starts,
                },
            },
            { parent: this },
        );
        this.address = after(registry.resource, host);
        this.registry = after(registry.resource, { host, container });
        this.registerOutputs({ address: this.address, registry: this.registry });
    }

    /** Its image, from the module. */
    private built(name: string, args: LocalRegistryArgs): pulumi.Output<string> {
        const module = "github.com/distribution/distribution/v3";
        const build = new Build(
            `${name}-program`,
            {
                host: args.host,
                module: `${module}@${args.version ?? "v3.1.2"}`,
                targets: [`${module}/cmd/registry`],
            },
            { parent: this },
        );
        const platform = `linux-${process.arch === "arm64" ? "arm64" : "amd64"}`;
        const binary = build.binaries[`registry-${platform}`] as pulumi.Output<Binary>;
        return new ProgramImage(
            `${name}-image`,
            { host: args.host, engine: args.engine, binary, entrypoint: ["/registry"] },
            { parent: this },
        ).image;
    }
}
