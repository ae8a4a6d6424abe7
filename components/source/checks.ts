import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { hostResource, recordedFacts, textOf } from "../host/host-resource";
import { digestOf } from "../internal/hash";
import { shellExports, shellLine } from "../internal/quote";
import { absoluteFilePath, namedValues, whole, yesOrNo } from "../internal/rules";
import { assertArgs, checked } from "../internal/validate";
import {
    CheckCommand,
    checkCommand,
    CheckOptions,
    CheckSuite,
    packagesOf,
    suitesWith,
    unknownChoices,
} from "./check-commands";
import { hostOf, sourceFilesRule, SourceFiles } from "./source-files";
import { sourceFingerprints } from "./source-fingerprint";

/** Arguments of Checks. */
export interface ChecksArgs {
    /** The tree that is checked: `files` of a SourceTree. */
    source: pulumi.Input<SourceFiles>;
    /** What is checked. */
    suite: CheckSuite;
    /** True: it is run, and run again when what it checks has changed. Defaults to false: only the command is said. */
    run?: boolean;
    /** Packages, as "./pkg/kubelet/..." or "pkg/kubelet"; with suite "verify" names of checks, as "gofmt". Defaults to all. */
    what?: pulumi.Input<pulumi.Input<string>[]>;
    /** Only tests whose name matches this regular expression. Defaults to all. */
    focus?: pulumi.Input<string>;
    /** No tests whose name matches this regular expression. Defaults to none. */
    skip?: pulumi.Input<string>;
    /** Only tests with these labels, in Ginkgo's label filter language. */
    labelFilter?: pulumi.Input<string>;
    /** How often each test is run. Defaults to once; what passed and has not changed comes from Go's cache. */
    count?: pulumi.Input<number>;
    /** How many test binaries, or Ginkgo processes, run side by side. Defaults to the number of processors; Ginkgo's to one. */
    parallel?: pulumi.Input<number>;
    /** True: with the race detector. Defaults to false. */
    race?: pulumi.Input<boolean>;
    /** True: with coverage. Defaults to false. */
    cover?: pulumi.Input<boolean>;
    /** Time limit of one test binary in seconds. Defaults to 180, with suite "integration" to 600, with "e2e" to 86400. */
    timeoutSec?: pulumi.Input<number>;
    /** Arguments of the test binaries. Defaults to none, with suite "e2e" to "--provider=skeleton". */
    testArgs?: pulumi.Input<pulumi.Input<string>[]>;
    /** Absolute path of the etcd that integration tests start: `etcdPath` of a SourceTree. Defaults to what is on the PATH. */
    etcdPath?: pulumi.Input<string>;
    /** Absolute path of the kubeconfig of the cluster that is tested, on the host of the tree. */
    kubeconfigPath?: pulumi.Input<string>;
    /** Further values whose change runs it again, as the fingerprints of what is tested. */
    triggers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Time limit of the whole run in seconds. Defaults to 14400. */
    runTimeoutSec?: number;
}

/** What a run of checks left. Unknown in a preview that runs them. */
export interface CheckResults {
    /** Absolute path of the directory on the host: log, junit.xml, with coverage cover.out and cover.html. */
    dir: string;
    /** Number of tests that ran. */
    tests: number;
    /** Number of tests that were skipped. */
    skipped: number;
    /** Statements that were reached, in percent; -1 without coverage. */
    coveragePercent: number;
}

const word = (what: string) =>
    z.string({ error: `expected ${what}` }).regex(/^[^\0\n]+$/, { error: `expected ${what}` });
const maybe = yesOrNo.optional();
const rules = {
    source: sourceFilesRule,
    suite: z.enum(CheckSuite, {
        error: `expected one of ${Object.values(CheckSuite).join(", ")}`,
    }),
    run: maybe,
    what: z
        .array(
            z
                .string({ error: "expected a package or the name of a check" })
                .regex(/^(?!-)[^\s\0]+$/, { error: "expected a package or the name of a check" }),
            { error: "expected a list of packages or checks" },
        )
        .min(1, { error: "expected at least one; leave it out for all" })
        .optional(),
    focus: word("a regular expression on one line").optional(),
    skip: word("a regular expression on one line").optional(),
    labelFilter: word("a label filter on one line").optional(),
    count: whole(1, 1_000_000, "runs").optional(),
    parallel: whole(1, 1024, "processes").optional(),
    race: maybe,
    cover: maybe,
    timeoutSec: whole(1, 86400, "seconds").optional(),
    testArgs: z
        .array(word("an argument on one line"), { error: "expected a list of arguments" })
        .optional(),
    etcdPath: absoluteFilePath.optional(),
    kubeconfigPath: absoluteFilePath.optional(),
    triggers: namedValues.optional(),
    runTimeoutSec: whole(1, 86400, "seconds").optional(),
};

/**
 * Tests and linters of a source tree. The command is always an output, to be pasted; with `run` it is run, again when a
 * file that it reaches has changed, and `up` fails with the names of the tests that fail.
 */
