/**
 * A cluster by kubeadm, by the real engine, on containers with systemd: a control plane and a node that joins while it begins,
 * what changes of them do, and nothing left of either. The containers are of a NodeImage, without what makes that one kind's.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, kindTest, network, until } from "../support/kind";
import {
    builtPaths,
    compilesMs,
    controlPlaneBuilds,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";
import { imageCache, recordPath } from "../support/local-kvm";
import {
    addressOf,
    containerOf,
    inHost as inHostOf,
    left,
    makeHost,
    Name,
    staticPods,
} from "./kubeadm-hosts";
import { scratchDir } from "../support/scratch";

jest.setTimeout(3_600_000);

const upMs = 900_000;
let endTurn: () => Promise<void>;
let networkBefore: string;
let home: KindHome;
let stack: ScratchStack;

const inHost = (name: Name, command: string) => inHostOf(home, name, command);

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
        home = new KindHome(scratchDir("kubedev-home-"));
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
        for (const name of ["c", "n"] as const) makeHost(home, name, image, programs);
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

/** Things that a preview does something to, and what. */
async function touched(wishes: Wishes): Promise<Record<string, string>> {
    const ops = Object.entries((await stack.preview(wishing(wishes))).ops());
    return Object.fromEntries(ops.filter(([name]) => /^[cn]-/.test(name)));
}

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
    // From the other node, where nothing but a refusal is to be had of it; a time-out ends with 28.
    const pod = / (172\.19\.\S+) /.exec(pods)?.[1] ?? "";
    const asked = `curl -s --max-time 10 http://${pod}:9/ || echo $?`;
    await until("a pod of the other node", () =>
        Promise.resolve(inHost("c", asked) === "7" ? true : undefined),
    );
    expect(inHost("n", "curl -sk --max-time 10 https://10.100.0.1/livez")).toBe("ok");
    // By the kubelet's own port, which asks the API server who that is.
    expect(await kubectl("logs", "deployment/web")).toBe("");
});

const second = {
    plane: { verbosity: { kubeScheduler: 4 } },
    node: { nodeLabels: { tier: "back" }, verbosity: { kubelet: 2 } },
};

kindTest("a changed flag restarts what it is of, and nothing else; pods go on", async () => {
    const before = staticPods(home);
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
    const { "kube-scheduler": scheduler, ...others } = staticPods(home);
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
