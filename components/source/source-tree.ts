import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { look } from "../host/drift-probe";
import { Host, hostParts, hostRule } from "../host/host";
import { after, hostResource, recordedFacts } from "../host/host-resource";
import { hostEnvironment } from "../host/transport";
import { guarded, runError } from "../internal/errors";
import { orEmpty } from "../internal/outputs";
import { absoluteFilePath, whole, yesOrNo } from "../internal/rules";
import { assertArgs, checkedEach } from "../internal/validate";
import { Build } from "./build";
import { SourceFiles } from "./source-files";
import { compareUrl, treeLinks } from "./tree-links";

/** What becomes of a tree that was cloned when it is deleted. An adopted tree always stays. */
export enum TreeRemoval {
    /** It is removed, unless something in it is nowhere else: then that is an error. */
    Refuse = "refuse",
    /** It stays. */
    Retain = "retain",
    /** It is removed with all that is in it. */
    Force = "force",
}

/** Arguments of a SourceTree. */
export interface SourceTreeArgs {
    /** Where it is. Defaults to this machine. */
    host?: pulumi.Input<Host>;
    /** Absolute path of the tree. One that is there is adopted: nothing but git settings is changed in it. */
    dir: pulumi.Input<string>;
    /** URL that is cloned when there is no tree yet: your fork. */
    origin?: pulumi.Input<string>;
    /** URL of the remote "upstream". Defaults to Kubernetes; "" sets none. */
    upstream?: pulumi.Input<string>;
    /** True: a push to upstream fails. Defaults to true. */
    protectUpstream?: pulumi.Input<boolean>;
    /** Branch that is checked out in a clone, made if it is not there. Defaults to the remote's. */
    branch?: pulumi.Input<string>;
    /** Absolute path of another tree on the host whose objects the clone shares: seconds and megabytes instead of minutes and gigabytes. It must outlive the clone. */
    reference?: pulumi.Input<string>;
    /** True: contents of files are fetched when they are needed (a partial clone). Defaults to false. */
    partial?: pulumi.Input<boolean>;
    /** Number of commits that are fetched of each branch. Defaults to all. */
    depth?: pulumi.Input<number>;
    /** True: a commit of Go files that are not as gofmt writes them, or in which go vet finds something within ten seconds, is stopped, unless its message begins with WIP. Defaults to false. */
    hooks?: pulumi.Input<boolean>;
    /** True: the etcd that the tree's integration tests want is built, for `etcdPath`. Defaults to false. */
    etcd?: boolean;
    /** Version of that etcd, as "3.6.8". Defaults to what the tree says in hack/lib/etcd.sh. */
    etcdVersion?: pulumi.Input<string>;
    /** True: links from vendor/k8s.io to staging are made where git could not make them, for Kubernetes before 1.30 checked out without symbolic links. Defaults to false. */
    legacyStagingLinks?: pulumi.Input<boolean>;
    /** What becomes of a clone when it is deleted. Defaults to "refuse". */
    onDelete?: TreeRemoval;
    /** Time limit for the clone in seconds. Defaults to 3600. */
    timeoutSec?: number;
}

const remoteUrl = z
    .string({ error: "expected the URL or path of a git repository" })
    .regex(/^(?!-)[^\s\0]*$/, { error: "expected the URL or path of a git repository" });
