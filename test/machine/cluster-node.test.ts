/**
 * A ClusterNode by the real engine: a virtual machine becomes Ready in a Cluster of this machine, and a machine like any other
 * again. Then it joins a cluster by kubeadm, whose control plane is on a machine that boots meanwhile.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo } from "node:net";
import * as path from "node:path";
import { isRunning } from "../support/host-state";
import { library, repoRoot, ScratchStack } from "../support/engine";
import { scratchDirectory } from "../support/script-process";
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

// This bound ends a run that hangs; a guest without acceleration on a busy machine takes many times what an idle one does.
jest.setTimeout(1_800_000);
const upMs = 1_700_000;

let builds: ScratchStack;
let stack: ScratchStack;
let binaries: Binaries;
let server: http.Server;
let scratch: string;

/** By http, since a guest without acceleration takes a minute for a hundred megabytes by ssh. */
async function serveBinaries(): Promise<number> {
    server = http.createServer((request, response) => {
        const file = binaries[(request.url ?? "/").slice(1)];
        if (file === undefined) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { "content-length": fs.statSync(file).size });
        fs.createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
}
const sha256 = (name: string) =>
    createHash("sha256")
        .update(fs.readFileSync(binaries[name] ?? ""))
        .digest("hex");

const sums = () =>
    Object.fromEntries(
        [
            ...["kubeadm", "kubelet", "kube-proxy", "kube-apiserver", "kube-controller-manager"],
            ...["kube-scheduler", "etcd", "pause"],
        ].map((name) => [name, sha256(name)]),
    );

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
    scratch = scratchDirectory();
    const pause = path.join(scratch, "pause");
    execFileSync("go", ["build", "-trimpath", "-ldflags=-s -w", "-o", pause, "./pause"], {
        cwd: path.join(repoRoot, "agents/node"),
        env: { ...process.env, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" },
    });
    binaries = { ...forThisMachine(await builtPaths(builds)), pause };
    const port = await serveBinaries();
    stack = await ScratchStack.create({
        // A machine's address is derived from it, and test files run side by side.
        project: `node-${String(process.pid)}`,
        env: imageCache(),
        program: `
import * as kubedev from "${library}";
const cluster = new kubedev.Cluster("c", {
    kubernetesVersion: "${kubernetesVersion}",
    binaries: ${clusterBinaries(binaries)},
});
const image = new kubedev.BaseImage("image", {
    packages: ["containerd", "containernetworking-plugins", "nftables", "iptables", "conntrack"],
    rootSizeMib: 3072,
});
const lan = new kubedev.MachineNetwork("lan", { machines: [{ name: "vm" }, { name: "cp" }] });
const machine = (name: string) =>
    new kubedev.VirtualMachine(name, {
        baseImage: image.files,
        ...{ memoryMib: 2048, cpus: 2, networks: [lan.network] },
    });
const vm = machine("vm");
export const { kubectlCommand } = cluster;
export const ssh = vm.sshCommand;
export let version: unknown;
export let kubeadmKubectl: unknown;
export let cpSsh: unknown;
const sentTo = (host: kubedev.VirtualMachine, prefix: string) => (name: string, sha256: string) =>
    new kubedev.HostArtifact(prefix + name, {
        host: host.host,
        url: "http://10.0.2.2:${String(port)}/" + name,
        sha256,
    }).path;
if (process.env.NODE_ARGS !== undefined) {
    const sent = sentTo(vm, "");
    const node = new kubedev.ClusterNode("n", {
        controlPlane: cluster.controlPlane,
        host: vm.host,
        binaries: {
            kubelet: sent("kubelet", "${sha256("kubelet")}"),
            kubeProxy: sent("kube-proxy", "${sha256("kube-proxy")}"),
        },
        ...JSON.parse(process.env.NODE_ARGS),
    });
    version = node.kubeletVersion;
}
if (process.env.KUBEADM !== undefined) {
    const wishes = JSON.parse(process.env.KUBEADM);
    const cp = machine("cp");
    const sums: Record<string, string> = ${JSON.stringify(sums())};
    const sent = (host: kubedev.VirtualMachine, name: string) =>
        sentTo(host, host === cp ? "cp-" : "vm-")(name, sums[name] ?? "");
    const address = (name: string) => lan.addresses.apply((all) => all[name] ?? "");
    const binariesOf = (host: kubedev.VirtualMachine) => ({
        kubeadm: sent(host, "kubeadm"),
        kubelet: sent(host, "kubelet"),
    });
    const plane = new kubedev.KubeadmControlPlane("k", {
        host: cp.host,
        address: address("cp"),
        kubernetesVersion: "${kubernetesVersion}",
        localBinaries: ${JSON.stringify({ kubeadm: binaries["kubeadm"], kubectl: binaries["kubectl"] })},
        binaries: binariesOf(cp),
        images: {
            kubeApiserver: sent(cp, "kube-apiserver"),
            kubeControllerManager: sent(cp, "kube-controller-manager"),
            kubeScheduler: sent(cp, "kube-scheduler"),
            etcd: sent(cp, "etcd"),
            pause: sent(cp, "pause"),
        },
    });
    kubeadmKubectl = plane.kubectlCommand;
    cpSsh = cp.sshCommand;
    if (wishes.node) {
        const joined = new kubedev.KubeadmNode("j", {
            cluster: plane.joining,
            clusterInstanceId: plane.instanceId,
            host: vm.host,
            address: address("vm"),
            binaries: { ...binariesOf(vm), kubeProxy: sent(vm, "kube-proxy") },
            images: { pause: sent(vm, "pause") },
            nodeLabels: wishes.nodeLabels,
        });
        version = joined.kubeletVersion;
    }
}
`,
    });
}, compilesMs);
afterAll(async () => {
    await (stack as ScratchStack | undefined)?.dispose();
    await (builds as ScratchStack | undefined)?.dispose();
    (server as http.Server | undefined)?.close();
    fs.rmSync(scratch, { recursive: true, force: true });
});

