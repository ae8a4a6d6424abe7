/**
 * scripts/kind/node-image.sh with the real Go and a module proxy of its own: its programs are compiled once for all stacks,
 * and only when the image is made. What puts the image together, and the engine, are stand-ins.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { buildVariables, releasedLine, usualOptions } from "../../components/source/build-script";
import { until, withArguments } from "../support/host-state";
import { json, runScript, scratchDirectory, startScript } from "../support/script-process";
import { StandInEngine } from "./kind-engine-stand-in";
import { storedZip } from "./toolchain-zip";

jest.setTimeout(180_000);

let scratch: string;
let engine: StandInEngine;
beforeEach(() => {
    scratch = scratchDirectory();
    engine = new StandInEngine(scratch);
    for (const name of ["mmdebstrap", "zstd"]) engine.program(name, "#!/bin/sh\n");
    engine.program("id", "#!/bin/sh\necho 0\n");
    publish({ one: 'println("one")', two: 'println("two")' });
});
afterEach(() => {
    execFileSync("chmod", ["-R", "u+w", scratch]);
    fs.rmSync(scratch, { recursive: true, force: true });
});

/** Releases a module with these commands. */
function publish(commands: Record<string, string>): void {
    const module = "example.invalid/hello";
    const dir = path.join(scratch, "proxy", module, "@v");
    fs.mkdirSync(dir, { recursive: true });
    const goMod = `module ${module}\n\ngo 1.21\n`;
    const files = Object.entries(commands).map(([name, text]): [string, string] => [
        `${module}@v1.0.0/cmd/${name}/main.go`,
        `package main\n\nfunc main() { ${text} }\n`,
    ]);
    fs.writeFileSync(
        path.join(dir, "v1.0.0.zip"),
        storedZip({ [`${module}@v1.0.0/go.mod`]: goMod, ...Object.fromEntries(files) }),
    );
    fs.writeFileSync(path.join(dir, "v1.0.0.mod"), goMod);
    fs.writeFileSync(path.join(dir, "v1.0.0.info"), '{"Version":"v1.0.0"}');
}

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const line = (name: string, module = "example.invalid/hello@v1.0.0") =>
    releasedLine({ module, target: `example.invalid/hello/cmd/${name}` }, `linux/${arch}`);
const tag = "kubedev/node:v1-a";
// In place of what puts the image together: it runs the programs, and notes where they are.
const assemble = `
printf '%s' "$IMAGE_PROGRAMS" >"$NOTES"
printf '%s' "$IMAGE_PROGRAMS" | while read -r name file; do "$file" 2>&1; done >"$NOTES.said"
: >"$(printf '%s/%s' "$ENGINE" "$IMAGE_TAG" | sed "s|kubedev/node|kubedev%node|")"
: >"$(printf '%s/%s' "$ENGINE" "$IMAGE_BALANCER" | sed "s|kubedev/balancer|kubedev%balancer|")"
`;
const values = (stack: string, change: Record<string, string> = {}) => ({
    PATH: `${engine.bin}:${process.env["PATH"] ?? ""}`,
    HOME: path.join(scratch, "home"),
    GOPROXY: `file://${encodeURI(path.join(scratch, "proxy"))}`,
    GOSUMDB: "off",
    GOCACHE: execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim(),
    TMPDIR: path.join(scratch, "tmp"),
    NOTES: path.join(scratch, "notes"),
    ENGINE: path.join(scratch, "engine"),
    KUBEDEV_SCOPE: `project/${stack}`,
    KUBEDEV_KEY: "node-image",
    KUBEDEV_ENGINE: "host",
    KUBEDEV_IMAGE_TAG: tag,
    KUBEDEV_IMAGE_FIRST: tag,
    KUBEDEV_IMAGE_RECIPE: "1",
    KUBEDEV_IMAGE_BUILD: assemble,
    KUBEDEV_BUILD: script("source/build.sh"),
    KUBEDEV_PROGRAMS: [line("one"), line("two")].join("\n"),
    ...buildVariables(usualOptions),
    ...change,
});
function make(stack: string, change: Record<string, string> = {}) {
    fs.mkdirSync(path.join(scratch, "tmp"), { recursive: true });
    return runScript("kind/node-image", values(stack, change));
}
const below = (dir: string) =>
    fs.existsSync(path.join(scratch, dir)) ? fs.readdirSync(path.join(scratch, dir)) : [];
const stateOf = (stack: string) => `home/.local/state/kubedev/project/${stack}/node-image`;

