/**
 * Kubernetes itself from nothing but a module proxy: every program that a cluster takes, for every platform that a
 * contributor builds for, and a control plane that answers. The binaries are kept for all stacks of this user, so only the
 * first run compiles (half an hour on two cores).
 */
import { ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, repoRoot, ScratchStack } from "../support/engine";
import { imageCache } from "../support/local-kvm";
import { freePort } from "../support/sshd";

jest.setTimeout(3_600_000);

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const version = "v1.36.1";
const etcdVersion = "v3.6.8";
const program = `
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from "${library}";
import { nodePrograms, nodeVersions } from "${path.join(repoRoot, "components/kind/node-programs")}";
const cmd = (names: string[]) => names.map((name) => "k8s.io/kubernetes/cmd/" + name);
const nodes = new kubedev.Build("nodes", {
    module: "k8s.io/kubernetes@${version}",
    targets: cmd(["kubelet", "kube-proxy", "kubectl"]),
    platforms: ["linux/${arch}", "windows/amd64", "darwin/arm64"],
});
const control = new kubedev.Build("control", {
    module: "k8s.io/kubernetes@${version}",
    targets: cmd(["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm"]),
    platforms: ["linux/${arch}"],
});
const etcd = new kubedev.Build("etcd", {
    module: "go.etcd.io/etcd/server/v3@${etcdVersion}",
    targets: ["go.etcd.io/etcd/server/v3"],
    names: { "go.etcd.io/etcd/server/v3": "etcd" },
    platforms: ["linux/${arch}"],
});
// What a kind node takes beside them: kind.test.ts finds it built.
const node = new pulumi.ComponentResource("test:index:Node", "node");
nodePrograms("node", nodeVersions("${version}")!, undefined, node);
new kubedev.Build("kind", { module: "sigs.k8s.io/kind@v0.32.0", targets: ["sigs.k8s.io/kind"] });
export const paths = { nodes: nodes.paths, control: control.paths, etcd: etcd.paths };
`;

let stack: ScratchStack;
let paths: Record<string, string>;
const started: ChildProcess[] = [];

const makeStack = (name: string) =>
    ScratchStack.create({ program, project: name, env: { ...imageCache(), GOFLAGS: "" } });
const pathsOf = async (of: ScratchStack) =>
    Object.assign(
        {},
        ...Object.values((await of.outputs())["paths"] as Record<string, object>),
    ) as Record<string, string>;
const run = (name: string, ...args: string[]) =>
    execFileSync(paths[`${name}-linux-${arch}`] ?? "", args, {
        ...{ encoding: "utf8", timeout: 60_000 },
        // What it complains of is in the error.
        stdio: "pipe",
    });

beforeAll(async () => {
    stack = await makeStack("kubernetes");
    await stack.up({ timeoutMs: 3_500_000 });
    paths = await pathsOf(stack);
});
afterAll(async () => {
    // Last started, first ended.
    for (const child of started.reverse()) {
        child.kill("SIGTERM");
        await new Promise((resolve) =>
            child.exitCode === null && child.signalCode === null
                ? child.once("exit", resolve)
                : resolve(undefined),
        );
    }
    await stack.dispose();
});

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
    expect(new Set(says)).toEqual(new Set([`Kubernetes ${version}`]));
    expect(run("kube-scheduler", "--version").trim()).toBe(`Kubernetes ${version}`);
    expect(run("kubeadm", "version", "-o", "short").trim()).toBe(version);
    expect(run("kubectl", "version", "--client")).toContain(`Client Version: ${version}`);
    expect(run("etcd", "--version")).toContain(`etcd Version: ${etcdVersion.slice(1)}`);
    // What these cannot run says it all the same.
    for (const platform of ["windows-amd64", "darwin-arm64"]) {
        expect(fs.readFileSync(paths[`kubelet-${platform}`] ?? "").includes(version)).toBe(true);
    }
});

test("a second stack has all of them in seconds", async () => {
    const second = await makeStack("kubernetes-second");
    try {
        const began = Date.now();
        await second.up({ timeoutMs: 300_000 });
        expect(Date.now() - began).toBeLessThan(60_000);
        const theirs = await pathsOf(second);
        expect(Object.keys(theirs).sort()).toEqual(Object.keys(paths).sort());
        expect(execFileSync(theirs[`kubelet-linux-${arch}`] ?? "", ["--version"]).toString()).toBe(
            `Kubernetes ${version}\n`,
        );
    } finally {
        await second.dispose();
    }
});

