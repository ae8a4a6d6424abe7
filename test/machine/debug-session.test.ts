/** A DebugSession by the real engine: delve in a controller manager that runs, a scripted client, and the plain program again. */
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { presetPrograms, presetsOf } from "../../components/debug/breakpoints";
import { isRunning } from "../support/host-state";
import { library, ScratchStack } from "../support/engine";
import { imageCache } from "../support/local-kvm";
import {
    builtPaths,
    clusterBinaries,
    compilesMs,
    controlPlaneStack,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(300_000);

const manager = "c-kube-controller-manager";
const deployment = (name: string) => ({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name } },
    spec: {
        replicas: 1,
        selector: { matchLabels: { app: name } },
        template: {
            metadata: { labels: { app: name } },
            spec: { containers: [{ name, image: "registry.k8s.io/pause:3.10" }] },
        },
    },
});

let builds: ScratchStack;
let stack: ScratchStack;
let plain: Record<string, string>;
const modules = execFileSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).trim();

beforeAll(async () => {
    builds = await controlPlaneStack();
    plain = forThisMachine(await builtPaths(builds));
    stack = await ScratchStack.create({
        project: `debug-${String(process.pid)}`,
        env: { ...imageCache(), GOFLAGS: "" },
        // Of the controller manager the package that is looked at alone is compiled without optimization: all others are
        // in Go's cache from the plain build, which a whole debug build would compile once more, for minutes.
        program: `
import * as kubedev from "${library}";
const debugged = new kubedev.Build("debugged", {
    module: "k8s.io/kubernetes@${kubernetesVersion}",
    targets: ["k8s.io/kubernetes/cmd/kube-controller-manager"],
    gcflags: "k8s.io/kubernetes/pkg/controller/deployment=-N -l",
    ldflags: "-s=false -w=false",
});
const mode = process.env.DEBUG;
const session = mode === undefined ? undefined : new kubedev.DebugSession("session", {
    binary: mode === "plain"
        ? ${JSON.stringify(plain["kube-controller-manager"])}
        : debugged.paths.apply((all) => Object.values(all)[0] ?? ""),
    breakpoints: ["deployment"],
    sourcePaths: { "k8s.io/kubernetes@${kubernetesVersion}": "${modules}/k8s.io/kubernetes@${kubernetesVersion}" },
});
const cluster = new kubedev.Cluster("c", {
    kubernetesVersion: "${kubernetesVersion}",
    binaries: ${clusterBinaries(plain)},
    debug: session === undefined ? undefined : { kubeControllerManager: session.server },
});
export const { kubectlCommand, profileCommands, verbosityCommands, logPaths } = cluster;
export const connectCommand = session?.connectCommand;
export const initScript = session?.initScript;
export const address = session?.address;
`,
    });
    await stack.up({ timeoutMs: compilesMs });
}, 2 * compilesMs);
afterAll(async () => {
    await (stack as ScratchStack | undefined)?.dispose();
    await (builds as ScratchStack | undefined)?.dispose();
});

const debugging = { env: { DEBUG: "session" } };
const output = async (name: string) => String((await stack.outputs())[name]);

/** Process of the service, as recorded; 0 if it does not run. */
function pid(): number {
    const dir = path.join(stack.stateHome, "kubedev", stack.project, stack.stack, manager);
    const record = fs.readFileSync(path.join(dir, "record"), "utf8");
    const recorded = Number(/^pid=(\d+)$/m.exec(record)?.[1]);
    return isRunning(recorded) ? recorded : 0;
}
const inShell = (line: string, input?: string) =>
    execFileSync("sh", ["-c", line], {
        ...{ encoding: "utf8", timeout: 60_000, stdio: "pipe", cwd: stack.dir, input },
    });
const kubectl = async (args: string, input?: string) =>
    inShell(`${await output("kubectlCommand")} ${args}`, input);
const replicaSets = (name: string) => kubectl(`get replicasets -l app=${name} -o name`);

async function eventually(what: string, probe: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
        if (await probe()) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`not within 60 s: ${what}`);
}

/** Starts delve's client with commands; it has begun once it has set the breakpoint. */
async function client(commands: string, begun: string) {
    const init = stack.write("commands", commands);
    const line = `exec ${await output("connectCommand")} --allow-non-terminal-interactive=true --init ${init}`;
    const child = spawn("sh", ["-c", line], {
        env: { ...process.env, HOME: stack.dir, XDG_CONFIG_HOME: stack.dir, TERM: "dumb" },
        timeout: 120_000,
    });
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said += text.toString()));
    child.stderr.on("data", (text: Buffer) => (said += text.toString()));
    child.stdin.on("error", () => undefined);
    // Asked whether delve is to be ended, too: no.
    child.stdin.end("n\n");
    const ended = new Promise<string>((resolve) => child.on("close", () => resolve(said)));
    await eventually(`delve's client: ${begun}`, () => Promise.resolve(said.includes(begun))).catch(
        (error: unknown) => {
            throw new Error(`${String(error)}: ${said}`);
        },
    );
    return { ended };
}

test("a program that delve can do nothing with is refused in the preview, and goes on running", async () => {
    const before = pid();
    const { errors } = await stack.preview({ env: { DEBUG: "plain" }, expectFailure: true });
    expect(errors.join("\n")).toContain("which is stripped: it has no debug information");
    expect(pid()).toBe(before);
});