export class Checks extends pulumi.ComponentResource {
    /** Shell line that runs the suite by hand on the tree's host. */
    public readonly command: pulumi.Output<string>;
    /** Variables that the command sets. */
    public readonly environment: pulumi.Output<Record<string, string>>;
    /** What the last run left; nothing without `run`. */
    public readonly results?: pulumi.Output<CheckResults>;

    constructor(name: string, args: ChecksArgs, opts?: pulumi.ComponentResourceOptions) {
        super("kubedev:index:Checks", name, args, opts);
        const what = `Checks ${name}`;
        assertArgs(what, args, rules, ...choiceProblems(args));
        const known = checked(what, args, rules);
        const typed = known.apply((all) => checkCommand(all as CheckOptions));
        const dir = known.apply((all) => all.source.dir);
        this.environment = typed.apply(({ environment }): Record<string, string> => ({
            ...environment,
            ARTIFACTS: defaultArtifacts,
        }));
        this.command = pulumi
            .all([typed, dir])
            .apply(([command, tree]) => pastedCommand(command, tree));
        if (args.run === true) {
            this.results = runChecks(
                `${name}-run`,
                args,
                known.apply((all) => all as CheckOptions),
                typed,
                dir,
                this,
            );
        }
        this.registerOutputs({
            command: this.command,
            environment: this.environment,
            ...(this.results === undefined ? {} : { results: this.results }),
        });
    }
}

/** As Kubernetes' own scripts have it. */
const defaultArtifacts = "/tmp/_artifacts";

/** One line for the user's own shell. */
function pastedCommand(command: CheckCommand, tree: string): string {
    const variables = Object.entries(command.environment).map(([name, value]) =>
        shellLine(["export", `${name}=${value}`]),
    );
    return [
        shellLine(["cd", tree]),
        `export ARTIFACTS="\${ARTIFACTS:-${defaultArtifacts}}"`,
        'mkdir -p "$ARTIFACTS"',
        ...variables,
        ...command.steps,
    ].join(" && ");
}

function runChecks(
    child: string,
    args: ChecksArgs,
    options: pulumi.Output<CheckOptions>,
    command: pulumi.Output<CheckCommand>,
    dir: pulumi.Output<string>,
    parent: pulumi.Resource,
): pulumi.Output<CheckResults> {
    const host = hostOf(args.source);
    const recorded = recordedFacts(child, host);
    const sources = sourceFingerprints(
        host,
        pulumi.all([options, dir]).apply(([how, tree]) => ({
            dir: tree,
            targets: packagesOf(how),
            platforms: [],
            files: ["Makefile"],
            goFlags: how.race === true ? ["-race"] : [],
            goVersion: "",
            cgo: how.race === true,
            tags: [],
            debug: false,
        })),
        "source/check-fingerprint.sh",
    );
    const key = pulumi
        .all([sources, command, args.triggers, recorded])
        .apply(([digests, typed, triggers, facts]) =>
            digests === undefined
                ? (facts?.["key"] ?? "unknown")
                : digestOf({ made: digests["checks"], typed, triggers }),
        );
    const thing = hostResource(
        child,
        {
            host,
            create: "source/checks.sh",
            delete: "host/forget.sh",
            spec: { suite: args.suite },
            environment: {
                KUBEDEV_CHECK_KEY: key,
                // While the host is away, what is there is what was asked for last.
                KUBEDEV_REMEMBER: key.apply((wanted) => `fact.key=${wanted}`),
                KUBEDEV_TREE: dir,
                KUBEDEV_EXPORTS: command.apply(({ environment }) => shellExports(environment)),
                KUBEDEV_STEPS: command.apply(({ steps }) => steps.join(" && ")),
                KUBEDEV_GO_VERSION: "",
                KUBEDEV_CGO: options.apply((how) => (how.race === true ? "1" : "0")),
                KUBEDEV_TAGS: "",
                KUBEDEV_DEBUG: "false",
            },
            timeoutSec: args.runTimeoutSec ?? 14400,
        },
        { parent },
    );
    return pulumi
        .all([key, thing.facts])
        .apply(([wanted, facts]) =>
            facts?.["key"] === wanted && facts["dir"] !== undefined
                ? pulumi.output(facts)
                : thing.result(),
        )
        .apply((found) => ({
            // Nothing is said by a host that is away.
            dir: textOf(found, "dir"),
            tests: Number(found["tests"] ?? 0),
            skipped: Number(found["skipped"] ?? 0),
            coveragePercent: Number(found["coveragePercent"] ?? -1),
        }));
}

function choiceProblems(args: ChecksArgs): { propertyPath: string; reason: string }[] {
    if (!Object.values(CheckSuite).includes(args.suite)) {
        return [];
    }
    const what = Array.isArray(args.what) ? args.what.map(String) : [];
    const several =
        args.suite === CheckSuite.E2e &&
        (what.length > 1 || what.some((one) => /\.\.\.$/.test(one)));
    return [
        ...unknownChoices(args.suite, args).map((propertyPath) => ({
            propertyPath,
            reason: `expected none with suite "${args.suite}"; it is of ${suitesWith(propertyPath)}`,
        })),
        ...(several
            ? [{ propertyPath: "what", reason: `got ${what.join(" ")}; expected one package` }]
            : []),
    ];
}
