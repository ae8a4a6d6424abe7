/**
 * The main flow of the environment `azure-windows`, on the real engine and without Azure: a source tree on a Linux agent, a
 * kubelet.exe that is built there, and a fresh Windows agent on which one is installed and swapped. The Linux agent is an sshd
 * of the test, the Windows one Wine (see test/support/windows-host.ts); what makes agents is not part of this.
 */
import { execFileSync } from "child_process";
import { createHash } from "crypto";
import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { library, repoRoot, ScratchStack, StepsResult } from "../support/engine";
import { filesBelow } from "../support/host-state";
import { freePort, Sshd, startSshd } from "../support/sshd";
import { answerOf } from "../support/swapped-service";
import { startWindowsHost, windowsMissing, WindowsHost } from "../support/windows-host";
import { scratchDir } from "../support/scratch";

jest.setTimeout(300_000);

const ofEnvironment = (name: string) =>
    JSON.stringify(path.join(repoRoot, "stacks/azure-windows", name));
const program = `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
import { settings } from ${ofEnvironment("config")};
import { installKubelet } from ${ofEnvironment("kubelet")};
import { declareSource, declareSwap } from ${ofEnvironment("programs")};

const declared = JSON.parse(fs.readFileSync(path.join(__dirname, "declared.json"), "utf8"));
const { builder, windows, agents, released } = declared;
const swaps = settings.swap.parse(declared.swap);
const { build } = declareSource(settings.source.parse(declared.source)!, swaps, builder);
const original = new kubedev.Build("released", {
    source: { dir: released, host: builder }, targets: ["cmd/kubelet"], platforms: ["windows/amd64"],
}).binaries["kubelet-windows-amd64"]! as any;
const installed = new Map([["kubelet", installKubelet("a", windows, original, builder, [])]]);
const all = new Map(agents.map((name: string) => [name, { host: windows, installed: name === "a" ? installed : new Map() }]));
export const swapped = swaps.map((swap) => declareSwap(swap, build!, builder, all as any));
`;

const things = (result: StepsResult) =>
    Object.fromEntries(
        Object.entries(result.ops()).filter(([name]) =>
            /-(tree|amd64|source|artifact|file|command|program|swap)$/.test(name),
        ),
    );
const said = (result: StepsResult) =>
    result.diagnostics.filter((d) => d.severity === "info").map((d) => d.message.trim());
