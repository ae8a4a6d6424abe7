/** A kind cluster made by earlier versions is brought up to date by the present one: its nodes go on running. */
import * as fs from "node:fs";
import * as path from "node:path";
import { askedOf, processEngine } from "../support/upgrade/process-engine";
import { testReleased, upgradesWithoutLoss } from "../support/upgrade/without-loss";

const program = (library: string) => `
import * as kubedev from ${JSON.stringify(library)};
const cluster = new kubedev.KindCluster("cluster", {
    image: "kindest/node:v1.36.1@sha256:${"a".repeat(64)}",
    nodeLabels: { tier: "front" },
    nodes: [{ ports: [{ containerPort: 30080 }] }],
    waitSec: 0,
    containerdConfigPatches: ["restrict_oom_score_adj = true"],
    kubeadmConfigPatches: ["kind: KubeletConfiguration\\nfailCgroupV1: false\\n"],
});
const note = new kubedev.HostFile("note", {
    path: __dirname + "/made",
    content: cluster.clusterName.apply((name) => name + "\\n"),
    parentIds: [cluster.instanceId],
});
export const { address, endpoint, clusterName, nodeNames, kubeconfig, kubeconfigPath, instanceId } = cluster;
export const file = note.sha256;
`;

testReleased(
    "a cluster of an earlier version is upgraded with zero replacements",
    async (stack, version) => {
        processEngine(stack);
        await upgradesWithoutLoss(stack, version, program);
        expect(askedOf(stack.dir, "kind create")).toHaveLength(1);
        expect(askedOf(stack.dir, "docker rm")).toEqual([]);

        // And a death shows.
        const nodes = path.join(stack.dir, "engine/nodes");
        process.kill(Number(fs.readFileSync(nodes, "utf8").split("\n")[0]?.split(" ")[2]));
        expect((await stack.preview()).ops()).toMatchObject({ "cluster-cluster": "update" });
        await stack.destroy();
        expect(fs.readFileSync(nodes, "utf8")).toBe("");
    },
);
