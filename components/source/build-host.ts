import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Host, hostParts, hostRule } from "../host/host";
import { after, hostResource, recordedFacts, textOf } from "../host/host-resource";
import { lookAt } from "../host/thing-look";
import { orEmpty } from "../internal/outputs";
import { whole, yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { goVersionRule } from "./go-build";

/** Arguments of a BuildHost. */
export interface BuildHostArgs {
    /** The host that is to build. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Version of Go, as "1.26.2". A Build takes it by the same goVersion. Defaults to what is there if that is 1.21 or newer, else to 1.26.8. */
    goVersion?: pulumi.Input<string>;
    /** Go module proxy that Go comes from where there is none, and that this Go uses. Defaults to https://proxy.golang.org. */
    goProxy?: pulumi.Input<string>;
    /** Checksum of Go's toolchain module for the host's architecture, as in go.sum: "h1:...". Defaults to what sum.golang.org says. */
    goChecksum?: pulumi.Input<string>;
    /** True: a C compiler too, for `cgo` and `race`. Defaults to false. */
    cgo?: pulumi.Input<boolean>;
    /** True: a container engine too, for Build's mode "container" and node images. Defaults to false. */
    containerEngine?: pulumi.Input<boolean>;
    /** Further Debian packages. Defaults to none. */
    packages?: pulumi.Input<pulumi.Input<string>[]>;
    /** False: nothing is installed; what is missing is an error that names it. Defaults to true. */
    install?: pulumi.Input<boolean>;
    /** MiB that must be free in the user's cache directory. Defaults to 10240: one Kubernetes build and its cache. */
    freeMib?: pulumi.Input<number>;
}

const maybe = yesOrNo.optional();
const rules = {
    host: hostRule,
    goVersion: goVersionRule.optional(),
    goProxy: z
        .string({ error: "expected an http or https URL" })
        .regex(/^https?:\/\/[^\s,|]+$/, { error: "expected an http or https URL" })
        .optional(),
    goChecksum: z
        .string({ error: "expected a checksum, as h1:..." })
        .regex(/^h1:[A-Za-z0-9+/]{43}=$/, { error: "expected a checksum, as h1:..." })
        .optional(),
    cgo: maybe,
    containerEngine: maybe,
    packages: z
        .array(
            z
                .string({ error: "expected the name of a Debian package" })
                .regex(/^[a-z0-9][a-z0-9+.-]+$/, {
                    error: "expected the name of a Debian package",
                }),
            { error: "expected a list of Debian packages" },
        )
        .optional(),
    install: maybe,
    freeMib: whole(0, 10_000_000, "MiB").optional(),
};

/** What scripts/source/build-host-tools.sh takes. */
const asked = [
    "KUBEDEV_PROGRAMS",
    "KUBEDEV_FETCH_PROGRAMS",
    "KUBEDEV_PACKAGES",
    "KUBEDEV_GO_VERSION",
    "KUBEDEV_INSTALL",
    "KUBEDEV_FREE_MIB",
] as const;

/** Programs that a build takes, and the Debian packages that have them. */
const programs: Record<string, string> = {
    git: "git",
    make: "make",
    // Kubernetes' scripts.
    jq: "jq",
};
const cPrograms: Record<string, string> = { gcc: "gcc", "/usr/include/stdio.h": "libc6-dev" };
// rsync: how Kubernetes before 1.35 copies its tree into the container.
const containerPrograms: Record<string, string> = { docker: "docker.io", rsync: "rsync" };
/** What fetches Go. */
const fetchPrograms: Record<string, string> = { curl: "curl", unzip: "unzip" };

/**
 * Makes a host able to build: git, make, Go, and what else is asked for. What is there is left alone; what is installed is
 * noted and taken back when this is deleted. Where there is no right to install, the error says what is missing.
 */
export class BuildHost extends pulumi.ComponentResource {
    /** The host, once it can build: what SourceTree and Build take. */
    public readonly host: pulumi.Output<Host>;
    /** Version of its Go, as "1.26.2". Unknown in a preview that installs it. */
    public readonly goVersion: pulumi.Output<string>;
    /** Absolute path of its go program. Unknown in a preview that installs it. */
    public readonly goPath: pulumi.Output<string>;

    constructor(name: string, args: BuildHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:BuildHost", name, args, opts);
        assertArgs(`BuildHost ${name}`, args, rules);
        const known = checkedEach(`BuildHost ${name}`, args, rules);
        const child = `${name}-tools`;
        const parts = hostParts(args.host);
        const wanted = pulumi
            .all([known.cgo, known.containerEngine, known.packages])
            .apply(([cgo, containerEngine, packages]) => ({
                KUBEDEV_PROGRAMS: lines({
                    ...programs,
                    ...(cgo === true ? cPrograms : {}),
                    ...(containerEngine === true ? containerPrograms : {}),
                }),
                KUBEDEV_FETCH_PROGRAMS: lines(fetchPrograms),
                KUBEDEV_PACKAGES: (packages ?? []).join("\n"),
            }));
        const values = pulumi
            .all([wanted, known.goVersion, known.install, known.freeMib])
            .apply(([programsWanted, goVersion, install, freeMib]) => ({
                ...programsWanted,
                KUBEDEV_GO_VERSION: goVersion ?? "",
                KUBEDEV_INSTALL: String(install ?? true),
                KUBEDEV_FREE_MIB: String(freeMib ?? 10240),
            }));
        const seen = lookAt(
            `BuildHost ${name}`,
            "source/build-host-look.sh",
            child,
            args.host,
            values,
        );
        // Goes up when something is missing that was there, so that a preview shows it, in place.
        const generation = pulumi
            .all([seen, recordedFacts(child, args.host)])
            .apply(([{ lacks }, facts]) => {
                const made = Number(facts?.["generation"] ?? "0");
                return String(Math.max(1, lacks === undefined ? made : made + 1));
            });
        const tools = hostResource(
            child,
            {
                host: args.host,
                create: "source/build-host-create.sh",
                delete: "source/build-host-delete.sh",
                spec: {},
                environment: {
                    ...Object.fromEntries(
                        asked.map((field) => [field, values.apply((all) => all[field])]),
                    ),
                    KUBEDEV_GO_PROXY: known.goProxy.apply(
                        (url) => url ?? "https://proxy.golang.org",
                    ),
                    KUBEDEV_GO_CHECKSUM: orEmpty(known.goChecksum),
                    KUBEDEV_GENERATION: generation,
                    KUBEDEV_REMEMBER: generation.apply((count) => `fact.generation=${count}`),
                },
                timeoutSec: 3600,
            },
            { parent: this },
        );
        this.host = pulumi.output({
            ssh: parts.ssh,
            parentId: parts.parentId,
            parentUrn: parts.parentUrn,
            // Known, so that a preview shows nothing on the host as made anew; and yet all of it waits for the tools.
            running: after(tools.resource, parts.running).apply((runs) => runs ?? true),
            readyId: pulumi
                .all([tools.resource.id, generation, tools.facts])
                .apply(([id, count, facts]) =>
                    pulumi.runtime.isDryRun() && facts?.["generation"] !== count
                        ? (pulumi.unknown as unknown as string)
                        : id,
                ),
        });
        const field = (fact: string) =>
            after(tools.resource, pulumi.all([generation, tools.facts])).apply(([count, facts]) =>
                facts?.["generation"] === count && facts[fact] !== undefined
                    ? pulumi.output(facts[fact])
                    : tools.result().apply((result) => textOf(result, fact)),
            );
        this.goVersion = field("goVersion");
        this.goPath = field("goPath");
        this.registerOutputs({
            host: this.host,
            goVersion: this.goVersion,
            goPath: this.goPath,
        });
    }
}

function lines(table: Record<string, string>): string {
    return Object.entries(table)
        .map(([program, from]) => `${program} ${from}`)
        .join("\n");
}