test("a session restarts the controller manager alone, which is healthy under delve", async () => {
    const expected = { c: "update", [manager]: "replace" };
    const preview = await stack.preview(debugging);
    expect(preview.ops()).toMatchObject(expected);
    expect(Object.values(preview.ops()).sort()).toEqual([
        ...["create", "create", "create", "replace", "update"],
    ]);
    await stack.up(debugging);
    expect((await stack.preview(debugging)).sequence).toEqual([]);
    const listening = execFileSync("ss", ["-ltnH"], { encoding: "utf8" });
    const ours = listening.split("\n").filter((line) => line.includes(":38697 "));
    expect(ours.map((line) => line.split(/\s+/)[3])).toContain(`${await output("address")}:38697`);
    expect(ours.every((line) => /\s127\.\d+\.\d+\.\d+:38697\s/.test(line))).toBe(true);
});

test("a client stops it at a breakpoint, it is not taken for dead, and it reconciles when it goes on", async () => {
    const commands = `${await output("initScript")}continue\nargs\nexit\n`;
    const stopping = await client(commands, "Breakpoint 1 set at");
    await kubectl("apply -f -", JSON.stringify(deployment("web")));
    const said = await stopping.ended;
    expect(said).toContain("pkg/controller/deployment.(*DeploymentController).syncDeployment()");
    // Its arguments, which an optimizer would have moved, and its source, which is where sourcePaths says.
    expect(said).toContain('key = "default/web"');
    expect(said).toMatch(/=> *\d+:.*\) syncDeployment\(ctx context\.Context, key string\)/);
    expect(await replicaSets("web")).toBe("");
    const before = pid();
    expect((await stack.preview(debugging)).sequence).toEqual([]);
    expect(pid()).toBe(before);

    await (
        await client("clearall\nexit -c\n", "cleared")
    ).ended;
    await eventually("a ReplicaSet", async () => (await replicaSets("web")) !== "");
    expect(pid()).toBe(before);
});

test("the commands for profiles get them, with the credentials of the cluster", async () => {
    const profiles = (await stack.outputs())["profileCommands"] as Record<
        string,
        Record<string, string>
    >;
    for (const of of Object.values(profiles)) {
        inShell(of["heap"] ?? "false");
    }
    const made = fs.readdirSync(stack.dir).filter((name) => name.endsWith("-heap.pprof"));
    expect(made.sort()).toEqual([
        ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(
            (name) => `${name}-heap.pprof`,
        ),
    ]);
    // Profiles are compressed.
    for (const file of made) {
        expect([...fs.readFileSync(path.join(stack.dir, file)).subarray(0, 2)]).toEqual([31, 139]);
    }
});

test("the commands for verbosity raise it in the running program, and restore it", async () => {
    const outputs = await stack.outputs();
    const commands = outputs["verbosityCommands"] as Record<
        string,
        { raise: string; restore: string }
    >;
    const { kubeScheduler: log = "" } = outputs["logPaths"] as Record<string, string>;
    // Level 6 says each request that a client makes, and the scheduler watches and lists all the time.
    const said = () => fs.readFileSync(log, "utf8").length;
    const { raise = "false", restore = "false" } = commands["kubeScheduler"] ?? {};
    const quiet = said();
    expect(inShell(raise)).toContain("successfully set klog.logging.verbosity to 6");
    await kubectl("apply -f -", JSON.stringify(deployment("loud")));
    await eventually("words of the scheduler", () => Promise.resolve(said() > quiet));
    expect(inShell(restore)).toContain("successfully set klog.logging.verbosity to 0");
    for (const { raise: up = "", restore: down = "" } of Object.values(commands)) {
        inShell(up);
        inShell(down);
    }
});

test("without the session the plain program runs again", async () => {
    const address = await output("address");
    const held = pid();
    const up = await stack.up();
    expect(up.ops()).toMatchObject({ c: "update", [manager]: "replace" });
    expect(isRunning(held)).toBe(false);
    expect(fs.readlinkSync(`/proc/${String(pid())}/exe`)).toBe(
        fs.realpathSync(plain["kube-controller-manager"] ?? ""),
    );
    expect(execFileSync("ss", ["-ltnH"], { encoding: "utf8" })).not.toContain(`${address}:38697`);
    await kubectl("apply -f -", JSON.stringify(deployment("again")));
    await eventually("a ReplicaSet", async () => (await replicaSets("again")) !== "");
    expect((await stack.preview()).sequence).toEqual([]);
    await stack.destroy();
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev"))).toBe(false);
});

test("presets are functions of Kubernetes", () => {
    const missing = presetPrograms.flatMap((program) =>
        Object.values(presetsOf(program)).filter((place) => !isDeclared(place)),
    );
    expect(missing).toEqual([]);
});

/** Whether the sources, which were just built from, declare a function that is written as delve takes it. */
function isDeclared(place: string): boolean {
    const [, importPath = "", receiver, name = ""] =
        /^(.*?\/[^/.]+)\.(?:\(?\*?(\w+)\)?\.)?(\w+)$/.exec(place) ?? [];
    const [, staged] = /^k8s\.io\/(?!kubernetes\/)([^/]+)/.exec(importPath) ?? [];
    const version = kubernetesVersion.slice(3);
    const dir =
        staged === undefined
            ? importPath.replace("kubernetes", `kubernetes@${kubernetesVersion}`)
            : importPath.replace(staged, `${staged}@v0.${version}`);
    const owner = receiver === undefined ? "" : `\\(\\w+ \\*?${receiver}\\) `;
    const declaration = new RegExp(`^func ${owner}${name}\\(`, "m");
    const folder = path.join(modules, dir);
    return fs
        .readdirSync(folder)
        .filter((file) => /(?<!_test)\.go$/.test(file))
        .some((file) => declaration.test(fs.readFileSync(path.join(folder, file), "utf8")));
}
