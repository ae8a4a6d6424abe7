import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { after, HostResource, hostResource, recordedFacts } from "../host/host-resource";
import { Host, hostParts, hostRule } from "../host/host";
import { digestOf } from "../internal/hash";
import { absolutePath, whole } from "../internal/rules";
import { assertArgs, checked } from "../internal/validate";
import { binaryName, goBuildFlags, GoBuildOptions, linkerFlags } from "./go-build";
import { FingerprintQuery, sourceFingerprints } from "./source-fingerprint";

/** How binaries are built. */
export enum BuildMode {
    /** `go build` with the version that the tree's own build would give: the fastest way. */
    Go = "go",
    /** `make WHAT=...`, as Kubernetes' Makefile takes it. */
    Make = "make",
    /** A released command straight from a Go module proxy, without a tree. */
    Module = "module",
}

/** A source tree on a host: plain data, as a SourceTree gives it. */
export interface SourceFiles {
    /** Absolute path of the tree. */
    dir: pulumi.Input<string>;
    /** Where the tree is. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Id of the resource that makes the tree: it is not looked at before that is there. */
    instanceId?: pulumi.Input<string>;
}

/** Arguments of a Build. Give source, or module with mode "module". */
export interface BuildArgs {
    /** The tree that is built. */
    source?: pulumi.Input<SourceFiles>;
    /** Where a module is built. Defaults to this machine; a tree is built where it is. */
    host?: pulumi.Input<Host>;
    /** The module and its version, as "k8s.io/kubernetes@v1.36.1". */
    module?: string;
    /** What is built: directories of commands below the tree, as "cmd/kubelet", or import paths. */
    targets: string[];
    /** Platforms as os/architecture, as "linux/amd64" or "windows/amd64". Defaults to Linux on this machine's architecture. */
    platforms?: string[];
    /** How it is built. Defaults to "go", with module to "module". */
    mode?: BuildMode;
    /** True: for a debugger, with symbols and without optimization. Defaults to false. */
    debug?: pulumi.Input<boolean>;
    /** True: with the race detector, which needs cgo and a C compiler. Defaults to false. */
    race?: pulumi.Input<boolean>;
    /** True: C code is linked in, so the binary depends on the libraries of the host. Defaults to what race needs. */
    cgo?: pulumi.Input<boolean>;
    /** Build tags. Defaults to those of Kubernetes' own build in its tree, else to none. */
    tags?: pulumi.Input<pulumi.Input<string>[]>;
    /** Flags of the compiler, as go build takes them in -gcflags. */
    gcflags?: pulumi.Input<string>;
    /** Flags of the linker beside the version's. */
    ldflags?: pulumi.Input<string>;
    /** Further flags of go build. */
    goFlags?: pulumi.Input<pulumi.Input<string>[]>;
    /** Version of Go, as "1.26.2". Defaults to what is installed, or newer if the tree asks for it. */
    goVersion?: pulumi.Input<string>;
    /** True: `make clean` before, for mode "make". Defaults to false. */
    clean?: pulumi.Input<boolean>;
    /** Time limit for one binary in seconds. Defaults to 3600. */
    timeoutSec?: number;
}

type BinaryOutputs = { [Name in keyof Binary]: pulumi.Input<Binary[Name]> };

interface Options extends GoBuildOptions {
    cgo: boolean;
    tags: string[] | undefined;
    goVersion: string;
}

/** A binary that was built. */
export interface Binary {
    /** Absolute path on the host. Another one for another content. */
    path: string;
    /** SHA-256. Unknown in a preview that builds it. */
    sha256: string;
    /** Size in bytes. Unknown in a preview that builds it. */
    sizeBytes: number;
    /** Version that was linked in, as `git describe` gives it. Unknown in a preview that builds it. */
    version: string;
    /** Digest of all that it is made from, known in preview: what runs it takes this as a trigger. */
    fingerprint: string;
    /** As os/architecture. */
    platform: string;
}

const platformRule = z
    .string({ error: 'expected os/architecture, as "linux/amd64"' })
    .regex(/^(linux|windows|darwin)\/(amd64|arm64)$/, {
        error: "expected linux, windows or darwin, and amd64 or arm64, as linux/amd64",
    });