const withArgs = (args: object) => ({
    env: { NODE_ARGS: JSON.stringify(args) },
    timeoutMs: upMs,
});

const kubectl = (...args: string[]) => kubectlBy("kubectlCommand", ...args);
async function kubectlBy(output: string, ...args: string[]): Promise<string> {
    const line = `exec ${String((await stack.outputs())[output])} "$@"`;
    return execFileSync("sh", ["-c", line, "kubectl", ...args], {
        ...{ encoding: "utf8", timeout: 60_000 },
    }).trim();
}
const tunnelPid = () =>
    Number(/^pid=(\d+)$/m.exec(fs.readFileSync(recordPath(stack, "n-tunnel"), "utf8"))?.[1]);
/** Of one that runs. */
async function pidOf(program: string): Promise<string> {
    const record = `/root/.local/state/kubedev/*/*/n-${program}/record`;
    const pid = await inGuest(stack, `sed -n s/^pid=//p ${record}`);
    await inGuest(stack, `kill -0 ${pid}`);
    return pid;
}

test("a machine becomes a node that is Ready with the kubelet that was built, and then nothing changes", async () => {
    await stack.up(withArgs({ nodeLabels: { tier: "front" } }));
    const told = await kubectl("get", "nodes", "--no-headers", "-L", "tier");
    expect(told).toMatch(new RegExp(`^n +Ready .* ${kubernetesVersion} +front$`));
    expect(await stack.outputs()).toMatchObject({ version: kubernetesVersion });
    const again = await stack.preview(withArgs({ nodeLabels: { tier: "front" } }));
    expect(again.sequence).toEqual([]);
});

test("it listens on loopback alone, does not answer who has no name, and nothing of its keys is in the state", async () => {
    const sockets = (await inGuest(stack, "ss -ltnH | awk '{ print $4 }'")).split("\n");
    const open = sockets.filter((socket) => !/^(127\.|\[::1\])/.test(socket));
    expect(open.sort()).toEqual(["0.0.0.0:22", "[::]:22"]);
    expect(sockets).toEqual(expect.arrayContaining(["127.0.0.1:10250", "127.0.0.1:6443"]));
    expect(
        await inGuest(
            stack,
            "curl -sk --noproxy '*' -o /dev/null -w '%{http_code}' https://127.0.0.1:10250/pods",
        ),
    ).toBe("401");
    expect(await inGuest(stack, "nft list tables | grep kube-proxy")).toContain(
        "table ip kube-proxy",
    );
    const kubeconfig = await inGuest(
        stack,
        "cat /root/.local/state/kubedev/*/*/n-node/kubelet.conf",
    );
    const [, key = ""] = /client-key-data: (\S+)/.exec(kubeconfig) ?? [];
    expect(key.length).toBeGreaterThan(100);
    expect(stack.rawState()).not.toContain(key);
});

test("a flag of the kubelet restarts it alone, a label changes in place, a tunnel that died is started again", async () => {
    const before = [await pidOf("containerd"), await pidOf("kube-proxy")];
    const kubelet = await pidOf("kubelet");
    const tunnel = tunnelPid();
    process.kill(tunnel, "SIGKILL");
    const args = withArgs({ nodeLabels: { tier: "back" }, verbosity: { kubelet: 2 } });
    const expected = {
        ...{ n: "update", "n-kubelet": "replace", "n-ready": "replace", "n-tunnel": "replace" },
    };
    expect((await stack.preview(args)).ops()).toEqual(expected);
    await stack.up(args);
    expect([await pidOf("containerd"), await pidOf("kube-proxy")]).toEqual(before);
    expect(await pidOf("kubelet")).not.toBe(kubelet);
    const line = await inGuest(stack, `tr '\\0' ' ' </proc/${await pidOf("kubelet")}/cmdline`);
    expect(line).toContain("--v=2");
    expect(isRunning(tunnelPid())).toBe(true);
    expect(await kubectl("get", "nodes", "--no-headers", "-L", "tier")).toMatch(/ Ready .* back$/);
});

