/**
 * A cluster by kubeadm, by the real engine, on containers with systemd: a control plane and a node that joins while it begins,
 * what changes of them do, and nothing left of either. The containers are of a NodeImage, without what makes that one kind's.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, kindTest, network } from "../support/kind";
import {
    Binaries,
    builtPaths,
    compilesMs,
    controlPlaneBuilds,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";
import { imageCache, recordPath } from "../support/local-kvm";

jest.setTimeout(3_600_000);

const upMs = 900_000;
/** Of the range that machines' networks are in; the engine makes its bridge. */
const addressOf = { c: "198.18.44.2", n: "198.18.44.3" };
type Name = keyof typeof addressOf;
const containerOf = (name: Name) => `kubeadm-${String(process.pid)}-${name}`;

let endTurn: () => Promise<void>;
let networkBefore: string;
let home: KindHome;
let stack: ScratchStack;

/** A container of the node image as a host that is no node yet. */
function makeHost(name: Name, image: string, programs: Binaries): void {
    const mounts = Object.entries(programs).flatMap(([program, file]) => [
        ...["--volume", `${fs.realpathSync(file)}:/opt/bin/${program}:ro`],
    ]);
    home.docker(
        ...[
            "run",
            "--detach",
            "--privileged",
            "--cgroupns=private",
            "--tmpfs=/run",
            "--tmpfs=/tmp",
        ],
        // What containers are laid over must not be an overlay itself.
        ...["--volume=/var", "--volume=/lib/modules:/lib/modules:ro", ...mounts],
        ...["--network=kubeadm", `--ip=${addressOf[name]}`, `--hostname=${name}`],
        ...[`--name=${containerOf(name)}`, image],
    );
    const bare = [
        "until systemctl is-system-running --wait 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.1; done",
        "systemctl --quiet disable --now kubelet containerd",
        "rm -rf /etc/systemd/system/kubelet.service* /etc/kubernetes /var/lib/kubelet /var/lib/containerd",
        "systemctl daemon-reload",
    ];
    inHost(name, `set -e; ${bare.join("; ")}`);
}
function inHost(name: Name, command: string): string {
    return home.docker("exec", containerOf(name), "sh", "-c", command);
}

/** What is asked for of the program below; nothing: no cluster. */
interface Wishes {
    plane?: object;
    node?: object;
}
const wishing = (wishes: Wishes) => ({
    env: { WISHES: JSON.stringify(wishes) },
    timeoutMs: upMs,
});

const program = `${controlPlaneBuilds}
const client = kubernetes("client", ["kubectl"], ["${process.arch === "arm64" ? "linux/arm64" : "linux/amd64"}"]);
const node = kubernetes("node", ["kubelet", "kube-proxy"], ["${process.arch === "arm64" ? "linux/arm64" : "linux/amd64"}"]);
const containers = new kubedev.ContainerEngine("containers", {});
const image = new kubedev.NodeImage("node-image", { engine: containers.engine, version: "${kubernetesVersion}" });
export const paths = { control: control.paths, client: client.paths, etcd: etcd.paths, node: node.paths };
export const tag = image.tag;
export let kubectl: unknown;
export let kubeconfigPath: unknown;
export let told: unknown;
const wishes = JSON.parse(process.env.WISHES ?? "{}");
const binaries = { kubeadm: "/opt/bin/kubeadm", kubelet: "/opt/bin/kubelet", kubeProxy: "/opt/bin/kube-proxy" };
const common = { binaries, allowCgroupV1: true, readyTimeoutSec: 300 };
const host = (name: string) => ({ container: { name, ownEngine: true } });
if (wishes.plane !== undefined) {
    const local = (of: typeof control, name: string) =>
        of.paths.apply((all) => Object.entries(all).find(([key]) => key.startsWith(name + "-linux"))?.[1] ?? "");
    const plane = new kubedev.KubeadmControlPlane("c", {
        ...common,
        host: host("${containerOf("c")}"),
        address: "${addressOf.c}",
        kubernetesVersion: "${kubernetesVersion}",
        localBinaries: { kubeadm: local(control, "kubeadm"), kubectl: local(client, "kubectl") },
        images: {
            kubeApiserver: "/opt/bin/kube-apiserver",
            kubeControllerManager: "/opt/bin/kube-controller-manager",
            kubeScheduler: "/opt/bin/kube-scheduler",
            etcd: "/opt/bin/etcd",
            pause: "/opt/bin/pause",
        },
        ...wishes.plane,
    });
    kubectl = plane.kubectlCommand;
    kubeconfigPath = plane.kubeconfigPath;
    if (wishes.node !== undefined) {
        const joined = new kubedev.KubeadmNode("n", {
            ...common,
            cluster: plane.joining,
            clusterInstanceId: plane.instanceId,
            host: host("${containerOf("n")}"),
            address: "${addressOf.n}",
            images: { pause: "/opt/bin/pause" },
            ...wishes.node,
        });
        told = [joined.nodeName, joined.kubeletVersion, joined.internalIp, joined.podCidr];
    }
}
`;

