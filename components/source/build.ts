import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { after, HostResource, hostResource, recordedFacts } from "../host/host-resource";
import { Host, hostParts } from "../host/host";
import { orEmpty } from "../internal/outputs";
import { assertArgs, checked } from "../internal/validate";
import { buildProblems, buildRules } from "./build-rules";
import { buildKey, BuildOptions, buildVariables } from "./build-script";
import { binaryName, BuildMode } from "./go-build";
import { hostOf, SourceFiles } from "./source-files";
import { FingerprintQuery, sourceFingerprints } from "./source-fingerprint";

/** Arguments of a Build. Give source, or module with mode "module". */
export interface BuildArgs {
    /** The tree that is built. */
    source?: pulumi.Input<SourceFiles>;
    /** Where a module is built. Defaults to this machine; a tree is built where it is. */
    host?: pulumi.Input<Host>;
    /** The module and its version, as "k8s.io/kubernetes@v1.36.1". */
    module?: pulumi.Input<string>;
    /** What is built: directories of commands below the tree, as "cmd/kubelet", or import paths. */
    targets: string[];
    /** Names of binaries by target, where that is not the last part of its path, as `{"go.etcd.io/etcd/server/v3": "etcd"}`. */
    names?: Record<string, string>;
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
    /** True: what was made before is thrown away first, for modes "make" and "container". Defaults to false. */
    clean?: pulumi.Input<boolean>;
    /** Time limit for one binary in seconds. Defaults to 3600. */
    timeoutSec?: number;
}

type BinaryOutputs = { [Name in keyof Binary]: pulumi.Input<Binary[Name]> };

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

// What decides beside the packages how Kubernetes' make builds.
const makeFiles = [
    "Makefile",
    "hack/make-rules/build.sh",
    "hack/lib/golang.sh",
    "hack/lib/init.sh",
];
// And in the tree's own builder.
const containerFiles = [
    ...makeFiles,
    ".go-version",
    "build/build-image/cross/VERSION",
    "build/common.sh",
    "build/run.sh",
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
        assertArgs(what, args, buildRules, ...buildProblems(args));
        const mode = args.mode ?? (args.module === undefined ? BuildMode.Go : BuildMode.Module);
        const platforms = args.platforms ?? [
            `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`,
        ];
        const source = pulumi.output(args.source);
        const host = args.source === undefined ? args.host : hostOf(args.source);
        const known = checked(what, args, buildRules);
        const module = known.apply((all) => all.module);
        const options: pulumi.Output<BuildOptions> = known.apply((all) => ({
            debug: all.debug ?? false,
            race: all.race ?? false,
            cgo: all.cgo ?? all.race ?? false,
            tags: all.tags,
            gcflags: all.gcflags,
            ldflags: all.ldflags,
            goFlags: all.goFlags ?? [],
            goVersion: all.goVersion ?? "",
        }));
        const query: pulumi.Output<FingerprintQuery> = pulumi
            .all([source, options])
            .apply(([tree, how]) => ({
                dir: tree?.dir ?? "",
                targets: args.targets,
                platforms,
                files: buildFiles(mode),
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
                const suffix = `${binaryName(target, "", args.names)}-${platform.replace("/", "-")}`;
                const child = `${name}-${suffix}`;
                const recorded = recordedFacts(child, host);
                const key = pulumi
                    .all([sources, options, recorded, module])
                    .apply(([digests, how, facts, released]) =>
                        digests === undefined
                            ? (facts?.["key"] ?? "unknown")
                            : buildKey({
                                  made: digests[`${target} ${platform}`],
                                  ...{ how, mode, target, platform, module: released },
                              }),
                    );
                const file = binaryName(target, platform, args.names);
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
                            KUBEDEV_REMEMBER: pulumi.interpolate`fact.key=${key}\nfact.module=${module.apply((released) => released ?? "")}`,
                            KUBEDEV_MODE: mode,
                            KUBEDEV_TREE: query.dir,
                            KUBEDEV_TARGET: target,
                            KUBEDEV_PLATFORM: platform,
                            KUBEDEV_BINARY: file,
                            KUBEDEV_MODULE: orEmpty(module),
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

function buildFiles(mode: BuildMode): string[] {
    const files: Partial<Record<BuildMode, string[]>> = {
        [BuildMode.Make]: makeFiles,
        [BuildMode.Container]: containerFiles,
    };
    return files[mode] ?? [];
}

/** Each variable is known by itself. */
function environmentOf(
    options: pulumi.Output<BuildOptions>,
): Record<string, pulumi.Output<string>> {
    const variable = (name: keyof ReturnType<typeof buildVariables>) =>
        options.apply((how) => buildVariables(how)[name]);
    return {
        KUBEDEV_GO_VERSION: variable("KUBEDEV_GO_VERSION"),
        KUBEDEV_CGO: variable("KUBEDEV_CGO"),
        KUBEDEV_TAGS: variable("KUBEDEV_TAGS"),
        KUBEDEV_DEBUG: variable("KUBEDEV_DEBUG"),
        KUBEDEV_GO_FLAGS: variable("KUBEDEV_GO_FLAGS"),
        KUBEDEV_LDFLAGS: variable("KUBEDEV_LDFLAGS"),
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
