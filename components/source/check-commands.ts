import * as path from "node:path";
import { shellLine, shellWords } from "../internal/quote";

/** What is checked. The words are those of Kubernetes' own test jobs. */
export enum CheckSuite {
    /** `make verify`: formatting, generated files, linters. */
    Verify = "verify",
    /** `go test`. */
    Unit = "unit",
    /** `go test -bench`, without the tests. */
    Bench = "bench",
    /** `go test` with an etcd that the tests start themselves. */
    Integration = "integration",
    /** The Ginkgo suite against a cluster. */
    E2e = "e2e",
    /** `make test-e2e-node`: the kubelet of the tree on the host itself. Wants root and a container runtime there. */
    NodeE2e = "node-e2e",
}

/** How a suite is run, with all values known. */
export interface CheckOptions {
    suite: CheckSuite;
    what?: readonly string[] | undefined;
    focus?: string | undefined;
    skip?: string | undefined;
    labelFilter?: string | undefined;
    count?: number | undefined;
    parallel?: number | undefined;
    race?: boolean | undefined;
    cover?: boolean | undefined;
    timeoutSec?: number | undefined;
    testArgs?: readonly string[] | undefined;
    etcdPath?: string | undefined;
    kubeconfigPath?: string | undefined;
}

/** What runs a suite in its tree. The shell lines write what they keep into $ARTIFACTS. */
export interface CheckCommand {
    environment: Record<string, string>;
    steps: string[];
}

type Choice = Exclude<keyof CheckOptions, "suite">;

const ofGoTest: readonly Choice[] = [
    ...(["what", "focus", "skip", "count", "parallel", "race", "timeoutSec", "testArgs"] as const),
];
const ofGinkgo: readonly Choice[] = ["focus", "skip", "labelFilter", "parallel", "testArgs"];
const choices: Record<CheckSuite, readonly Choice[]> = {
    [CheckSuite.Verify]: ["what"],
    [CheckSuite.Unit]: [...ofGoTest, "cover"],
    [CheckSuite.Bench]: ofGoTest,
    [CheckSuite.Integration]: [...ofGoTest, "cover", "etcdPath"],
    [CheckSuite.E2e]: [...ofGinkgo, "what", "count", "race", "timeoutSec", "kubeconfigPath"],
    [CheckSuite.NodeE2e]: ofGinkgo,
};
const allChoices = [...new Set(Object.values(choices).flat())];

/** Choices that were made and that a suite does not know, in the order of their names. */
export function unknownChoices(suite: CheckSuite, made: object): string[] {
    return allChoices
        .filter((name) => (made as Record<string, unknown>)[name] !== undefined)
        .filter((name) => !choices[suite].includes(name))
        .sort();
}

/** Suites that know a choice, in words. */
export function suitesWith(choice: string): string {
    return Object.entries(choices)
        .filter(([, names]) => (names as readonly string[]).includes(choice))
        .map(([suite]) => suite)
        .join(", ");
}

/** The packages of a suite that runs Go tests; none where that is all of the tree, or make's business. */
export function packagesOf(options: Pick<CheckOptions, "suite" | "what">): string[] {
    const otherwise: Partial<Record<CheckSuite, string>> = {
        [CheckSuite.Integration]: "./test/integration/...",
        [CheckSuite.E2e]: "./test/e2e",
    };
    const all = otherwise[options.suite];
    const ofMake = options.suite === CheckSuite.Verify || options.suite === CheckSuite.NodeE2e;
    const named = options.what ?? (all === undefined ? [] : [all]);
    return ofMake ? [] : named.map(packagePattern);
}

/** As Kubernetes' WHAT takes it: a directory without "./" in front is one of the tree. */
function packagePattern(what: string): string {
    // An import path has a host name in front.
    return /^\.|^[^/]*\./.test(what) ? what : `./${what}`;
}

/** What is typed to run a suite. */
export function checkCommand(options: CheckOptions): CheckCommand {
    switch (options.suite) {
        case CheckSuite.Verify:
            return {
                environment: {},
                steps: [
                    `KUBE_JUNIT_REPORT_DIR="$ARTIFACTS" ${variables({ WHAT: options.what?.join(" ") })}make verify`,
                ],
            };
        case CheckSuite.NodeE2e:
            return { environment: {}, steps: [nodeE2eStep(options)] };
        case CheckSuite.E2e:
            return { environment: goEnvironment(options), steps: e2eSteps(options) };
        case CheckSuite.Unit:
        case CheckSuite.Bench:
        case CheckSuite.Integration:
            return { environment: goEnvironment(options), steps: goTestSteps(options) };
    }
}

