/** What is typed to run each suite, in the field's words. */
import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import {
    checkCommand,
    CheckOptions,
    CheckSuite,
    packagesOf,
    suitesWith,
    unknownChoices,
} from "../../components/source/check-commands";

const gotestsum = "go run gotest.tools/gotestsum@v1.13.0";
const rows: [string, CheckOptions, string[]][] = [
    [
        "verify: all",
        { suite: CheckSuite.Verify },
        ['KUBE_JUNIT_REPORT_DIR="$ARTIFACTS" make verify'],
    ],
    [
        "verify: some",
        { suite: CheckSuite.Verify, what: ["gofmt", "typecheck"] },
        [`KUBE_JUNIT_REPORT_DIR="$ARTIFACTS" WHAT='gofmt typecheck' make verify`],
    ],
    [
        "unit: all but what wants a cluster",
        { suite: CheckSuite.Unit },
        [
            `${gotestsum} --format=pkgname-and-test-fails --junitfile="$ARTIFACTS/junit.xml" -- -timeout=180s $(go list -find -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' $(go list -m -f '{{.Path}}/...') | grep -vE '^k8s\\.io/kubernetes/(third_party|cmd/kubeadm/test)(/|$)|/test/(e2e[^/]*|integration)(/|$)')`,
        ],
    ],
    [
        "unit: all that it knows",
        {
            suite: CheckSuite.Unit,
            what: ["pkg/kubelet/...", "./cmd/kubelet", "k8s.io/api/core/v1"],
            focus: "^TestA$|B",
            skip: "Slow",
            count: 5,
            parallel: 2,
            race: true,
            cover: true,
            timeoutSec: 60,
            testArgs: ["-v=4"],
        },
        [
            `${gotestsum} --format=pkgname-and-test-fails --junitfile="$ARTIFACTS/junit.xml" -- -timeout=60s -count=5 -p=2 -race '-run=^TestA$|B' -skip=Slow -cover -covermode=atomic -coverprofile="$ARTIFACTS/cover.out" ./pkg/kubelet/... ./cmd/kubelet k8s.io/api/core/v1 -args -v=4`,
            'go tool cover -html="$ARTIFACTS/cover.out" -o "$ARTIFACTS/cover.html"',
        ],
    ],
    [
        "bench",
        { suite: CheckSuite.Bench, what: ["./pkg/apiserver"], focus: "BenchmarkWatch" },
        [
            `${gotestsum} --format=standard-verbose --junitfile="$ARTIFACTS/junit.xml" -- -timeout=180s '-run=^$' -bench=BenchmarkWatch -benchmem ./pkg/apiserver`,
        ],
    ],
    [
        "integration",
        {
            suite: CheckSuite.Integration,
            what: ["test/integration/scheduler"],
            etcdPath: "/a b/etcd",
        },
        [
            `export PATH='/a b':"$PATH"`,
            `${gotestsum} --format=pkgname-and-test-fails --junitfile="$ARTIFACTS/junit.xml" -- -timeout=600s -short ./test/integration/scheduler`,
        ],
    ],
    [
        "e2e",
        {
            suite: CheckSuite.E2e,
            focus: "Pods should",
            labelFilter: "!Slow && Conformance",
            kubeconfigPath: "/k",
        },
        [
            'go test -c -o "$ARTIFACTS/e2e.test" ./test/e2e',
            `"$ARTIFACTS/e2e.test" '--ginkgo.focus=Pods should' '--ginkgo.label-filter=!Slow && Conformance' --ginkgo.no-color --ginkgo.timeout=86400s --ginkgo.junit-report="$ARTIFACTS/junit.xml" --kubeconfig=/k --provider=skeleton`,
        ],
    ],
    [
        "e2e, again and again",
        { suite: CheckSuite.E2e, count: 2 },
        [
            'go test -c -o "$ARTIFACTS/e2e.test" ./test/e2e',
            `go run github.com/onsi/ginkgo/v2/ginkgo --procs=1 --repeat=1 --no-color --timeout=86400s --output-dir="$ARTIFACTS" --junit-report=junit.xml "$ARTIFACTS/e2e.test" -- --provider=skeleton`,
        ],
    ],
    [
        "e2e in parallel",
        {
            suite: CheckSuite.E2e,
            what: ["./e2e"],
            skip: "Serial",
            parallel: 4,
            count: 3,
            testArgs: ["-x"],
        },
        [
            'go test -c -o "$ARTIFACTS/e2e.test" ./e2e',
            `go run github.com/onsi/ginkgo/v2/ginkgo --procs=4 --skip=Serial --repeat=2 --no-color --timeout=86400s --output-dir="$ARTIFACTS" --junit-report=junit.xml "$ARTIFACTS/e2e.test" -- -x`,
        ],
    ],
    [
        "node-e2e",
        { suite: CheckSuite.NodeE2e, focus: "Node Performance Testing", skip: "", parallel: 1 },
        ["FOCUS='Node Performance Testing' SKIP='' PARALLELISM=1 make test-e2e-node"],
    ],
];
test.each(rows)("%s", (_what, options, steps) => {
    expect(checkCommand(options).steps).toEqual(steps);
});

test("the environment: the race detector wants cgo, integration tests meet no etcd but their own", () => {
    expect(checkCommand({ suite: CheckSuite.Unit, race: true }).environment).toEqual({
        CGO_ENABLED: "1",
        KUBE_CACHE_MUTATION_DETECTOR: "true",
        KUBE_PANIC_WATCH_DECODE_ERROR: "true",
    });
    expect(checkCommand({ suite: CheckSuite.Integration }).environment).toEqual({
        CGO_ENABLED: "0",
        KUBE_CACHE_MUTATION_DETECTOR: "true",
        KUBE_PANIC_WATCH_DECODE_ERROR: "false",
        KUBE_INTEGRATION_ETCD_URL: "http://127.0.0.1:0",
    });
    expect(checkCommand({ suite: CheckSuite.Verify }).environment).toEqual({});
});

test("a choice that a suite does not know is told, with the suites that do", () => {
    expect(unknownChoices(CheckSuite.Verify, { what: ["gofmt"], race: true, focus: "x" })).toEqual([
        "focus",
        "race",
    ]);
    expect(unknownChoices(CheckSuite.Unit, { labelFilter: "a", cover: true })).toEqual([
        "labelFilter",
    ]);
    expect(suitesWith("labelFilter")).toBe("e2e, node-e2e");
    expect(packagesOf({ suite: CheckSuite.NodeE2e })).toEqual([]);
    expect(packagesOf({ suite: CheckSuite.Verify, what: ["gofmt"] })).toEqual([]);
    expect(packagesOf({ suite: CheckSuite.Unit })).toEqual([]);
    expect(packagesOf({ suite: CheckSuite.E2e })).toEqual(["./test/e2e"]);
});

test("whatever is asked for arrives as one word of the command", () => {
    const text = fc.string({ minLength: 1 }).filter((s) => !/[\0\n]/.test(s));
    fc.assert(
        fc.property(text, text, (focus, skip) => {
            const { steps } = checkCommand({ suite: CheckSuite.E2e, focus, skip });
            const words = execFileSync(
                "sh",
                ["-c", `ARTIFACTS=/a; print() { printf '%s\\0' "$@"; }; print ${steps[1] ?? ""}`],
                { encoding: "utf8" },
            ).split("\0");
            expect(words).toContain(`--ginkgo.focus=${focus}`);
            expect(words).toContain(`--ginkgo.skip=${skip}`);
        }),
        { numRuns: 30 },
    );
});
