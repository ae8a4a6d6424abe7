/**
 * What an edit of the kubelet costs, until a node on a virtual machine of this computer is Ready with it, by one `pulumi up`:
 * how much of that the compiler takes, how much the way to the machine, and how much the exchange: `make bench`.
 */
import { library, ScratchStack } from "../support/engine";
import {
    Binaries,
    buildStack,
    builtPaths,
    clusterBinaries,
    compilesMs,
    controlPlaneBuilds,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";
import { imageCache } from "../support/local-kvm";
import { bench, median, rounds, row, seconds, time } from "./figures";
import { Steps } from "./steps";

const arch = process.arch === "arm64" ? "arm64" : "amd64";

const program = (binaries: Binaries) => `
import * as kubedev from ${JSON.stringify(library)};
const cluster = new kubedev.Cluster("c", {
    kubernetesVersion: "${kubernetesVersion}",
    binaries: ${clusterBinaries(binaries)},
});
const image = new kubedev.BaseImage("image", {
    packages: ["containerd", "containernetworking-plugins", "nftables", "iptables", "conntrack"],
    rootSizeMib: 3072,
});
const vm = new kubedev.VirtualMachine("vm", { baseImage: image.files, memoryMib: 2048 });
const edited = new kubedev.Build("edited", {
    module: "k8s.io/kubernetes@${kubernetesVersion}",
    targets: ["k8s.io/kubernetes/cmd/kubelet"],
    ldflags: "-X k8s.io/component-base/version.gitVersion=" + process.env.KUBELET_VERSION,
});
const { path: sourcePath, sha256 } = edited.binaries["kubelet-linux-${arch}"]!;
const node = new kubedev.ClusterNode("n", {
    controlPlane: cluster.controlPlane,
    host: vm.host,
    binaries: {
        kubelet: new kubedev.HostArtifact("kubelet", { host: vm.host, sourcePath, sha256 }).path,
        kubeProxy: new kubedev.HostArtifact("kube-proxy", {
            host: vm.host,
            sourcePath: "${binaries["kube-proxy"] ?? ""}",
        }).path,
    },
});
export const version = node.kubeletVersion;
`;

async function main(): Promise<void> {
    const builds = await buildStack(
        "bench-edit",
        `${controlPlaneBuilds}
const client = kubernetes("client", ["kubectl"], ["linux/${arch}"]);
const node = kubernetes("node", ["kube-proxy"], ["linux/${arch}"]);
export const paths = { control: control.paths, client: client.paths, etcd: etcd.paths, node: node.paths };
`,
    );
    await builds.up({ timeoutMs: compilesMs });
    const stack = await ScratchStack.create({
        program: program(forThisMachine(await builtPaths(builds))),
        project: "bench",
        env: { ...imageCache(), GOFLAGS: "" },
    });
    try {
        const shares = { all: [], compiler: [], way: [], exchange: [], rest: [] } as Record<
            "all" | "compiler" | "way" | "exchange" | "rest",
            number[]
        >;
        for (let round = 0; round <= rounds; round++) {
            const version = `${kubernetesVersion}-edit.${String(round)}`;
            const steps = new Steps();
            const all = await time(() =>
                stack.up({
                    env: { KUBELET_VERSION: version },
                    timeoutMs: compilesMs,
                    heard: steps.heard,
                }),
            );
            const reported = (await stack.outputs())["version"];
            if (reported !== version) {
                throw new Error(`the node reports ${String(reported)}; expected ${version}`);
            }
            // The first one makes the cluster and the machine.
            if (round === 0) continue;
            const compiler = steps.of("edited-build");
            const way = steps.of("kubelet-artifact");
            const exchange = steps.of("n-kubelet") + steps.of("n-ready");
            shares.all.push(all);
            shares.compiler.push(compiler);
            shares.way.push(way);
            shares.exchange.push(exchange);
            shares.rest.push(all - compiler - way - exchange);
        }
        row("an edited kubelet, until its node is Ready with it", seconds(median(shares.all)));
        row("  of it the compiler", seconds(median(shares.compiler)));
        row("  of it the way to the machine", seconds(median(shares.way)));
        row("  of it the exchange, to Ready", seconds(median(shares.exchange)));
        row("  of it Pulumi, and looking at all the rest", seconds(median(shares.rest)));
        const without = shares.all.map((all, round) => all - (shares.compiler[round] ?? 0));
        row("  all but the compiler", seconds(median(without)), "<= 15 s");
    } finally {
        await stack.dispose();
        await builds.dispose();
    }
}

bench("edit", main);