/** In front of make, not behind it: there it would expand a dollar sign. */
function variables(values: Record<string, string | undefined>): string {
    return Object.entries(values)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${shellWords([value ?? ""])} `)
        .join("");
}

function nodeE2eStep(options: CheckOptions): string {
    const given = variables({
        FOCUS: options.focus,
        SKIP: options.skip,
        LABEL_FILTER: options.labelFilter,
        PARALLELISM: options.parallel?.toString(),
        TEST_ARGS: options.testArgs?.join(" "),
    });
    return `${given}make test-e2e-node`;
}

/** What hack/make-rules/test.sh and test-integration.sh set. Nothing else reads these. */
function goEnvironment(options: CheckOptions): Record<string, string> {
    return {
        // The race detector is C code.
        CGO_ENABLED: options.race === true ? "1" : "0",
        ...(options.suite === CheckSuite.E2e
            ? {}
            : {
                  KUBE_CACHE_MUTATION_DETECTOR: "true",
                  KUBE_PANIC_WATCH_DECODE_ERROR: String(options.suite === CheckSuite.Unit),
              }),
        ...(options.suite === CheckSuite.Integration
            ? // Where nothing can listen: else the tests would use, and fill, any etcd that runs on the usual port.
              { KUBE_INTEGRATION_ETCD_URL: "http://127.0.0.1:0" }
            : {}),
    };
}

/** Prints what fails, writes JUnit XML; the same that Kubernetes' own jobs use. */
const gotestsum = "gotest.tools/gotestsum@v1.13.0";

/** All packages with tests of all modules of the workspace but those that want a cluster or etcd, as Kubernetes has it. */
const allPackages = [
    "$(go list -find -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' $(go list -m -f '{{.Path}}/...')",
    `| grep -vE '^k8s\\.io/kubernetes/(third_party|cmd/kubeadm/test)(/|$)|/test/(e2e[^/]*|integration)(/|$)')`,
].join(" ");

function goTestSteps(options: CheckOptions): string[] {
    const bench = options.suite === CheckSuite.Bench;
    const integration = options.suite === CheckSuite.Integration;
    const flags = [
        `-timeout=${String(options.timeoutSec ?? (integration ? 600 : 180))}s`,
        ...optional("-count", options.count),
        ...optional("-p", options.parallel),
        ...(options.race === true ? ["-race"] : []),
        ...(bench
            ? ["-run=^$", `-bench=${options.focus ?? "."}`, "-benchmem"]
            : optional("-run", options.focus)),
        ...optional("-skip", options.skip),
        ...(integration ? ["-short"] : []),
    ];
    const cover = options.cover === true ? ["-cover", "-covermode=atomic"] : [];
    const args = options.testArgs === undefined ? [] : ["-args", ...options.testArgs];
    const run = [
        shellLine(["go", "run", gotestsum]),
        `--format=${bench ? "standard-verbose" : "pkgname-and-test-fails"}`,
        '--junitfile="$ARTIFACTS/junit.xml"',
        "--",
        shellWords([...flags, ...cover]),
        ...(cover.length > 0 ? ['-coverprofile="$ARTIFACTS/cover.out"'] : []),
        options.what === undefined && !integration ? allPackages : shellWords(packagesOf(options)),
        ...(args.length > 0 ? [shellWords(args)] : []),
    ].join(" ");
    return [
        ...(options.etcdPath === undefined
            ? []
            : [`export PATH=${shellWords([path.dirname(options.etcdPath)])}:"$PATH"`]),
        run,
        ...(cover.length > 0
            ? ['go tool cover -html="$ARTIFACTS/cover.out" -o "$ARTIFACTS/cover.html"']
            : []),
    ];
}

function e2eSteps(options: CheckOptions): string[] {
    // The binary itself can neither repeat nor run side by side.
    const parallel = (options.parallel ?? 1) > 1 || options.count !== undefined;
    const binary = '"$ARTIFACTS/e2e.test"';
    // Ginkgo's own program takes the same flags without their prefix.
    const flag = (name: string, value: string | number | undefined) =>
        optional(`--${parallel ? "" : "ginkgo."}${name}`, value);
    const ginkgo = [
        ...flag("focus", options.focus),
        ...flag("skip", options.skip),
        ...flag("label-filter", options.labelFilter),
        ...flag("repeat", options.count === undefined ? undefined : options.count - 1),
        `--${parallel ? "" : "ginkgo."}no-color`,
        ...flag("timeout", `${String(options.timeoutSec ?? 86400)}s`),
    ];
    const report = `--${parallel ? "" : "ginkgo."}junit-report=`;
    const suite = shellWords([
        ...optional("--kubeconfig", options.kubeconfigPath),
        ...(options.testArgs ?? ["--provider=skeleton"]),
    ]);
    const compile = [
        "go test -c",
        ...(options.race === true ? ["-race"] : []),
        `-o ${binary}`,
        shellWords(packagesOf(options)),
    ].join(" ");
    const run = parallel
        ? [
              "go run github.com/onsi/ginkgo/v2/ginkgo",
              shellWords([`--procs=${String(options.parallel ?? 1)}`, ...ginkgo]),
              `--output-dir="$ARTIFACTS" ${report}junit.xml ${binary} -- ${suite}`,
          ].join(" ")
        : `${binary} ${shellWords(ginkgo)} ${report}"$ARTIFACTS/junit.xml" ${suite}`;
    return [compile, run];
}

function optional(flag: string, value: string | number | undefined): string[] {
    return value === undefined ? [] : [`${flag}=${String(value)}`];
}