beforeAll(
    kindHook(async () => {
        endTurn = await engineTurn();
        networkBefore = network();
        home = new KindHome(fs.mkdtempSync(path.join(os.tmpdir(), "kubedev-home-")));
        stack = await ScratchStack.create({
            ...{ program, project: "kubeadm" },
            env: {
                ...imageCache(),
                ...{ XDG_STATE_HOME: path.join(home.dir, "state"), GOFLAGS: "" },
            },
        });
        await stack.up({ timeoutMs: compilesMs });
        const pause = path.join(home.dir, "pause");
        execFileSync("go", ["build", "-trimpath", "-ldflags=-s -w", "-o", pause, "./pause"], {
            cwd: path.join(repoRoot, "agents/node"),
            env: { ...process.env, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" },
        });
        const programs = { ...forThisMachine(await builtPaths(stack)), pause };
        const image = String((await stack.outputs())["tag"]);
        home.docker("network", "create", "--subnet=198.18.44.0/24", "kubeadm");
        for (const name of ["c", "n"] as const) makeHost(name, image, programs);
    }),
);
afterAll(
    kindHook(async () => {
        // The engine takes containers and their network with it.
        await (stack as ScratchStack | undefined)?.dispose();
        fs.rmSync(home.dir, { recursive: true, force: true });
        await endTurn();
        expect(network()).toBe(networkBefore);
    }),
);

async function kubectl(...args: string[]): Promise<string> {
    const line = `exec ${String((await stack.outputs())["kubectl"])} "$@"`;
    return execFileSync("sh", ["-c", line, "kubectl", ...args], {
        ...{ encoding: "utf8", timeout: 60_000, stdio: "pipe" },
    }).trim();
}

/** A container's id by the name of the static pod that it is in. */
function staticPods(): Record<string, string> {
    const ctr = "ctr --address /run/kubedev/containerd/containerd.sock -n k8s.io";
    const running = `${ctr} tasks list 2>/dev/null | awk '$3 == "RUNNING" { print $1 }'`;
    const named = `${ctr} containers info "$id" 2>/dev/null | sed -n 's/.*"io.kubernetes.container.name": "\\(.*\\)".*/\\1/p'`;
    const lines = inHost("c", `for id in $(${running}); do echo "$(${named}) $id"; done`);
    return Object.fromEntries(
        lines
            .split("\n")
            .map((line) => line.split(" ") as [string, string])
            .filter(([name]) => /^(etcd|kube-)/.test(name)),
    );
}

/** Things that a preview does something to, and what. */
async function touched(wishes: Wishes): Promise<Record<string, string>> {
    const ops = Object.entries((await stack.preview(wishing(wishes))).ops());
    return Object.fromEntries(ops.filter(([name]) => /^[cn]-/.test(name)));
}

/** What a node leaves on a host, in words of the host; nothing. */
const left = [
    "ls -d /etc/kubernetes /var/lib/kubelet /var/lib/etcd /var/lib/kubedev /var/lib/cni /run/kubedev 2>/dev/null",
    "ls -d /root/.local/state/kubedev /etc/systemd/system/kubelet.service /var/log/pods /var/log/containers 2>/dev/null",
    "ps -eo args | grep -E '^(\\S*/)?(containerd|kubelet|kube-|pause|etcd)'",
    "grep -E ' (/var/lib/kube|/run/kubedev|/run/netns/)' /proc/self/mountinfo",
    "ip -o link | grep -E 'kubedev0|veth'",
    "ip route | grep 172.19",
    "find /sys/fs/cgroup -maxdepth 2 -name 'kubepods*'",
    "for t in iptables ip6tables; do for n in filter nat mangle; do $t -t $n -S 2>/dev/null | grep -E 'KUBE|CNI'; done; done",
    "nft list tables | grep kube",
    "systemctl list-units --all --no-legend | grep -E 'kubepods|kubelet.service|containerd'",
    "echo nothing else",
].join("; ");

const first = { plane: {}, node: { nodeLabels: { tier: "front" } } };

kindTest(
    "a node joins while the control plane begins, both are Ready, and then nothing changes",
    async () => {
        await stack.up(wishing(first));
        const nodes = (await kubectl("get", "nodes", "--no-headers", "-L", "tier")).split("\n");
        expect(nodes).toHaveLength(2);
        expect(nodes[0]).toMatch(new RegExp(`^c +Ready +control-plane .* ${kubernetesVersion}`));
        expect(nodes[1]).toMatch(new RegExp(`^n +Ready .* ${kubernetesVersion} +front$`));
        expect((await stack.outputs())["told"]).toEqual([
            ...["n", kubernetesVersion, addressOf.n],
            expect.stringMatching(/^172\.19\.\d+\.0\/24$/),
        ]);
        expect((await stack.preview(wishing(first))).changed).toEqual([]);
    },
);

kindTest(
    "token and keys are not to be read in the state, nor by others; who has no name is refused",
    async () => {
        const keys = path.dirname(recordPath(stack, "c-keys"));
        const token = fs.readFileSync(path.join(keys, "token"), "utf8").trim();
        expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
        const key = fs.readFileSync(path.join(keys, "pki/ca.key"), "utf8").split("\n")[1] ?? "";
        const admin = String((await stack.outputs())["kubeconfigPath"]);
        const adminKey = /client-key-data: (\S+)/.exec(fs.readFileSync(admin, "utf8"))?.[1] ?? "";
        const state = stack.rawState();
        for (const secret of [token, key, adminKey.slice(0, 60)]) {
            expect(secret.length).toBeGreaterThan(20);
            expect(state).not.toContain(secret);
        }
        expect(fs.statSync(admin).mode & 0o077).toBe(0);
        // What joined keeps no token.
        expect(inHost("n", `grep -rl '${token}' /etc/kubernetes /root/.local/state || true`)).toBe(
            "",
        );

        const asked = (url: string) =>
            inHost("n", `curl -sk -o /dev/null -w '%{http_code}' https://${url}`);
        const api = `${addressOf.c}:6443`;
        expect(asked(`${api}/livez`)).toBe("200");
        for (const url of [
            ...[`${api}/version`, `${api}/api/v1/namespaces/kube-public/configmaps/cluster-info`],
            ...[`${addressOf.c}:10250/pods`, `${addressOf.n}:10250/pods`],
        ]) {
            expect([url, asked(url)]).toEqual([url, "401"]);
        }
        for (const name of ["c", "n"] as const) {
            const sockets = inHost(name, "ss -ltnH | awk '{ print $4 }'").split("\n");
            const open = sockets.filter((at) => !at.startsWith("127."));
            const ports = name === "c" ? [10250, 2379, 2380, 6443] : [10250];
            expect(open.sort()).toEqual(ports.map((port) => `${addressOf[name]}:${String(port)}`));
        }
    },
);

kindTest("a Deployment gets its ReplicaSet, and pods that run on the node", async () => {
    const image = "registry.k8s.io/pause:3.10.2";
    await kubectl("create", "deployment", "web", `--image=${image}`, "--replicas=2");
    await kubectl("rollout", "status", "deployment/web", "--timeout=55s");
    const pods = await kubectl("get", "pods", "-o", "wide", "--no-headers");
    expect(pods.split("\n")).toHaveLength(2);
    for (const pod of pods.split("\n")) expect(pod).toMatch(/ Running +0 .* 172\.19\.\d+\.\d+ +n /);
    expect(await kubectl("get", "replicasets", "--no-headers")).toMatch(/^web-\w+ +2 +2 +2 /);
    // By the kubelet's own port, which asks the API server who that is.
    expect(await kubectl("logs", "deployment/web")).toBe("");
});

const second = {
    plane: { verbosity: { kubeScheduler: 4 } },
    node: { nodeLabels: { tier: "back" }, verbosity: { kubelet: 2 } },
};

kindTest("a changed flag restarts what it is of, and nothing else; pods go on", async () => {
    const before = staticPods();
    expect(Object.keys(before).sort()).toEqual([
        ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    ]);
    expect(await touched(second)).toEqual({
        ...{ "c-init": "update", "n-join": "update" },
        ...{ "n-kubelet": "replace", "n-ready": "replace" },
    });
    const restarted = () => inHost("n", "systemctl show -p MainPID --value kubelet");
    const kubelet = restarted();
    await stack.up(wishing(second));
    expect(restarted()).not.toBe(kubelet);
    const { "kube-scheduler": scheduler, ...others } = staticPods();
    expect(scheduler).not.toBe(before["kube-scheduler"]);
    expect(before).toMatchObject(others);
    expect(inHost("c", "cat /etc/kubernetes/manifests/kube-scheduler.yaml")).toContain("--v=4");
    expect(await kubectl("get", "node", "n", "--no-headers", "-L", "tier")).toMatch(
        / Ready .* back$/,
    );
    expect(await kubectl("get", "pods", "--no-headers")).toMatch(
        /^web-\S+ +1\/1 +Running +0 .*\nweb-\S+ +1\/1 +Running +0 /,
    );
});

kindTest("a kubelet that was stopped is seen; a node whose files went joins anew", async () => {
    inHost("n", "systemctl stop kubelet");
    expect(await touched(second)).toEqual({ "n-kubelet": "replace", "n-ready": "replace" });
    // As who resets it by hand does; a node that counts as Ready would be waited for.
    await kubectl("delete", "node", "n");
    inHost("n", "rm /etc/kubernetes/kubelet.conf");
    await stack.up(wishing(second));
    expect(await kubectl("get", "node", "n", "--no-headers")).toMatch(/^n +Ready /);
});

kindTest(
    "taken out of the program a node leaves nothing, and then the control plane neither",
    async () => {
        await stack.up(wishing({ plane: second.plane }));
        expect(await kubectl("get", "nodes", "-o", "name")).toBe("node/c");
        expect(inHost("n", left)).toBe("nothing else");
        await stack.up(wishing({}));
        expect(inHost("c", left)).toBe("nothing else");
        expect(fs.existsSync(path.dirname(recordPath(stack, "c-keys")))).toBe(false);
    },
);