const flags = z.string({ error: "expected flags" }).regex(/^[^\0\n]*$/, {
    error: "expected flags on one line",
});
const rules = {
    source: z
        .object(
            { dir: absolutePath, host: hostRule, instanceId: z.string().optional() },
            { error: "expected the files of a SourceTree" },
        )
        .optional(),
    host: hostRule,
    module: z
        .string({ error: 'expected module@version, as "k8s.io/kubernetes@v1.36.1"' })
        .regex(/^[A-Za-z0-9._~/-]+@v[0-9A-Za-z.+-]+$/, {
            error: 'expected module@version, as "k8s.io/kubernetes@v1.36.1"',
        })
        .optional(),
    targets: z
        .array(
            z
                .string({ error: "expected a directory below the tree or an import path" })
                .regex(/^(?!-)(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._~-]+(\/[A-Za-z0-9._~-]+)*$/, {
                    error: 'expected a directory below the tree, as "cmd/kubelet", or an import path',
                }),
            { error: "expected a list of targets" },
        )
        .min(1, { error: "expected at least one target" }),
    platforms: z
        .array(platformRule, { error: "expected a list of platforms" })
        .min(1, { error: "expected at least one platform" })
        .optional(),
    mode: z.enum(BuildMode, { error: 'expected "go", "make" or "module"' }).optional(),
    debug: z.boolean({ error: "expected true or false" }).optional(),
    race: z.boolean({ error: "expected true or false" }).optional(),
    cgo: z.boolean({ error: "expected true or false" }).optional(),
    tags: z
        .array(
            z
                .string({ error: "expected a build tag" })
                .regex(/^[A-Za-z0-9_.]+$/, { error: "expected a build tag" }),
            { error: "expected a list of build tags" },
        )
        .optional(),
    gcflags: flags.optional(),
    ldflags: flags.optional(),
    goFlags: z.array(flags, { error: "expected a list of flags" }).optional(),
    goVersion: z
        .string({ error: 'expected a version of Go, as "1.26.2"' })
        .regex(/^1\.[0-9]+(\.[0-9]+|rc[0-9]+)?$/, {
            error: 'expected a version of Go, as "1.26.2"',
        })
        .optional(),
    clean: z.boolean({ error: "expected true or false" }).optional(),
    timeoutSec: whole(1, 86400, "seconds").optional(),
};

// What decides beside the packages how Kubernetes' make builds.
const makeFiles = [
    "Makefile",
    "hack/make-rules/build.sh",
    "hack/lib/golang.sh",
    "hack/lib/init.sh",
];

/**
 * Binaries of one or many commands for one or many platforms, built from a source tree or a released module. A preview
 * knows what an edit reaches: a binary is built anew when a file of a package that it needs has changed, and else left
 * alone. A build that fails leaves the binary before it as it was.
 */