test("programs are compiled for the image, once for all stacks, and no stack keeps a copy", async () => {
    const first = await make("a");
    expect(json(first)).toEqual({ tag, sizeMib: 1 });
    expect(first.stderr).toContain(
        `building one for linux/${arch} from example.invalid/hello@v1.0.0`,
    );
    expect(fs.readFileSync(path.join(scratch, "notes.said"), "utf8")).toBe("one\ntwo\n");
    expect(below("tmp")).toEqual([]);
    expect(below(stateOf("a")).sort()).toEqual(["lock", "record"]);
    expect(below("home/.cache/kubedev/binaries")).toHaveLength(2);

    // While it is there, nothing is built, though there were other programs.
    fs.rmSync(path.join(scratch, "proxy"), { recursive: true });
    const again = await make("a", { KUBEDEV_PROGRAMS: line("three") });
    expect(json(again)).toEqual({ tag, sizeMib: 1 });
    expect(again.stderr).toBe("");

    const other = await make("b", { KUBEDEV_IMAGE_TAG: "kubedev/node:v1-b" });
    expect(json(other)).toMatchObject({ tag: "kubedev/node:v1-b" });
    expect(other.stderr.split("it was built before by this user")).toHaveLength(3);
    expect(fs.readFileSync(path.join(scratch, "notes.said"), "utf8")).toBe("one\ntwo\n");
});

test("a compiler that fails says why; nothing is left, and the image before stays", async () => {
    publish({ one: 'println("one")', two: "return 5" });
    const failed = await make("a");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/cmd\/two\/main\.go:3:\d+: too many return values/);
    expect(failed.stderr).toContain("example.invalid/hello@v1.0.0 for linux");
    expect(below("tmp")).toEqual([]);
    expect(below(stateOf("a"))).toEqual([]);
    expect(fs.existsSync(path.join(scratch, "notes"))).toBe(false);

    json(await make("a", { KUBEDEV_PROGRAMS: line("one") }));
    const other = { KUBEDEV_IMAGE_TAG: "kubedev/node:v1-b", KUBEDEV_PROGRAMS: line("two") };
    expect((await make("a", other)).code).toBe(1);
    expect(engine.images()).toEqual(["kubedev/balancer:v1-a", tag]);
    expect(fs.readFileSync(path.join(scratch, stateOf("a"), "record"), "utf8")).toContain(
        `fact.tag=${tag}\n`,
    );
});

test("a module that cannot be had: what the proxy says", async () => {
    const failed = await make("a", {
        KUBEDEV_PROGRAMS: line("one", "example.invalid/other@v1.0.0"),
    });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/example\.invalid\/other@v1\.0\.0: .*no such file/);
});

test("interrupted: the compiler ends, and nothing is left", async () => {
    fs.mkdirSync(path.join(scratch, "tmp"), { recursive: true });
    const running = startScript("kind/node-image", {
        ...values("a"),
        PATH: `${slowGo()}:${engine.bin}:${process.env["PATH"] ?? ""}`,
    });
    running.child.stdin.end("{}");
    const compilers = () => withArguments(["sleep", seconds, ""].join("\0"));
    await until(() => compilers().length > 0, "the compiler", 60_000);
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(compilers()).toEqual([]);
    expect(below("tmp")).toEqual([]);
    expect(below(stateOf("a"))).toEqual([]);
});

const seconds = `987.${String(process.pid)}`;
/** A go that never comes to an end with a build. */
function slowGo(): string {
    const go = execFileSync("sh", ["-c", "command -v go"], { encoding: "utf8" }).trim();
    const bin = path.join(scratch, "slow");
    fs.mkdirSync(bin);
    fs.writeFileSync(
        path.join(bin, "go"),
        `#!/bin/sh\n[ "$1" != build ] || exec sleep ${seconds}\nexec ${go} "$@"\n`,
        { mode: 0o755 },
    );
    return bin;
}

test("an image goes when nothing stands for it: at once, or with the last cluster of it", async () => {
    json(await make("a"));
    json(await make("b"));
    const next = "kubedev/node:v1-b";
    // Another stack still stands for the first one.
    json(await make("a", { KUBEDEV_IMAGE_TAG: next }));
    expect(engine.images()).toContain(tag);
    const record = fs.readFileSync(path.join(scratch, stateOf("a"), "record"), "utf8");
    expect(record).toContain(`fact.tag=${next}\nfact.first=${tag}\n`);
    // And then a cluster is made of it.
    engine.has(tag, true);
    json(await make("b", { KUBEDEV_IMAGE_TAG: next }));
    expect(engine.images()).toContain(tag);

    const cluster = path.join(scratch, "home/.local/state/kubedev/project/b/cluster");
    fs.mkdirSync(cluster);
    fs.writeFileSync(path.join(cluster, "record"), "kind=cluster\n");
    engine.release(tag);
    const remove = { KUBEDEV_KEY: "cluster", KUBEDEV_CLUSTER: "c" };
    expect((await runScript("kind/cluster-delete", values("b", remove))).code).toBe(0);
    expect(engine.images()).toEqual(["kubedev/balancer:v1-b", next]);

    // The last one that stands for an image takes it away.
    expect((await runScript("kind/node-image-remove", values("b"))).code).toBe(0);
    expect(engine.images()).toContain(next);
    expect((await runScript("kind/node-image-remove", values("a"))).code).toBe(0);
    expect(engine.images()).toEqual([]);
});