const rules = {
    host: hostRule,
    dir: absoluteFilePath,
    origin: remoteUrl.optional(),
    upstream: remoteUrl.optional(),
    protectUpstream: yesOrNo.optional(),
    branch: z
        .string({ error: "expected a branch name" })
        .regex(/^(?![-/.])(?!.*(\.\.|@\{|\/\/|\.lock$|[/.]$))[^\s\0~^:?*[\\]+$/, {
            error: "expected a branch name",
        })
        .optional(),
    reference: absoluteFilePath.optional(),
    partial: yesOrNo.optional(),
    depth: whole(1, 1_000_000, "commits").optional(),
    hooks: yesOrNo.optional(),
    etcd: yesOrNo.optional(),
    etcdVersion: z
        .string({ error: 'expected a version of etcd, as "3.6.8"' })
        .regex(/^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$/, {
            error: 'expected a version of etcd, as "3.6.8"',
        })
        .optional(),
    legacyStagingLinks: yesOrNo.optional(),
    onDelete: z.enum(TreeRemoval, { error: 'expected "refuse", "retain" or "force"' }).optional(),
    timeoutSec: whole(1, 86400, "seconds").optional(),
};

const kubernetes = "https://github.com/kubernetes/kubernetes.git";

/**
 * A source tree in git: a clone of your fork with upstream beside it, or the tree that you have. Uncommitted work is
 * never touched, and a clone that holds work that is nowhere else is not deleted.
 */
export class SourceTree extends pulumi.ComponentResource {
    /** Absolute path of the tree. */
    public readonly dir: pulumi.Output<string>;
    /** What a Build takes as its source. */
    public readonly files: pulumi.Output<SourceFiles>;
    /** Commit that is checked out; empty while there is none. */
    public readonly commit: pulumi.Output<string>;
    /** Branch that is checked out; empty if there is none. */
    public readonly branch: pulumi.Output<string>;
    /** Version, as a binary of the tree would give it: "v1.36.1-12+abcdef01234567-dirty". */
    public readonly version: pulumi.Output<string>;
    /** Version of Go that the tree asks for, as "1.26.2". */
    public readonly goVersion: pulumi.Output<string>;
    /** Absolute path of the etcd for integration tests; empty unless it is asked for. */
    public readonly etcdPath: pulumi.Output<string>;
    /** Page that shows the branch as a pull request would; empty outside of GitHub. */
    public readonly compareUrl: pulumi.Output<string>;
    /** Pages to read at this commit, and to follow, by name. */
    public readonly links: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: SourceTreeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:SourceTree", name, args, opts);
        assertArgs(`SourceTree ${name}`, args, rules);
        const known = checkedEach(`SourceTree ${name}`, args, rules);
        const upstream = known.upstream.apply((url) => url ?? kubernetes);
        const flag = (value: pulumi.Output<boolean | undefined>, otherwise: boolean) =>
            value.apply((given) => String(given ?? otherwise));

        const tree = hostResource(
            `${name}-tree`,
            {
                host: args.host,
                create: "source/tree-create.sh",
                delete: "source/tree-delete.sh",
                spec: { dir: known.dir },
                environment: {
                    KUBEDEV_TREE: known.dir,
                    KUBEDEV_ORIGIN: orEmpty(known.origin),
                    KUBEDEV_UPSTREAM: upstream,
                    KUBEDEV_PROTECT: flag(known.protectUpstream, true),
                    KUBEDEV_BRANCH: orEmpty(known.branch),
                    KUBEDEV_REMEMBER: known.branch.apply((branch) => `fact.branch=${branch ?? ""}`),
                    KUBEDEV_REFERENCE: orEmpty(known.reference),
                    KUBEDEV_PARTIAL: flag(known.partial, false),
                    KUBEDEV_DEPTH: known.depth.apply((depth) =>
                        depth === undefined ? "" : String(depth),
                    ),
                    KUBEDEV_HOOKS: flag(known.hooks, false),
                    KUBEDEV_STAGING_LINKS: flag(known.legacyStagingLinks, false),
                    KUBEDEV_REMOVE: args.onDelete ?? TreeRemoval.Refuse,
                },
                timeoutSec: args.timeoutSec ?? 3600,
            },
            { parent: this },
        );
        const { ssh, readyId, running } = hostParts(args.host);
        // Looked at once the tree is there, with the branch that is asked for.
        const instanceId = pulumi
            .all([tree.instanceId, tree.facts, known.branch])
            .apply(([id, recorded, branch]) =>
                pulumi.runtime.isDryRun() && recorded?.["branch"] !== (branch ?? "")
                    ? (pulumi.unknown as unknown as string)
                    : id,
            );
        const facts = pulumi
            .all([ssh, running, known.dir, instanceId, readyId])
            .apply(([login, runs, dir]) =>
                guarded(async () => {
                    const printed = await look(
                        "source/tree-facts.sh",
                        login,
                        { ...hostEnvironment(login), KUBEDEV_HOST_RUNNING: String(runs ?? true) },
                        { KUBEDEV_DIR: "/nonexistent", KUBEDEV_TREE: dir },
                        60,
                    );
                    // Nobody can say what is checked out on a host that is away.
                    return printed.startsWith("unreachable=") && pulumi.runtime.isDryRun()
                        ? (pulumi.unknown as unknown as Record<string, string>)
                        : parseFacts(printed);
                }),
            );
        const fact = (field: string) => facts.apply((all) => all[field] ?? "");

        this.dir = after(tree.resource, known.dir);
        this.files = pulumi.output({
            dir: this.dir,
            host: args.host,
            instanceId,
        });
        this.commit = fact("commit");
        this.branch = fact("branch");
        this.version = fact("version");
        this.goVersion = fact("goVersion");
        this.etcdPath =
            args.etcd === true
                ? this.builtEtcd(name, args.host, known.etcdVersion, facts)
                : pulumi.output("");
        this.compareUrl = pulumi
            .all([upstream, facts])
            .apply(
                ([theirs, all]) =>
                    compareUrl(theirs, all["origin"] ?? "", all["branch"] ?? "") ?? "",
            );
        this.links = pulumi
            .all([upstream, this.commit])
            .apply(([theirs, commit]) => (commit === "" ? {} : treeLinks(theirs, commit)));
        this.registerOutputs({
            dir: this.dir,
            files: this.files,
            commit: this.commit,
            branch: this.branch,
            version: this.version,
            goVersion: this.goVersion,
            etcdPath: this.etcdPath,
            compareUrl: this.compareUrl,
            links: this.links,
        });
    }

    private builtEtcd(
        name: string,
        host: pulumi.Input<Host> | undefined,
        asked: pulumi.Output<string | undefined>,
        facts: pulumi.Output<Record<string, string>>,
    ): pulumi.Output<string> {
        const target = "go.etcd.io/etcd/server/v3";
        // Of a host that is away: what was built last.
        const platform = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;
        const lastBuilt = recordedFacts(`${name}-etcd-etcd-${platform.replace("/", "-")}`, host);
        const module = pulumi.all([asked, facts, lastBuilt]).apply(([version, all, last]) =>
            guarded(() => {
                const wanted = version ?? all["etcdVersion"] ?? "";
                if (
                    wanted === "" &&
                    all["commit"] === undefined &&
                    last?.["module"] !== undefined
                ) {
                    return last["module"];
                }
                if (wanted === "") {
                    throw runError(
                        `SourceTree ${name}: the tree does not say its version of etcd in hack/lib/etcd.sh; expected etcdVersion`,
                    );
                }
                return `${target}@v${wanted}`;
            }),
        );
        const built = new Build(
            `${name}-etcd`,
            { host, module, targets: [target], names: { [target]: "etcd" }, platforms: [platform] },
            { parent: this },
        );
        return built.paths.apply((paths) => Object.values(paths)[0] ?? "");
    }
}

/** Reads the `name=value` lines of scripts/source/tree-facts.sh. */
export function parseFacts(text: string): Record<string, string> {
    return Object.fromEntries(
        text
            .split("\n")
            .filter((line) => line.includes("="))
            .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
}