const git = (dir: string, ...words: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", "-C", dir, ...words]);

/** A small Kubernetes: kubelet is the service of swap-service, of a version that is in its source. */
function makeTree(dir: string, version: string): void {
    const from = path.join(repoRoot, "test/support/swap-service");
    fs.mkdirSync(path.join(dir, "cmd/kubelet"), { recursive: true });
    fs.mkdirSync(path.join(dir, "cmd/kubectl"));
    for (const file of ["go.mod", "go.sum"]) {
        fs.copyFileSync(path.join(from, file), path.join(dir, file));
    }
    const main = fs.readFileSync(path.join(from, "main.go"), "utf8");
    fs.writeFileSync(
        path.join(dir, "cmd/kubelet/main.go"),
        main.replace("version, does = told()", `version, does = "${version}", ""`),
    );
    fs.copyFileSync(
        path.join(from, "run_windows.go"),
        path.join(dir, "cmd/kubelet/run_windows.go"),
    );
    fs.writeFileSync(path.join(dir, "cmd/kubectl/main.go"), "package main\n\nfunc main() {}\n");
    git(dir, "init", "-q", "-b", "main");
    git(dir, "add", ".");
    git(dir, "commit", "-q", "-m", "one");
}

const suite = windowsMissing === undefined ? describe : describe.skip;
suite(
    `a kubelet.exe from the Linux agent${windowsMissing === undefined ? "" : ` [not run: ${windowsMissing}]`}`,
    () => {
        let linux: Sshd;
        let windows: WindowsHost;
        let stack: ScratchStack;
        let url: string;
        const place = scratchDir("kubedev-azure-swap-");
        const at = (...names: string[]) => path.join(place, ...names);
        const main = () => at("data/kubernetes/cmd/kubelet/main.go");
        const edit = (file: string, from: string, to: string) => {
            const text = fs.readFileSync(file, "utf8");
            expect(text).toContain(from);
            fs.writeFileSync(file, text.replace(from, to));
        };
        const login = ({ address, port, user, privateKeyPath, hostKey }: Sshd) => ({
            ssh: { address, port, user, privateKeyPath, hostKey },
        });
        const kubelet = () => ({
            target: "cmd/kubelet",
            service: "kubelet",
            healthUrl: url,
            healthTimeoutSec: 20,
            stopTimeoutSec: 5,
            settleSec: 1,
        });
        const declare = (swap: object[], agents = ["a"]) => {
            const declared = {
                ...{ builder: login(linux), windows: { ...login(windows.sshd), os: "windows" } },
                source: {
                    dir: at("data/kubernetes"),
                    origin: at("fork"),
                    targets: ["cmd/kubectl"],
                    onDelete: "force",
                },
                ...{ swap, agents, released: at("release") },
            };
            stack.write("declared.json", JSON.stringify(declared));
        };
        const there = (name: string) => windows.here(`C:\\k\\${name}`);
        const digestOf = (file: string) =>
            createHash("sha256").update(fs.readFileSync(file)).digest("hex");

        beforeAll(async () => {
            makeTree(at("fork"), "v1");
            makeTree(at("release"), "v0");
            const goEnv = (name: string) =>
                execFileSync("go", ["env", name], { encoding: "utf8" }).trim();
            linux = await startSshd({
                config: `SetEnv "XDG_STATE_HOME=${at("state")}" "XDG_CACHE_HOME=${at("cache")}" GOCACHE=${goEnv("GOCACHE")} GOPROXY=${goEnv("GOPROXY")} HOME=${os.homedir()}`,
            });
            windows = await startWindowsHost();
            const listen = `127.0.0.1:${String(await freePort())}`;
            url = `http://${listen}/`;
            fs.mkdirSync(there(""));
            fs.writeFileSync(there("address"), listen);
            stack = await ScratchStack.create({ program, env: { GOCACHE: goEnv("GOCACHE") } });
            declare([kubelet()]);
        });
        afterAll(async () => {
            await stack.dispose();
            await windows.stop();
            await linux.stop();
            fs.rmSync(place, { recursive: true, force: true });
        });

        test("from a fresh agent to the developer's kubelet.exe in one up", async () => {
            const previewed = await stack.preview();
            const all = {
                ...{ "source-tree": "create", "build-kubelet-windows-amd64": "create" },
                "build-kubectl-windows-amd64": "create",
                "released-kubelet-windows-amd64": "create",
                ...{ "a-kubelet-source": "create", "a-kubelet-artifact": "create" },
                ...{ "a-kubelet-config-file": "create", "a-kubelet-service-command": "create" },
                ...{ "kubelet-binary-source": "create", "kubelet-binary-artifact": "create" },
                ...{ "kubelet-a-program": "create", "kubelet-a-swap": "create" },
            };
            expect(things(previewed)).toEqual(all);
            expect(things(await stack.up({ timeoutMs: 280_000 }))).toEqual(all);
            expect(await answerOf(url)).toBe("v1");
            expect((await stack.outputs()).swapped).toEqual([{ a: "v1" }]);
            // The very file that was built on the other machine.
            const built = filesBelow(at("state"))
                .filter((file) => file.includes("/build-") && file.endsWith("/kubelet.exe"))
                .map((file) => digestOf(at("state", file)));
            expect(built).toEqual([digestOf(there("kubelet.exe"))]);
            expect(digestOf(there("kubelet.exe.kubedev-original"))).toBe(
                digestOf(there("released\\kubelet.exe")),
            );
            expect(things(await stack.preview())).toEqual({});
        });

        test("an edit builds, sends and swaps what it reaches, and nothing else", async () => {
            edit(main(), '"v1"', '"v2"');
            const reached = {
                "build-kubelet-windows-amd64": "update",
                ...{ "kubelet-binary-source": "replace", "kubelet-binary-artifact": "replace" },
                "kubelet-a-swap": "update",
            };
            const previewed = await stack.preview();
            expect(things(previewed)).toEqual(reached);
            expect(said(previewed)).toContainEqual(
                expect.stringMatching(/^kubelet on .*: [0-9a-f]+ => [0-9a-f]+$/),
            );
            expect(things(await stack.up())).toEqual(reached);
            expect(await answerOf(url)).toBe("v2");
            fs.appendFileSync(at("data/kubernetes/cmd/kubectl/main.go"), "\n// edited\n");
            expect(things(await stack.preview())).toEqual({
                "build-kubectl-windows-amd64": "update",
            });
            git(at("data/kubernetes"), "checkout", "-q", "cmd/kubectl");
        });

        test("another released one is installed in place of the one before, under the developer's", async () => {
            edit(at("release/cmd/kubelet/main.go"), '"v0"', '"v00"');
            const reached = {
                "released-kubelet-windows-amd64": "update",
                ...{ "a-kubelet-source": "replace", "a-kubelet-artifact": "replace" },
                ...{ "a-kubelet-service-command": "replace", "kubelet-a-swap": "replace" },
            };
            expect(things(await stack.preview())).toEqual(reached);
            expect(things(await stack.up({ timeoutMs: 280_000 }))).toEqual(reached);
            expect(await answerOf(url)).toBe("v2");
            expect(digestOf(there("kubelet.exe.kubedev-original"))).toBe(
                digestOf(there("released\\kubelet.exe")),
            );
        });

        test("another agent is swapped alone; a service that is not there is refused by name", async () => {
            declare([kubelet()], ["a", "b"]);
            expect(things(await stack.preview())).toEqual({
                ...{ "kubelet-b-program": "create", "kubelet-b-swap": "create" },
            });
            declare([kubelet(), { ...kubelet(), service: "kubeproxy", target: "cmd/kubelet" }]);
            const failed = await stack.up({ expectFailure: true });
            expect(failed.errors.join("\n")).toMatch(/cannot find the service kubeproxy/);
            expect(await answerOf(url)).toBe("v2");
        });

        test("without the swap the released one is back", async () => {
            declare([]);
            expect(things(await stack.up())).toEqual({
                ...{ "kubelet-binary-source": "delete", "kubelet-binary-artifact": "delete" },
                ...{ "kubeproxy-binary-source": "delete", "kubeproxy-binary-artifact": "delete" },
                ...{ "kubelet-a-program": "delete", "kubelet-a-swap": "delete" },
                ...{ "kubeproxy-a-program": "delete", "build-kubelet-windows-amd64": "delete" },
            });
            expect(await answerOf(url)).toBe("v00");
        });

        test("destroy leaves nothing on either machine; a service of others is never taken over", async () => {
            await stack.destroy();
            expect(await answerOf(url)).toBeUndefined();
            expect(fs.readdirSync(there(""))).toEqual(["address"]);
            expect(filesBelow(path.join(windows.profile, ".kubedev/state"))).toEqual([]);
            expect(filesBelow(at("state"))).toEqual([]);
            expect(fs.existsSync(at("data/kubernetes"))).toBe(false);
            windows.run("sc", "create", "kubelet", "binPath=", "C:\\t\\tell.exe");
            const failed = (await stack.up({ expectFailure: true })).errors.join("\n");
            expect(failed).toContain("the service kubelet is there already");
            expect(fs.existsSync(there("kubelet.exe"))).toBe(false);
            // Where kubeadm and others have theirs, too.
            windows.run("sc", "delete", "kubelet");
            fs.writeFileSync(there("kubelet.exe"), "of others");
            const others = "C:\\k\\kubelet.exe --config=C:\\var\\lib\\kubelet\\config.yaml";
            windows.run("sc", "create", "kubelet", "binPath=", others);
            const again = (await stack.up({ expectFailure: true })).errors.join("\n");
            expect(again).toContain("the service kubelet is there already");
            await stack.destroy();
            expect(fs.readFileSync(there("kubelet.exe"), "utf8")).toBe("of others");
        });
    },
);
