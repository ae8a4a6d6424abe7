/** scripts/source/checks.sh and check-fingerprint.sh with the real go and gotestsum. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { checkCommand, CheckOptions, CheckSuite } from "../../components/source/check-commands";
import { parseFingerprints, questions } from "../../components/source/source-fingerprint";
import { shellExports } from "../../components/internal/quote";
import { git, makeWorkspace, smallScale } from "../support/go-workspace";
import { json, runScript, scratchDirectory, startScript } from "../support/script-process";

jest.setTimeout(240_000);

let scratch: string;
let tree: string;
beforeEach(() => {
    scratch = scratchDirectory();
    tree = path.join(scratch, "the tree");
    fs.mkdirSync(tree);
    makeWorkspace(tree, smallScale);
});
afterEach(() => {
    fs.rmSync(scratch, { recursive: true, force: true });
});

const dir = () => path.join(scratch, "state/project/stack/tests");
const values = (options: CheckOptions, key: string) => {
    const { environment, steps } = checkCommand(options);
    return {
        HOME: os.homedir(),
        KUBEDEV_DIR: dir(),
        KUBEDEV_SCOPE: "project/stack",
        KUBEDEV_KEY: "tests",
        KUBEDEV_TREE: tree,
        KUBEDEV_CHECK_KEY: key,
        KUBEDEV_EXPORTS: shellExports(environment),
        KUBEDEV_STEPS: steps.join(" && "),
        KUBEDEV_GO_VERSION: "",
        KUBEDEV_CGO: "0",
        KUBEDEV_TAGS: "",
        KUBEDEV_DEBUG: "false",
    };
};
const check = (options: CheckOptions, key = "key1") =>
    runScript("source/checks", values(options, key));
const write = (name: string, text: string) => {
    const file = path.join(tree, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
};
const unit = { suite: CheckSuite.Unit, what: ["pkg/kubelet/..."] };
const failing = `package own1
import "testing"
func TestGood(t *testing.T) {}
func TestSkipped(t *testing.T) { t.Skip("not here") }
func TestBad(t *testing.T) { t.Run("with <&> \\"quotes\\"", func(t *testing.T) { t.Fatal("this is why") }) }
`;

test("what passes is run once, and leaves its results", async () => {
    const first = json(await check({ ...unit, cover: true })) as Record<string, unknown>;
    expect(first).toMatchObject({ dir: path.join(dir(), "key1"), tests: 2, skipped: 0 });
    expect(first["coveragePercent"]).toBeGreaterThan(10);
    expect(fs.readdirSync(String(first["dir"])).sort()).toEqual([
        "cover.html",
        "cover.out",
        "junit.xml",
        "log",
    ]);
    const { ino } = fs.statSync(path.join(dir(), "key1/junit.xml"));
    expect(json(await check({ ...unit, cover: true }))).toEqual(first);
    expect(fs.statSync(path.join(dir(), "key1/junit.xml")).ino).toBe(ino);
    expect(json(await check(unit, "key2"))).toMatchObject({ tests: 2, coveragePercent: -1 });
    expect(fs.existsSync(path.join(dir(), "key1"))).toBe(false);
    expect(git(tree, "status", "--porcelain")).toBe("");
});

test("what fails is named, with why; what passed before stays", async () => {
    json(await check(unit));
    write("pkg/kubelet/own1/more_test.go", failing);
    const failed = await check(unit, "key2");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("this is why");
    expect(failed.stderr).toContain(
        'kubedev: 2 of 5 tests failed: k8s.io/kubernetes/pkg/kubelet/own1 TestBad/with_<&>_"quotes" k8s.io/kubernetes/pkg/kubelet/own1 TestBad ',
    );
    expect(failed.stderr).toContain(`(all of it: ${dir()}/key2)`);
    expect(fs.readdirSync(path.join(dir(), "key2")).sort()).toEqual(["junit.xml", "log"]);
    expect(fs.existsSync(path.join(dir(), "key1/junit.xml"))).toBe(true);
    expect(fs.readFileSync(path.join(dir(), "record"), "utf8")).toContain("fact.key=key1\n");
    // Only what is asked for.
    expect(json(await check({ ...unit, skip: "TestBad" }, "key3"))).toMatchObject({
        tests: 3,
        skipped: 1,
    });
    expect(json(await check({ ...unit, focus: "TestGood", count: 3 }, "key4"))).toMatchObject({
        tests: 3,
    });
});

test("what does not compile: the compiler's words", async () => {
    write("pkg/kubelet/own1/more_test.go", "package own1\nfunc {\n");
    const failed = await check(unit);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/more_test\.go:2:6: /);
    expect(failed.stderr).toContain("1 of 2 tests failed: TestMain");
});

test("benchmarks: their lines are in the log", async () => {
    write(
        "pkg/kubelet/own1/bench_test.go",
        'package own1\nimport "testing"\nfunc BenchmarkValue(b *testing.B) { for i := 0; i < b.N; i++ { Value() } }\n',
    );
    const { dir: results } = json(
        await check({ suite: CheckSuite.Bench, what: ["pkg/kubelet/own1"] }),
    ) as { dir: string };
    expect(fs.readFileSync(path.join(results, "log"), "utf8")).toMatch(
        /BenchmarkValue\S*\s+\d+\s+[\d.]+ ns\/op\s+0 B\/op/,
    );
});

test("verify and node-e2e by the tree's own make", async () => {
    fs.appendFileSync(
        path.join(tree, "Makefile"),
        `verify:
	@for w in $(WHAT); do echo "verifying $$w"; done
	@printf '<testsuite><testcase name="gofmt" classname="verify"></testcase>\\n<testcase name="$(WHAT)" classname="verify"><failure message="x"/></testcase></testsuite>' >$$KUBE_JUNIT_REPORT_DIR/junit_verify.xml
	@test "$(WHAT)" = gofmt
test-e2e-node:
	@echo "focus $$FOCUS skip $$SKIP in $$ARTIFACTS"; echo "Cannot run the tests"; exit 3
`,
    );
    const failed = await check({ suite: CheckSuite.Verify, what: ["typecheck"] });
    expect(failed.stderr).toContain("verifying typecheck");
    expect(failed.stderr).toContain("1 of 2 tests failed: verify typecheck ");
    const broken = await check({ suite: CheckSuite.NodeE2e, focus: "a b$|c" }, "key2");
    expect(broken.stderr).toContain(`focus a b$|c skip  in ${dir()}/key2`);
    expect(broken.stderr).toContain("the checks could not be run (exit status 2, see above");
});

test("e2e: a Ginkgo suite, one process or many, by focus and label", async () => {
    write(
        "test/e2e/go.mod",
        "module k8s.io/kubernetes/test/e2e\n\ngo 1.24.0\n\nrequire (\n\tgithub.com/onsi/ginkgo/v2 v2.27.2\n\tgithub.com/onsi/gomega v1.38.2\n)\n",
    );
    write(
        "test/e2e/e2e_test.go",
        `package e2e

import (
	"flag"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	_ "github.com/onsi/ginkgo/v2/ginkgo/build"
	. "github.com/onsi/gomega"
)

var provider, kubeconfig string

func init() {
	flag.StringVar(&provider, "provider", "", "")
	flag.StringVar(&kubeconfig, "kubeconfig", "", "")
}

func TestE2E(t *testing.T) { RegisterFailHandler(Fail); RunSpecs(t, "e2e") }

var _ = Describe("Pods", func() {
	It("should be told the cluster", func() { Expect(provider + kubeconfig).To(Equal("skeleton/k")) })
	It("should be slow", Label("Slow"), func() { Fail("too slow") })
})
`,
    );
    // A module of its own, which the workspace does not know.
    fs.rmSync(path.join(tree, "go.work"));
    const e2e = path.join(tree, "test/e2e");
    const env = { ...process.env, GOFLAGS: "", GOWORK: "off" };
    execFileSync("go", ["mod", "tidy"], { cwd: e2e, env, stdio: "pipe" });
    tree = e2e;
    const suite = { suite: CheckSuite.E2e, what: ["."], kubeconfigPath: "/k" };
    expect(json(await check({ ...suite, labelFilter: "!Slow" }))).toMatchObject({
        tests: 1,
        skipped: 1,
    });
    const failed = await check({ ...suite, parallel: 2 }, "key2");
    expect(failed.stderr).toContain("too slow");
    expect(failed.stderr).toMatch(/1 of 2 tests failed: e2e \[It\] Pods should be slow \[Slow\] /);
    expect(fs.readdirSync(path.join(dir(), "key2")).sort()).toEqual(["junit.xml", "log"]);
    expect(json(await check({ ...suite, labelFilter: "!Slow", count: 2 }, "key3"))).toMatchObject({
        tests: 1,
    });
});

test("without what: all packages of all modules, but none that wants a cluster or etcd", async () => {
    const fails = 'import "testing"\nfunc TestX(t *testing.T) { t.Fatal("not this one") }\n';
    for (const place of ["test/e2e", "test/e2e_node/x", "test/integration/x", "third_party/x"]) {
        write(`${place}/x_test.go`, `package x\n${fails}`);
    }
    const { tests } = json(await check({ suite: CheckSuite.Unit })) as { tests: number };
    const all = fs
        .readdirSync(tree, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith("doc_test.go"));
    expect(all.filter((name) => name.startsWith("staging/")).length).toBeGreaterThan(2);
    expect(tests).toBe(all.length);
});

test("interrupted: what was started ends, nothing is left, and the next run runs it", async () => {
    write(
        "pkg/kubelet/own1/more_test.go",
        `package own1
import ("os"; "testing"; "time")
func TestLong(t *testing.T) { os.WriteFile(${JSON.stringify(path.join(scratch, "pid"))}, []byte(strconv()), 0o600); time.Sleep(time.Minute) }
func strconv() string { s, _ := os.Readlink("/proc/self"); return s }
`,
    );
    const running = startScript("source/checks", values(unit, "key1"));
    running.child.stdin.end();
    const pidFile = path.join(scratch, "pid");
    while (!fs.existsSync(pidFile) || fs.readFileSync(pidFile, "utf8") === "") {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const pid = Number(fs.readFileSync(pidFile, "utf8"));
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(130);
    // Gone, or waiting for its new parent to take notice.
    const stat = `/proc/${String(pid)}/stat`;
    expect(fs.existsSync(stat) ? fs.readFileSync(stat, "utf8") : "1 (x) Z").toMatch(/\) Z/);
    expect(fs.existsSync(path.join(scratch, "state"))).toBe(false);
});

describe("check-fingerprint.sh", () => {
    const digest = async (targets: string[]) => {
        const query = {
            ...{ dir: tree, targets, platforms: [], files: ["Makefile"], goFlags: [] },
            ...{ goVersion: "", cgo: false, tags: [], debug: false },
        };
        const ran = await runScript("source/check-fingerprint", {
            ...{ HOME: os.homedir(), GOPROXY: "off" },
            ...questions(query),
        });
        expect(ran.stderr).toBe("");
        const found = parseFingerprints(ran.stdout, () => undefined);
        expect(found?.["checks"]).toMatch(/^[0-9a-f]{64}$/);
        return found?.["checks"];
    };
    const append = (name: string) => {
        write(
            name,
            `${fs.existsSync(path.join(tree, name)) ? fs.readFileSync(path.join(tree, name), "utf8") : ""}// x\n`,
        );
    };
    const rows: [string, () => void, boolean, boolean][] = [
        ["nothing", () => undefined, false, false],
        [
            "a test",
            () => {
                append("pkg/kubelet/own1/doc_test.go");
            },
            true,
            true,
        ],
        [
            "what is tested",
            () => {
                append("pkg/kubelet/own1/doc.go");
            },
            true,
            true,
        ],
        [
            "a shared package",
            () => {
                append("pkg/shared5/doc.go");
            },
            true,
            true,
        ],
        [
            "the test of a package that it uses",
            () => {
                append("pkg/shared5/doc_test.go");
            },
            false,
            true,
        ],
        [
            "another package",
            () => {
                append("pkg/proxy/own1/doc.go");
            },
            false,
            true,
        ],
        [
            "a document",
            () => {
                append("docs/part0/page0.md");
            },
            false,
            true,
        ],
        [
            "test data",
            () => {
                append("pkg/kubelet/own1/testdata/a b");
            },
            true,
            true,
        ],
        [
            "the Makefile",
            () => {
                append("Makefile");
            },
            true,
            true,
        ],
        [
            "a file that git ignores",
            () => {
                append("_output/x");
            },
            false,
            false,
        ],
        ["a commit", () => git(tree, "commit", "-qm", "x", "--allow-empty"), false, false],
        [
            "a link",
            () => {
                fs.symlinkSync("nowhere", path.join(tree, "link"));
            },
            false,
            true,
        ],
        [
            "a deleted document",
            () => {
                fs.rmSync(path.join(tree, "docs/part0/page0.md"));
            },
            false,
            true,
        ],
    ];
    test.each(rows)("%s", async (_what, change, packages, whole) => {
        const before = [await digest(["./pkg/kubelet/..."]), await digest([])];
        change();
        const after = [await digest(["./pkg/kubelet/..."]), await digest([])];
        expect([after[0] !== before[0], after[1] !== before[1]]).toEqual([packages, whole]);
    });

    test("a part of a repository: what is edited in it counts", async () => {
        tree = path.join(tree, "pkg/kubelet");
        const before = await digest([]);
        append("own1/doc.go");
        const after = await digest([]);
        expect(after).not.toBe(before);
        // Once more: it was edited already.
        append("own1/doc.go");
        expect(await digest([])).not.toBe(after);
    });

    test("packages that cannot be listed: a warning, and another digest", async () => {
        const before = await digest(["./pkg/kubelet/..."]);
        write("pkg/kubelet/own1/more_test.go", 'package own1\nimport _ "no.where/x"\n');
        expect(await digest(["./pkg/kubelet/..."])).not.toBe(before);
    });
});
