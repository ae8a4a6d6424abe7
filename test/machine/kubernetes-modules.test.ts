/**
 * Kubernetes itself from nothing but a module proxy: every program that a cluster takes, for every platform that a
 * contributor builds for, and a control plane that answers. The binaries are kept for all stacks of this user, so only the
 * first run compiles (half an hour on two cores).
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { ControlPlane } from "../support/control-plane";
import { repoRoot, ScratchStack } from "../support/engine";
import {
    Binaries,
    buildStack,
    builtPaths,
    compilesMs,
    controlPlaneBuilds,
    etcdVersion,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";

jest.setTimeout(compilesMs);

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const nodeProgramsFile = path.join(repoRoot, "components/kind/node-programs");
const program = `
import * as pulumi from "@pulumi/pulumi";
import { nodePrograms, nodeVersions } from "${nodeProgramsFile}";
${controlPlaneBuilds}
const nodes = kubernetes(
    "nodes",
    ["kubelet", "kube-proxy", "kubectl"],
    ["linux/${arch}", "windows/amd64", "darwin/arm64"],
);
// What a kind node takes beside them: kind.test.ts finds it built.
const node = new pulumi.ComponentResource("test:index:Node", "node");
nodePrograms("node", nodeVersions("${kubernetesVersion}")!, undefined, node);
new kubedev.Build("kind", { module: "sigs.k8s.io/kind@v0.32.0", targets: ["sigs.k8s.io/kind"] });
// And kind-addons.test.ts, in an image.
new kubedev.Build("metrics-server", {
    module: "sigs.k8s.io/metrics-server@v0.8.0",
    targets: ["sigs.k8s.io/metrics-server/cmd/metrics-server"],
});
export const paths = { nodes: nodes.paths, control: control.paths, etcd: etcd.paths };
`;

let stack: ScratchStack;
let paths: Binaries;

const run = (name: string, ...args: string[]) =>
    execFileSync(forThisMachine(paths)[name] ?? "", args, {
        ...{ encoding: "utf8", timeout: 60_000 },
        // What it complains of is in the error.
        stdio: "pipe",
    });

beforeAll(async () => {
    stack = await buildStack("kubernetes", program);
    await stack.up({ timeoutMs: compilesMs });
    paths = await builtPaths(stack);
});
afterAll(() => stack.dispose());

test("one Build has kubelet, kube-proxy and kubectl for Linux, Windows and macOS", async () => {
    const magic = (file: string) => {
        const text = execFileSync("file", ["-b", file], { encoding: "utf8" });
        return /^(ELF 64-bit LSB executable, (?:x86-64|ARM aarch64).*statically linked|PE32\+ executable.*x86-64|Mach-O 64-bit arm64 executable)/
            .exec(text)?.[1]
            ?.slice(0, 6);
    };
    const formats = Object.entries(paths)
        .filter(([name]) => /^(kubelet|kube-proxy|kubectl)-/.test(name))
        .map(([name, file]) => [name, magic(file)]);
    const all = ["kubelet", "kube-proxy", "kubectl"].flatMap((name) => [
        [`${name}-linux-${arch}`, "ELF 64"],
        [`${name}-windows-amd64`, "PE32+ "],
        [`${name}-darwin-arm64`, "Mach-O"],
    ]);
    expect(formats.sort()).toEqual(all.sort());
    expect((await stack.preview()).changed).toEqual([]);
});

test("every program says its version", () => {
    const says = ["kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager"].map(
        (name) => run(name, "--version").trim(),
    );
    expect(new Set(says)).toEqual(new Set([`Kubernetes ${kubernetesVersion}`]));
    expect(run("kube-scheduler", "--version").trim()).toBe(`Kubernetes ${kubernetesVersion}`);
    expect(run("kubeadm", "version", "-o", "short").trim()).toBe(kubernetesVersion);
    expect(run("kubectl", "version", "--client")).toContain(`Client Version: ${kubernetesVersion}`);
    expect(run("etcd", "--version")).toContain(`etcd Version: ${etcdVersion.slice(1)}`);
    // What these cannot run says it all the same.
    for (const platform of ["windows-amd64", "darwin-arm64"]) {
        expect(
            fs.readFileSync(paths[`kubelet-${platform}`] ?? "").includes(kubernetesVersion),
        ).toBe(true);
    }
});

test("a second stack has all of them without a compiler", async () => {
    const second = await buildStack("kubernetes-second", program);
    try {
        const { progress } = await second.up({ timeoutMs: 600_000 });
        const theirs = await builtPaths(second);
        const said = progress.map(({ message }) => message).join("\n");
        expect(said).not.toMatch(/\d packages compiled/);
        expect(said.split("it was built before by this user").length - 1).toBeGreaterThanOrEqual(
            Object.keys(theirs).length,
        );
        expect(Object.keys(theirs).sort()).toEqual(Object.keys(paths).sort());
        expect(execFileSync(theirs[`kubelet-linux-${arch}`] ?? "", ["--version"]).toString()).toBe(
            `Kubernetes ${kubernetesVersion}\n`,
        );
    } finally {
        await second.dispose();
    }
});

test("they make a control plane that answers", async () => {
    const plane = await ControlPlane.start({ binaries: forThisMachine(paths), scheduler: true });
    try {
        const image = "--image=registry.k8s.io/pause:3.10.2";
        plane.kubectl("create", "deployment", "d1", image, "--replicas=2");
        // The controller manager has made them, and the scheduler has looked at them: there is no node.
        const reasons = "jsonpath={.items[*].status.conditions[*].reason}";
        const unschedulable = "Unschedulable Unschedulable";
        await plane.until(
            "two unschedulable pods",
            () => plane.kubectl("get", "pods", "-o", reasons) === unschedulable,
        );
    } finally {
        await plane.stop();
    }
});
