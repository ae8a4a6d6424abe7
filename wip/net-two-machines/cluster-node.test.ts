/**
 * ClusterNodes by the real engine: two virtual machines of one network become a cluster of their own, control plane and all,
 * where pods talk to each other and to the API server; then one of them is a node of a Cluster of this machine, by a tunnel,
 * and at last a machine like any other again.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { isRunning } from "../support/host-state";
import { library, ScratchStack } from "../support/engine";
import {
    Binaries,
    builtPaths,
    clusterBinaries,
    buildStack,
    compilesMs,
    controlPlaneBuilds,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";
import { imageCache, inGuest, recordPath } from "../support/local-kvm";
import { podProbe, podProbeArchive } from "../support/pod-probe";

// This bound ends a run that hangs; a guest without acceleration on a busy machine takes many times what an idle one does.
jest.setTimeout(1_800_000);
const upMs = 1_700_000;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "kubedev-cluster-node-"));
let builds: ScratchStack;
let stack: ScratchStack;
let binaries: Binaries;
let files: Record<string, string>;
let server: http.Server;
let archiveUrl: string;

/** By http, since a guest without acceleration takes a minute for a hundred megabytes by ssh. */
async function serveFiles(): Promise<string> {
    server = http.createServer((request, response) => {
        const file = files[(request.url ?? "/").slice(1)];
        if (file === undefined) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { "content-length": fs.statSync(file).size });
        fs.createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://10.0.2.2:${String((server.address() as AddressInfo).port)}`;
}
const sha256 = (file: string) => createHash("sha256").update(fs.readFileSync(file)).digest("hex");

beforeAll(async () => {
    builds = await buildStack(
        "cluster-node",
        `${controlPlaneBuilds}
const platform = ["linux/${process.arch === "arm64" ? "arm64" : "amd64"}"];
const client = kubernetes("client", ["kubectl"], platform);
const node = kubernetes("node", ["kubelet", "kube-proxy"], platform);
export const paths = { control: control.paths, client: client.paths, etcd: etcd.paths, node: node.paths };
`,
    );
    await builds.up({ timeoutMs: compilesMs });
    binaries = forThisMachine(await builtPaths(builds));
    files = { ...binaries, "archive.tar": podProbeArchive(scratch) };
    const url = await serveFiles();
    archiveUrl = `${url}/archive.tar`;
    const digests = Object.fromEntries(
        Object.entries(binaries).map(([name, file]) => [name, sha256(file)]),
    );
    stack = await ScratchStack.create({
        // A machine's address is derived from it, and test files run side by side.
        project: `node-${String(process.pid)}`,
        env: imageCache(),
        program: `
import * as kubedev from "${library}";
const wanted = JSON.parse(process.env.WANTED ?? "{}");
const image = new kubedev.BaseImage("image", {
    packages: ["containerd", "containernetworking-plugins", "nftables", "iptables", "conntrack"],
    rootSizeMib: 3072,
});
const lan = new kubedev.MachineNetwork("lan", { machines: [{ name: "a" }, { name: "b" }] });
const machine = (name: string, memoryMib: number) =>
    new kubedev.VirtualMachine(name, { baseImage: image.files, memoryMib, networks: [lan.network] });
const [a, b] = [machine("a", 3072), machine("b", 2048)];
const digests: Record<string, string> = ${JSON.stringify(digests)};
const sent = (name: string, host: typeof a.host, program: string) =>
    new kubedev.HostArtifact(name + "-" + program, {
        ...{ host, url: "${url}/" + program, sha256: digests[program]! },
    }).path;
const inLan = (vm: kubedev.VirtualMachine) => vm.networkAddresses.apply((all) => all.lan ?? "");

const far = new kubedev.Cluster("far", {
    host: a.host,
    address: inLan(a),
    kubernetesVersion: "${kubernetesVersion}",
    binaries: {
        etcd: sent("a", a.host, "etcd"),
        kubeApiserver: sent("a", a.host, "kube-apiserver"),
        kubeControllerManager: sent("a", a.host, "kube-controller-manager"),
        kubeScheduler: sent("a", a.host, "kube-scheduler"),
        kubeadm: sent("a", a.host, "kubeadm"),
        kubectl: sent("a", a.host, "kubectl"),
    },
    localKubectlPath: ${JSON.stringify(binaries["kubectl"])},
    readyTimeoutSec: 900,
});
const near = !wanted.near ? undefined : new kubedev.Cluster("near", {
    kubernetesVersion: "${kubernetesVersion}",
    binaries: ${clusterBinaries(binaries)},
});
const node = (name: string, vm: kubedev.VirtualMachine, cluster: kubedev.Cluster, args: object) =>
    new kubedev.ClusterNode(name, {
        controlPlane: cluster.controlPlane,
        host: vm.host,
        binaries: {
            kubelet: sent(name, vm.host, "kubelet"),
            kubeProxy: sent(name, vm.host, "kube-proxy"),
        },
        pauseImage: "${podProbe}",
        readyTimeoutSec: 900,
        ...args,
    });
const m = node("m", a, far, { address: inLan(a) });
const n = wanted.n && node("n", b, near ?? far, { ...(near ? {} : { address: inLan(b) }), ...wanted.n });
export const kubectl = far.kubectlCommand;
export const nearKubectl = near?.kubectlCommand;
export const addresses = lan.addresses;
export const endpoint = far.endpoint;
export const ssh = { a: a.sshCommand, b: b.sshCommand };
export const versions = [m.kubeletVersion, n?.kubeletVersion];
`,
    });
}, compilesMs);
afterAll(async () => {
    await (stack as ScratchStack | undefined)?.dispose();
    await (builds as ScratchStack | undefined)?.dispose();
    (server as http.Server | undefined)?.close();
    fs.rmSync(scratch, { recursive: true, force: true });
});

const wanted = (what: object) => ({
    env: { WANTED: JSON.stringify(what) },
    timeoutMs: upMs,
});
const front = { n: { nodeLabels: { tier: "front" } } };

async function output<T = string>(name: string): Promise<T> {
    return (await stack.outputs())[name] as T;
}
async function kubectl(...args: string[]): Promise<string> {
    return kubectlOf("kubectl", ...args);
}
async function kubectlOf(cluster: string, ...args: string[]): Promise<string> {
    const line = `exec ${await output(cluster)} "$@"`;
    return execFileSync("sh", ["-c", line, "kubectl", ...args], {
        ...{ encoding: "utf8", timeout: 600_000 },
    }).trim();
}
async function on(machine: "a" | "b", command: string): Promise<string> {
    return inGuest(stack, command, (await output<Record<string, string>>("ssh"))[machine]);
}
const pidHere = (thing: string) =>
    Number(/^pid=(\d+)$/m.exec(fs.readFileSync(recordPath(stack, thing), "utf8"))?.[1]);
/** Of one that runs. */
async function pidOf(program: string): Promise<string> {
    const record = `/root/.local/state/kubedev/*/*/n-${program}/record`;
    const pid = await on("b", `sed -n s/^pid=//p ${record}`);
    await on("b", `kill -0 ${pid}`);
    return pid;
}

test("two machines of a network become a cluster, with the programs that were built, and then nothing changes", async () => {
    await stack.up(wanted(front));
    const nodes = (await kubectl("get", "nodes", "--no-headers", "-L", "tier")).split("\n");
    expect(nodes[0]).toMatch(new RegExp(`^m +Ready .* ${kubernetesVersion} *$`));
    expect(nodes[1]).toMatch(new RegExp(`^n +Ready .* ${kubernetesVersion} +front$`));
    expect(await output("versions")).toEqual([kubernetesVersion, kubernetesVersion]);
    const addresses = await output<Record<string, string>>("addresses");
    expect(await output("endpoint")).toBe(`https://${addresses["a"] ?? ""}:6443`);
    expect((await stack.preview(wanted(front))).sequence).toEqual([]);
});

test("they listen in their network with API server and kubelets alone, do not answer who has no name, and no key is in the state", async () => {
    const { a = "", b = "" } = await output<Record<string, string>>("addresses");
    const sockets = async (machine: "a" | "b") =>
        (await on(machine, "ss -ltnH | awk '{ print $4 }'"))
            .split("\n")
            .filter((socket) => !/^(127\.|\[::1\])/.test(socket))
            .sort();
    const ssh = ["0.0.0.0:22", "[::]:22"];
    expect(await sockets("a")).toEqual([...ssh, `${a}:10250`, `${a}:6443`].sort());
    expect(await sockets("b")).toEqual([...ssh, `${b}:10250`].sort());
    const code = "curl -sk --noproxy '*' -o /dev/null -w '%{http_code}'";
    expect(await on("b", `${code} https://${a}:6443/api`)).toBe("401");
    expect(await on("b", `${code} https://${a}:10250/pods`)).toBe("401");
    const file = path.join(path.dirname(recordPath(stack, "far-kubeconfig")), "kubeconfig");
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const kubeconfig = await on("b", "cat /root/.local/state/kubedev/*/*/n-node/kubelet.conf");
    for (const text of [kubeconfig, fs.readFileSync(file, "utf8")]) {
        const [, key = ""] = /client-key-data: (\S+)/.exec(text) ?? [];
        expect(key.length).toBeGreaterThan(100);
        expect(stack.rawState()).not.toContain(key);
    }
});

test("pods are seen and entered from here, and reach each other and the API server under their own addresses", async () => {
    for (const machine of ["a", "b"] as const) {
        await on(
            machine,
            `curl -sf ${archiveUrl} | ctr -a /run/kubedev/containerd/containerd.sock -n k8s.io images import -`,
        );
    }
    const pod = (node: string) => ({
        ...{ apiVersion: "v1", kind: "Pod", metadata: { name: `on-${node}` } },
        spec: {
            nodeSelector: { "kubernetes.io/hostname": node },
            terminationGracePeriodSeconds: 1,
            containers: [
                { name: "probe", image: podProbe, imagePullPolicy: "Never", args: ["serve"] },
            ],
        },
    });
    const manifest = path.join(scratch, "pods.json");
    fs.writeFileSync(
        manifest,
        JSON.stringify({ apiVersion: "v1", kind: "List", items: [pod("m"), pod("n")] }),
    );
    await kubectl("apply", "-f", manifest);
    await kubectl("wait", "--for=condition=Ready", "pod/on-m", "pod/on-n", "--timeout=500s");
    const ip = (name: string) => kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}");
    const asked = (from: string, url: string) =>
        kubectl("exec", from, "--", "/pod-probe", "get", url);

    for (const [one, other] of [
        ["on-m", "on-n"],
        ["on-n", "on-m"],
    ] as const) {
        expect(await kubectl("logs", one)).toBe("serving");
        expect(await asked(one, "https://10.100.0.1/version")).toContain(kubernetesVersion);
        expect(await asked(one, `http://${await ip(other)}:8080/`)).toBe(await ip(one));
    }
});

