/**
 * What clusters by kind cost, beside bare `kind create cluster` with the same configuration and image; a preview of the
 * environment `kind`, beside an empty program; another kubelet in a node image and in a running node, beside kind's own way.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { script } from "../../components/internal/scripts";
import { kindConfig } from "../../components/kind/kind-config";
import { buildVariables, usualOptions } from "../../components/source/build-script";
import { library, repoRoot, ScratchStack } from "../support/engine";
import { engineTurn, KindHome } from "../support/kind";
import { kubernetesVersion } from "../support/kubernetes-binaries";
import { imageCache } from "../support/local-kvm";
import { json, runScript } from "../support/script-process";
import { makeReleasedTree } from "../support/released-tree";
import { bench, median, previewTime, rounds, row, seconds, time } from "./figures";

const compilesMs = 3_600_000;
const address = "127.9.8.7";

/** The engine, an image and kind; and two kubelets, of which the second is linked with another version. */
const parts = `
import * as kubedev from ${JSON.stringify(library)};
const { engine } = new kubedev.ContainerEngine("containers", {});
const image = new kubedev.NodeImage("node", { engine, version: "${kubernetesVersion}" });
const kind = new kubedev.Build("kind", { module: "sigs.k8s.io/kind@v0.32.0", targets: ["sigs.k8s.io/kind"] });
const edited = new kubedev.Build("edited", {
    module: "k8s.io/kubernetes@${kubernetesVersion}",
    targets: ["k8s.io/kubernetes/cmd/kubelet"],
    ldflags: "-X k8s.io/component-base/version.gitTreeState=edited",
});
const only = (paths: Record<string, string>) => Object.values(paths)[0];
export const tag = image.tag;
export const kindPath = kind.paths.apply(only);
export const kubelet = edited.paths.apply(only);
`;

async function main(scratch: string): Promise<void> {
    const endTurn = await engineTurn();
    const home = new KindHome(scratch);
    const state = { XDG_STATE_HOME: path.join(scratch, "state") };
    const env = { ...imageCache(), ...state, GOFLAGS: "" };
    const environment = await ScratchStack.create({
        program: `module.exports = require(${JSON.stringify(path.join(repoRoot, "stacks"))});\n`,
        project: "kubedev",
        stack: `bench-${String(process.pid)}`,
        env,
        config: { "kubedev:environment": "kind", "kind:addons": "[]" },
    });
    const empty = await ScratchStack.create({ program: "export {};\n", env });
    try {
        process.stderr.write("a cluster of the environment kind\n");
        await environment.up({ timeoutMs: compilesMs });
        await previews(environment, empty);
        environment.program(parts);
        await environment.up({ timeoutMs: compilesMs });
        const made = (await environment.outputs()) as Record<
            "tag" | "kindPath" | "kubelet",
            string
        >;
        const cluster = new BenchCluster(home, made.tag, made.kindPath);
        const recreation = await creations(cluster);
        await otherKubelet(cluster, made.kubelet);
        await kindsOwnWay(cluster, recreation);
    } finally {
        await environment.dispose();
        await empty.dispose();
        await endTurn();
    }
}

async function previews(environment: ScratchStack, empty: ScratchStack): Promise<void> {
    const times = { empty: [] as number[], kind: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
        // The first of each fills caches.
        const [nothing, all] = [await previewTime(empty), await previewTime(environment)];
        if (round > 0) {
            times.empty.push(nothing);
            times.kind.push(all);
        }
    }
    row("preview of an empty program", seconds(median(times.empty)));
    row("preview of the environment kind, nothing changed", seconds(median(times.kind)));
    row("  of the empty one", (median(times.kind) / median(times.empty)).toFixed(2), "<= 1.5");
}

/** A cluster of one node, made by our script or by kind alone. */
class BenchCluster {
    private readonly config = JSON.stringify(kindConfig({}, "bench", address), undefined, 2);
    private readonly configFile: string;
    private readonly environment: Record<string, string>;

    constructor(
        readonly home: KindHome,
        readonly image: string,
        readonly kindPath: string,
    ) {
        this.configFile = path.join(home.dir, "config.json");
        fs.writeFileSync(this.configFile, this.config);
        this.environment = {
            HOME: home.dir,
            ...{ KUBEDEV_SCOPE: "kubedev/bench", KUBEDEV_SPEC: "spec", KUBEDEV_INCARNATION: "1" },
            XDG_STATE_HOME: path.join(home.dir, "state"),
            XDG_CACHE_HOME: imageCache()["XDG_CACHE_HOME"] ?? "",
            KUBEDEV_ENGINE: "own",
            KUBEDEV_CLUSTER: "bench",
            KUBEDEV_IMAGE_TAG: image,
        };
    }

    /** Runs one of our scripts for a thing. */
    async run(name: string, key: string, values: Record<string, string> = {}): Promise<void> {
        const dir = this.stateOf(key);
        fs.mkdirSync(dir, { recursive: true });
        const more = { KUBEDEV_KEY: key, KUBEDEV_DIR: dir };
        const ran = await runScript(`kind/${name}`, { ...this.environment, ...more, ...values });
        if (ran.code !== 0) {
            json(ran);
        }
    }
    create = () =>
        this.run("cluster-create", "cluster", {
            KUBEDEV_KIND: this.kindPath,
            KUBEDEV_CONFIG: this.config,
            KUBEDEV_WAIT_SEC: "300",
            KUBEDEV_VERBOSITY: "0",
            ...{ KUBEDEV_LABELS: "", KUBEDEV_LOAD_IMAGES: "", KUBEDEV_LOAD_ARCHIVES: "" },
            ...{ KUBEDEV_GENERATION: "1", KUBEDEV_STARTS: "1" },
        });
    remove = () => this.run("cluster-delete", "cluster");