test("they make a control plane that answers", async () => {
    const dir = path.join(stack.dir, "cluster");
    fs.mkdirSync(dir);
    const at = (name: string) => path.join(dir, name);
    const [clients, peers, api, manager, scheduler] = await Promise.all(
        [1, 2, 3, 4, 5].map(() => freePort()),
    );
    fs.writeFileSync(
        at("kubeadm.yaml"),
        `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: 192.0.2.10, bindPort: ${String(api)} }
nodeRegistration: { name: test, criSocket: "unix:///none" }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: ${version}
certificatesDir: ${at("pki")}
controlPlaneEndpoint: 127.0.0.1:${String(api)}
networking: { serviceSubnet: 10.100.0.0/24 }
`,
    );
    run("kubeadm", "init", "phase", "certs", "all", "--config", at("kubeadm.yaml"));
    // kubeadm advertises no loopback address; all of this is on one.
    for (const kind of ["super-admin", "controller-manager", "scheduler"]) {
        const file = at(`${kind}.conf`);
        run(
            "kubeadm",
            ...["init", "phase", "kubeconfig", kind, "--config", at("kubeadm.yaml")],
            ...["--kubeconfig-dir", dir],
        );
        const server = `--server=https://127.0.0.1:${String(api)}`;
        run("kubectl", "--kubeconfig", file, "config", "set-cluster", "kubernetes", server);
    }
    const start = (name: string, ...args: string[]) => {
        const log = fs.openSync(at(`${name}.log`), "w");
        started.push(
            spawn(paths[`${name}-linux-${arch}`] ?? "", args, { stdio: ["ignore", log, log] }),
        );
    };
    const etcdUrl = `http://127.0.0.1:${String(clients)}`;
    const peerUrl = `http://127.0.0.1:${String(peers)}`;
    start(
        "etcd",
        ...["--data-dir", at("etcd"), "--listen-client-urls", etcdUrl],
        ...["--advertise-client-urls", etcdUrl, "--listen-peer-urls", peerUrl],
        ...["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`],
    );
    start(
        "kube-apiserver",
        ...["--etcd-servers", etcdUrl, "--bind-address=127.0.0.1", `--secure-port=${String(api)}`],
        ...["--service-cluster-ip-range=10.100.0.0/24", "--authorization-mode=Node,RBAC"],
        `--client-ca-file=${at("pki/ca.crt")}`,
        `--tls-cert-file=${at("pki/apiserver.crt")}`,
        `--tls-private-key-file=${at("pki/apiserver.key")}`,
        "--service-account-issuer=https://kubernetes.default.svc",
        `--service-account-key-file=${at("pki/sa.pub")}`,
        `--service-account-signing-key-file=${at("pki/sa.key")}`,
    );
    const client = ["--leader-elect=false", "--bind-address=127.0.0.1"];
    start(
        "kube-controller-manager",
        ...client,
        `--kubeconfig=${at("controller-manager.conf")}`,
        `--secure-port=${String(manager)}`,
        `--service-account-private-key-file=${at("pki/sa.key")}`,
        `--root-ca-file=${at("pki/ca.crt")}`,
        "--use-service-account-credentials=true",
    );
    start(
        "kube-scheduler",
        ...client,
        `--kubeconfig=${at("scheduler.conf")}`,
        `--secure-port=${String(scheduler)}`,
    );
    const kubectl = (...args: string[]) =>
        run("kubectl", "--kubeconfig", at("super-admin.conf"), ...args);
    const until = async (what: string, probe: () => boolean) => {
        const deadline = Date.now() + 120_000;
        for (;;) {
            try {
                if (probe()) return;
            } catch {
                // Not yet.
            }
            if (Date.now() > deadline)
                throw new Error(`${what}: not within 120 s; logs are in ${dir}`);
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
    };
    await until("readyz", () => kubectl("get", "--raw", "/readyz") === "ok");
    // Which takes the controller manager.
    await until("the default service account", () => kubectl("get", "sa", "default") !== "");
    kubectl("create", "deployment", "d1", "--image=registry.k8s.io/pause:3.10.2", "--replicas=2");
    await until("two pods", () => kubectl("get", "pods", "-o", "name").split("\n").length === 3);
    // The scheduler has looked at them: there is no node.
    await until("unschedulable", () =>
        kubectl("get", "pods", "-o", "jsonpath={.items[*].status.conditions[*].reason}").includes(
            "Unschedulable",
        ),
    );
});