test("a flag of the kubelet restarts it alone, a label changes in place, a way from here that died is started again", async () => {
    const before = [
        await pidOf("containerd"),
        await pidOf("kube-proxy"),
        await pidOf("pod-routes"),
    ];
    const kubelet = await pidOf("kubelet");
    process.kill(pidHere("far-tunnel"), "SIGKILL");
    const args = wanted({ n: { nodeLabels: { tier: "back" }, verbosity: { kubelet: 2 } } });
    const expected = {
        ...{ n: "update", "n-kubelet": "replace", "n-ready": "replace", "far-tunnel": "replace" },
    };
    expect((await stack.preview(args)).ops()).toEqual(expected);
    await stack.up(args);
    expect([
        await pidOf("containerd"),
        await pidOf("kube-proxy"),
        await pidOf("pod-routes"),
    ]).toEqual(before);
    expect(await pidOf("kubelet")).not.toBe(kubelet);
    const line = await on("b", `tr '\\0' ' ' </proc/${await pidOf("kubelet")}/cmdline`);
    expect(line).toContain("--v=2");
    expect(await kubectl("get", "nodes", "--no-headers", "-L", "tier")).toMatch(
        /n +Ready .* back$/,
    );
});

test("by a tunnel it is a node of a cluster of this machine, on loopback alone, and no node of the other one", async () => {
    const args = wanted({ n: {}, near: true });
    await stack.up(args);
    expect(await kubectlOf("nearKubectl", "get", "nodes", "--no-headers")).toMatch(/^n +Ready /);
    expect(await kubectl("get", "nodes", "-o", "name")).toBe("node/m");
    expect(await on("a", "sleep 6; ip route show proto 107")).toBe("");
    const sockets = (await on("b", "ss -ltnH | awk '{ print $4 }'")).split("\n");
    const open = sockets.filter((socket) => !/^(127\.|\[::1\])/.test(socket));
    expect(open.sort()).toEqual(["0.0.0.0:22", "[::]:22"]);
    expect(sockets).toEqual(expect.arrayContaining(["127.0.0.1:10250", "127.0.0.1:6443"]));
    process.kill(pidHere("n-tunnel"), "SIGKILL");
    expect((await stack.preview(args)).ops()).toEqual({ "n-tunnel": "replace" });
    await stack.up(args);
    expect(isRunning(pidHere("n-tunnel"))).toBe(true);
});

test("taken out of the program it leaves nothing: not in a cluster, not on its machine", async () => {
    const tunnel = pidHere("n-tunnel");
    await stack.up(wanted({}));
    expect(await kubectl("get", "nodes", "-o", "name")).toBe("node/m");
    expect(isRunning(tunnel)).toBe(false);
    const left = [
        "ls -d /var/lib/kubelet /var/lib/kubedev /run/kubedev /root/.local/state/kubedev 2>/dev/null",
        "pgrep -fa '[-]-hostname-override=n|[-]-config .*containerd.toml|[p]od-routes'",
        "nft list tables | grep kube-proxy",
        "iptables -t nat -S | grep kubedev",
        "grep -E 'kubelet|kubedev' /proc/self/mountinfo",
        "ip -o link | grep kubedev0",
        "ip route show proto 107",
        "ls -d /sys/fs/cgroup/kubepods* 2>/dev/null",
        "ss -ltnH | grep -E ':(6443|10[0-9]{3}) '",
        "echo end",
    ];
    expect(await on("b", left.join("; "))).toBe("end");
    for (const thing of ["n-credentials", "n-ready", "n-tunnel"]) {
        expect(fs.existsSync(path.dirname(recordPath(stack, thing)))).toBe(false);
    }
});