    private stateOf = (key: string) => path.join(this.home.dir, "state/kubedev/kubedev/bench", key);

    private kind(...args: string[]): void {
        execFileSync(this.kindPath, [...args, "--name", "bench", "--kubeconfig", this.kubeconfig], {
            env: {
                ...{ HOME: this.home.dir, PATH: process.env["PATH"] },
                DOCKER_HOST: `unix://${this.home.engineDir}/docker.sock`,
                KIND_EXPERIMENTAL_DOCKER_NETWORK: "bench",
            },
            stdio: ["ignore", "ignore", "inherit"],
        });
    }
    private get kubeconfig(): string {
        return path.join(this.home.dir, "kubeconfig");
    }
    createBare = () => {
        const given = ["--config", this.configFile, "--image", this.image, "--wait", "300s", "-q"];
        this.kind("create", "cluster", ...given);
    };
    // By our own script: a node so young may have a pod that runc has frozen, which kind cannot remove.
    removeBare = async () => {
        const dir = this.stateOf("cluster");
        fs.mkdirSync(dir, { recursive: true });
        fs.writeFileSync(path.join(dir, "making"), "");
        await this.remove();
    };
}

/** Answers what bare kind took. */
async function creations(cluster: BenchCluster): Promise<number> {
    const times = { bare: [] as number[], ours: [] as number[] };
    for (let round = 0; round < rounds; round++) {
        times.bare.push(await time(cluster.createBare));
        await cluster.removeBare();
        times.ours.push(await time(cluster.create));
        await cluster.remove();
    }
    row("kind create cluster, to Ready", seconds(median(times.bare)));
    row("KindCluster, to Ready", seconds(median(times.ours)));
    row("  of kind's", (median(times.ours) / median(times.bare)).toFixed(2), "<= 1.10");
    return median(times.bare);
}

/** From where the compiler ended. */
async function otherKubelet(cluster: BenchCluster, kubelet: string): Promise<void> {
    const binaries = { KUBEDEV_BINARIES: `kubelet edited ${kubelet}` };
    const overlays = [];
    for (let round = 0; round < rounds; round++) {
        const tag = { KUBEDEV_IMAGE_TAG: `kubedev/node:bench-${String(round)}` };
        const overlay = {
            ...{ ...tag, ...binaries, KUBEDEV_EXTRA_IMAGES: "" },
            ...{ KUBEDEV_IMAGE_BASE: cluster.image, KUBEDEV_IMAGE_FIRST: tag.KUBEDEV_IMAGE_TAG },
        };
        overlays.push(await time(() => cluster.run("node-image-overlay", "overlay", overlay)));
        await cluster.run("node-image-remove", "overlay");
    }
    row("another kubelet laid over the node image", seconds(median(overlays)), "<= 15 s");

    await cluster.create();
    const swaps = [];
    const swap = {
        ...binaries,
        KUBEDEV_NODE: "bench-control-plane",
        KUBEDEV_NODE_SWAP: script("kind/node-swap.sh"),
    };
    for (let round = 0; round < rounds; round++) {
        swaps.push(await time(() => cluster.run("node-binaries", "binaries", swap)));
        await cluster.run("node-binaries-restore", "binaries", swap);
    }
    await cluster.remove();
    row("another kubelet in the running node", seconds(median(swaps)), "<= 10 s");
}

/** What the same edit costs without an overlay: a node image by kind from a tree in which nothing is left to compile, and a new cluster. */
async function kindsOwnWay(cluster: BenchCluster, recreation: number): Promise<void> {
    const tree = path.join(cluster.home.dir, "kubernetes");
    fs.mkdirSync(tree);
    makeReleasedTree(tree);
    fs.writeFileSync(path.join(tree, "hack/node-image"), cluster.image);
    const build = async (number: number) => {
        fs.appendFileSync(path.join(tree, "cmd/kubelet/main.go"), "\n// edited\n");
        const tag = `kubedev/node:bench-source-${String(number)}`;
        const wanted = {
            ...{ KUBEDEV_IMAGE_TAG: tag, KUBEDEV_IMAGE_FIRST: tag, KUBEDEV_EXTRA_IMAGES: "" },
            ...{ KUBEDEV_IMAGE_BASE: cluster.image, KUBEDEV_KIND: cluster.kindPath },
            ...{ KUBEDEV_TREE: tree, KUBEDEV_TARGETS: "cmd/kubelet" },
            ...{ KUBEDEV_FETCHED: script("kind/fetched.sh"), ...buildVariables(usualOptions) },
        };
        const took = await time(() => cluster.run("node-image-source", "source", wanted));
        await cluster.run("node-image-remove", "source");
        return took;
    };
    // The first one takes what a build would have left.
    await build(0);
    const times = [];
    for (let round = 1; round <= rounds; round++) {
        times.push(await build(round));
    }
    const image = median(times);
    row("kind build node-image, nothing to compile", seconds(image));
    row("  and the cluster made anew by kind", seconds(image + recreation));
}

bench("kind", main);
