/** Components about kind against mocks: what a host is said to have, and what they declare then. */
import * as pulumi from "@pulumi/pulumi";
import { KindCluster } from "../../components/kind/kind-cluster";
import { known, MockedRun } from "./mocked-run";

/** Programs of a tree, as a look at it prints their fingerprints. */
export const fingerprintOf = (command: string, digit: string) =>
    `fingerprint=cmd/${command} linux/amd64 ${digit.repeat(64)}\n`;

/** A program for nodes or for an image. */
export const binary = (fingerprint: string, path = "/bin/it") => ({ path, fingerprint });

export class MockedKind {
    run!: MockedRun;
    /** What looks at the host print. */
    seen!: Record<"engine" | "cluster" | "registry" | "probe" | "tree", string>;

    /** Each test of the file has a run of its own. */
    constructor() {
        beforeAll(() => {
            process.env.XDG_STATE_HOME = "/state";
        });
        beforeEach(async () => {
            this.seen = {
                ...{ engine: "", cluster: "", registry: "", probe: "absent=1\n" },
                tree: fingerprintOf("kubelet", "1"),
            };
            const printed = { kubeconfig: "a kubeconfig", kubeconfigPath: "/there" };
            this.run = new MockedRun(printed, (asked) => this.look(asked));
            await this.run.begin();
        });
        afterEach(async () => {
            await pulumi.runtime.disconnect();
        });
    }

    commandOf(name: string) {
        return this.run.commands().find((command) => command.name === name);
    }

    async makeCluster(args: object = {}): Promise<KindCluster> {
        const cluster = new KindCluster(
            "c",
            { image: "kindest/node:v1", ...args },
            this.run.watched,
        );
        await known(cluster.nodeNames);
        // What stands on it is declared after it.
        await pulumi.runtime.disconnect();
        return cluster;
    }

    private look(asked: Record<string, string>): string {
        if (asked["KUBEDEV_KEY"] === "own-engine") return this.seen.engine;
        if (asked["KUBEDEV_KEY"] === "r-registry") return this.seen.registry;
        if (asked["KUBEDEV_TREE"] !== undefined) return this.seen.tree;
        return asked["KUBEDEV_CLUSTER"] === undefined ? this.seen.probe : this.seen.cluster;
    }
}
