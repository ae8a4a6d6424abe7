/**
 * A cluster by kubeadm, by the real engine, on containers with systemd: a control plane and a node that joins while it begins,
 * what changes of them do, and nothing left of either. The containers are of a NodeImage, without what makes that one kind's.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, KindHome, kindTest, network, until } from "../support/kind";
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
        ...["run", "--detach", "--privileged", "--cgroupns=private", "--tmpfs=/run", "--tmpfs=/tmp"],
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
        // Before the engine ends, which would leave the bridge.
        for (const name of ["c", "n"] as const) {
            try {
                home.docker("rm", "--force", "--volumes", containerOf(name));
            } catch {
                // It was not made.
            }
        }
        try {
            home.docker("network", "rm", "kubeadm");
        } catch {
            // It was not made.
        }
        await (stack as ScratchStack | undefined)?.dispose();
        fs.rmSync(home.dir, { recursive: true, force: true });
        await endTurn();
    }),
);

async function kubectl(...args: string[]): Promise<string> {
    const line = `exec ${String((await stack.outputs())["kubectl"])} "$@"`;
    return execFileSync("sh", ["-c", line, "kubectl", ...args], {
        ...{ encoding: "utf8", timeout: 60_000, stdio: "pipe" },
    }).trim();
}

kindTest("a node joins while the control plane begins, both are Ready, and then nothing changes", async () => {
    await stack.up(wishing({ plane: {}, node: { nodeLabels: { tier: "front" } } }));
    const nodes = (await kubectl("get", "nodes", "--no-headers", "-L", "tier")).split("\n");
    expect(nodes).toHaveLength(2);
    expect(nodes[0]).toMatch(new RegExp(`^c +Ready +control-plane .* ${kubernetesVersion}`));
    expect(nodes[1]).toMatch(new RegExp(`^n +Ready .* ${kubernetesVersion} +front$`));
    expect((await stack.preview(wishing({ plane: {}, node: { nodeLabels: { tier: "front" } } }))).changed).toEqual([]);
});