test("taken out of the program it leaves nothing: not in the cluster, not on its machine", async () => {
    const tunnel = tunnelPid();
    await stack.up({ timeoutMs: upMs });
    expect(await kubectl("get", "nodes", "-o", "name")).toBe("");
    expect(isRunning(tunnel)).toBe(false);
    const left = [
        "ls -d /var/lib/kubelet /var/lib/kubedev /run/kubedev /root/.local/state/kubedev 2>/dev/null",
        "pgrep -fa '[-]-hostname-override=n|[-]-config .*containerd.toml'",
        "nft list tables | grep kube-proxy",
        "grep -E 'kubelet|kubedev' /proc/self/mountinfo",
        "ip -o link | grep kubedev0",
        "ls -d /sys/fs/cgroup/kubepods* 2>/dev/null",
        "ss -ltnH | grep -E ':(6443|10[0-9]{3}) '",
        "echo end",
    ];
    expect(await inGuest(stack, left.join("; "))).toBe("end");
    expect(fs.existsSync(path.dirname(recordPath(stack, "n-credentials")))).toBe(false);
});

describe("by kubeadm", () => {
    const joined = (nodeLabels: object = { tier: "front" }) => ({
        env: { KUBEADM: JSON.stringify({ node: true, nodeLabels }) },
        timeoutMs: upMs,
    });
    const ofCluster = (...args: string[]) => kubectlBy("kubeadmKubectl", ...args);

    test("a machine joins while that of the control plane boots, both are Ready, and then nothing changes", async () => {
        await stack.up(joined());
        const told = (await ofCluster("get", "nodes", "--no-headers", "-L", "tier")).split("\n");
        expect(told).toHaveLength(2);
        expect(told[0]).toMatch(new RegExp(`^j +Ready .* ${kubernetesVersion} +front$`));
        expect(told[1]).toMatch(new RegExp(`^k +Ready +control-plane .* ${kubernetesVersion}`));
        expect(await stack.outputs()).toMatchObject({ version: kubernetesVersion });
        expect((await stack.preview(joined())).sequence).toEqual([]);
    });

    test("its kubelet listens on the machines' network, and the token is not in the state", async () => {
        const address = await ofCluster(
            ...["get", "node", "j", "-o", "jsonpath={.status.addresses[0].address}"],
        );
        expect(await inGuest(stack, "ss -ltnH | awk '{ print $4 }'")).toContain(`${address}:10250`);
        const token = fs.readFileSync(
            path.join(path.dirname(recordPath(stack, "k-keys")), "token"),
            "utf8",
        );
        expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
        expect(stack.rawState()).not.toContain(token.trim());
    });

    test("a kubelet that was stopped, and a node that was reset, are seen and put right", async () => {
        await inGuest(stack, "systemctl stop kubelet");
        expect((await stack.preview(joined())).ops()).toEqual({
            ...{ "j-kubelet": "replace", "j-ready": "replace" },
        });
        await inGuest(stack, "rm /etc/kubernetes/kubelet.conf");
        await stack.up(joined({ tier: "back" }));
        expect(await ofCluster("get", "node", "j", "--no-headers", "-L", "tier")).toMatch(
            / Ready .* back$/,
        );
    });

    test("taken out of the program a node leaves nothing: not in the cluster, not on its machine", async () => {
        await stack.up({ env: { KUBEADM: "{}" }, timeoutMs: upMs });
        expect(await ofCluster("get", "nodes", "-o", "name")).toBe("node/k");
        const left = [
            "ls -d /etc/kubernetes /var/lib/kubelet /var/lib/kubedev /run/kubedev /root/.local/state/kubedev /etc/systemd/system/kubelet.service 2>/dev/null",
            "pgrep -fa '[-]-config-dir=|[-]-config .*containerd.toml'",
            "grep -E 'kubelet|kubedev' /proc/self/mountinfo",
            "ip -o link | grep kubedev0",
            "ls -d /sys/fs/cgroup/kubepods* 2>/dev/null",
            "echo end",
        ];
        expect(await inGuest(stack, left.join("; "))).toBe("end");
    });

    test("the control plane goes, and leaves nothing on this machine", async () => {
        const tunnel = Number(
            /^pid=(\d+)$/m.exec(fs.readFileSync(recordPath(stack, "k-tunnel"), "utf8"))?.[1],
        );
        await stack.up({ timeoutMs: upMs });
        expect(isRunning(tunnel)).toBe(false);
        expect(fs.existsSync(path.dirname(recordPath(stack, "k-keys")))).toBe(false);
    });
});