export class Build extends pulumi.ComponentResource {
    /** What was built, by name and platform, as "kubelet-linux-amd64". */
    public readonly binaries: pulumi.Output<Record<string, Binary>>;
    /** Where each is, by name and platform: another path for another content. Known in preview on this machine. */
    public readonly paths: pulumi.Output<Record<string, string>>;
    /** Digest of all that each is made from, by name and platform. Known in preview: what runs a binary takes it as a trigger. */
    public readonly fingerprints: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: BuildArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:Build", name, args, opts);
        const what = `Build ${name}`;
        assertArgs(what, args, rules, ...sourceProblems(args));
        const mode = args.mode ?? (args.module === undefined ? BuildMode.Go : BuildMode.Module);
        const platforms = args.platforms ?? [
            `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
        ];
        const source = pulumi.output(args.source);
        const host = args.source === undefined ? args.host : hostOf(args.source);
        const options: pulumi.Output<Options> = checked(what, args, rules).apply((known) => ({
            debug: known.debug ?? false,
            race: known.race ?? false,
            cgo: known.cgo ?? known.race ?? false,
            tags: known.tags,
            gcflags: known.gcflags,
            ldflags: known.ldflags,
            goFlags: known.goFlags ?? [],
            goVersion: known.goVersion ?? "",
        }));
        const query: pulumi.Output<FingerprintQuery> = pulumi
            .all([source, options])
            .apply(([tree, how]) => ({
                dir: tree?.dir ?? "",
                targets: args.targets,
                platforms,
                files: mode === BuildMode.Make ? makeFiles : [],
                goFlags: [...(how.race ? ["-race"] : []), ...how.goFlags],
                goVersion: how.goVersion,
                cgo: how.cgo,
                tags: how.tags,
                debug: how.debug,
            }));
        const sources =
            mode === BuildMode.Module
                ? pulumi.output<Record<string, string> | undefined>({})
                : sourceFingerprints(host, query);

        const built = args.targets.flatMap((target) =>
            platforms.map((platform): [string, BinaryOutputs] => {
                const suffix = `${binaryName(target, "")}-${platform.replace("/", "-")}`;
                const child = `${name}-${suffix}`;
                const recorded = recordedFacts(child, host);
                const key = pulumi
                    .all([sources, options, recorded])
                    .apply(([digests, how, facts]) =>
                        digests === undefined
                            ? (facts?.["key"] ?? "unknown")
                            : digestOf({
                                  made: digests[`${target} ${platform}`],
                                  ...{ how, mode, target, platform, module: args.module },
                              }),
                    );
                const file = binaryName(target, platform);
                const thing = hostResource(
                    child,
                    {
                        host,
                        create: "source/build.sh",
                        delete: "host/forget.sh",
                        spec: { target, platform, mode },
                        environment: {
                            KUBEDEV_BUILD_KEY: key,
                            // While the host is away, what is there is what was asked for last.
                            KUBEDEV_REMEMBER: key.apply((known) => `fact.key=${known}`),
                            KUBEDEV_MODE: mode,
                            KUBEDEV_TREE: query.dir,
                            KUBEDEV_TARGET: target,
                            KUBEDEV_PLATFORM: platform,
                            KUBEDEV_BINARY: file,
                            KUBEDEV_MODULE: args.module,
                            KUBEDEV_CLEAN: pulumi.output(args.clean ?? false).apply(String),
                            ...environmentOf(options),
                        },
                        timeoutSec: args.timeoutSec ?? 3600,
                    },
                    { parent: this },
                );
                const localPath = pulumi
                    .all([key, hostParts(host).ssh])
                    .apply(([wanted, ssh]) =>
                        ssh === undefined ? path.join(thing.dir, wanted, file) : undefined,
                    );
                return [suffix, binaryOf(thing, key, platform, localPath)];
            }),
        );
        this.binaries = pulumi.output(Object.fromEntries(built));
        // Not taken from the above, of which nothing is known before all is.
        this.paths = pulumi.output(
            Object.fromEntries(built.map(([key, binary]) => [key, binary.path])),
        );
        this.fingerprints = pulumi.output(
            Object.fromEntries(built.map(([key, binary]) => [key, binary.fingerprint])),
        );
        this.registerOutputs({
            binaries: this.binaries,
            paths: this.paths,
            fingerprints: this.fingerprints,
        });
    }
}

/** How go builds, as scripts/source/build.sh takes it. */
function environmentOf(
    options: pulumi.Output<Options>,
): Record<string, pulumi.Output<string | undefined>> {
    return {
        KUBEDEV_GO_VERSION: options.goVersion,
        KUBEDEV_CGO: options.apply((how) => (how.cgo ? "1" : "0")),
        KUBEDEV_TAGS: options.apply((how) => how.tags?.join(",") ?? "default"),
        KUBEDEV_DEBUG: options.apply((how) => String(how.debug)),
        KUBEDEV_GO_FLAGS: options.apply((how) => goBuildFlags(how).join("\n")),
        KUBEDEV_LDFLAGS: options.apply(linkerFlags),
    };
}

/** What is known of a binary: all of it if it is there as wanted, else what its script says. */
function binaryOf(
    thing: HostResource,
    key: pulumi.Output<string>,
    platform: string,
    localPath: pulumi.Output<string | undefined>,
): BinaryOutputs {
    const recorded = pulumi
        .all([key, thing.facts])
        .apply(([wanted, facts]) => (facts?.["key"] === wanted ? facts : undefined));
    const field = (name: string) =>
        after(thing.resource, recorded).apply((facts) =>
            facts?.[name] === undefined
                ? thing.result().apply((result) => String(result[name]))
                : pulumi.output(facts[name]),
        );
    return {
        path: after(thing.resource, localPath).apply((local) =>
            local === undefined ? field("path") : pulumi.output(local),
        ),
        sha256: field("sha256"),
        sizeBytes: field("sizeBytes").apply(Number),
        version: field("version"),
        // What runs the binary is left alone when the build fails.
        fingerprint: after(thing.resource, key),
        platform,
    };
}

function hostOf(source: pulumi.Input<SourceFiles>): pulumi.Input<Host> {
    return pulumi.Output.isInstance(source) || source instanceof Promise
        ? pulumi.output(source).apply((tree) => tree.host ?? {})
        : (source.host ?? {});
}

function sourceProblems(args: BuildArgs): { propertyPath: string; reason: string }[] {
    if ((args.source === undefined) === (args.module === undefined)) {
        const got = args.source === undefined ? "neither" : "both";
        return [
            {
                propertyPath: "source",
                reason: `got ${got}; expected either source, a tree, or module, as "k8s.io/kubernetes@v1.36.1"`,
            },
        ];
    }
    const ofGo = ["race", "tags", "gcflags", "ldflags", "goFlags"] as const;
    const wrong = [
        ...(args.mode === BuildMode.Make
            ? ofGo.filter((name) => args[name] !== undefined)
            : []
        ).map((propertyPath) => ({
            propertyPath,
            reason: 'expected none with mode "make": the Makefile decides; set mode to "go"',
        })),
        ...(args.mode !== undefined &&
        (args.mode === BuildMode.Module) !== (args.module !== undefined)
            ? [
                  {
                      propertyPath: "mode",
                      reason: `got "${args.mode}"; expected "module" with a module, and another with a source`,
                  },
              ]
            : []),
        ...(args.source !== undefined && args.host !== undefined
            ? [
                  {
                      propertyPath: "host",
                      reason: "expected none beside source: a tree is built where it is",
                  },
              ]
            : []),
    ];
    return wrong;
}
