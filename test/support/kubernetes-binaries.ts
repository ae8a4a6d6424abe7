/**
 * Kubernetes' own programs from released modules. `kubedev.Build` keeps them for this user: only the first run on a
 * machine compiles, for about half an hour on two cores.
 */
import { library, ScratchStack } from "./engine";
import { imageCache } from "./local-kvm";

export const kubernetesVersion = "v1.36.1";
export const etcdVersion = "v3.6.8";
/** Bounds a first compilation. */
export const compilesMs = 3_600_000;

/** Name of a program, as kubectl, to its file. */
export type Binaries = Record<string, string>;

const platform = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;
const commands = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubeadm"];

/** Source of the builds `control`, `client` and `etcd`: what a control plane and who talks to it take. */
export const controlPlaneBuilds = `
import * as kubedev from "${library}";
const kubernetes = (name: string, commands: string[], platforms: string[]) =>
    new kubedev.Build(name, {
        module: "k8s.io/kubernetes@${kubernetesVersion}",
        targets: commands.map((command) => "k8s.io/kubernetes/cmd/" + command),
        platforms,
    });
const control = kubernetes("control", ${JSON.stringify(commands)}, ["${platform}"]);
const etcd = new kubedev.Build("etcd", {
    module: "go.etcd.io/etcd/server/v3@${etcdVersion}",
    targets: ["go.etcd.io/etcd/server/v3"],
    names: { "go.etcd.io/etcd/server/v3": "etcd" },
    platforms: ["${platform}"],
});
`;

/** A stack of builds: its binaries last as long as it does. */
export function buildStack(project: string, program: string): Promise<ScratchStack> {
    return ScratchStack.create({ program, project, env: { ...imageCache(), GOFLAGS: "" } });
}

/** The output `paths` of such a stack, with the names that it has: kubectl-linux-amd64. */
export async function builtPaths(stack: ScratchStack): Promise<Binaries> {
    const builds = (await stack.outputs())["paths"] as Record<string, Binaries>;
    return Object.assign({}, ...Object.values(builds)) as Binaries;
}

/** Those for this machine. */
export function forThisMachine(paths: Binaries): Binaries {
    const suffix = `-${platform.replace("/", "-")}`;
    const own = Object.entries(paths).filter(([name]) => name.endsWith(suffix));
    return Object.fromEntries(own.map(([name, file]) => [name.slice(0, -suffix.length), file]));
}

/** Source of the argument `binaries` of a Cluster. */
export function clusterBinaries(binaries: Binaries): string {
    const name = (flag: string) =>
        flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const wanted = ["etcd", ...commands, "kubectl"];
    return JSON.stringify(Object.fromEntries(wanted.map((one) => [name(one), binaries[one]])));
}

/** A stack with what a control plane takes, compiled where it was not yet. */
export async function controlPlaneStack(): Promise<ScratchStack> {
    const stack = await buildStack(
        "control-plane",
        `${controlPlaneBuilds}
const client = kubernetes("client", ["kubectl"], ["${platform}"]);
export const paths = { control: control.paths, client: client.paths, etcd: etcd.paths };
`,
    );
    try {
        await stack.up({ timeoutMs: compilesMs });
        return stack;
    } catch (e) {
        await stack.dispose();
        throw e;
    }
}
