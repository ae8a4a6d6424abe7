/**
 * The environment `local-kvm` with a cluster, in previews by the real engine: what is declared on which machine, and what is
 * refused. That a machine becomes Ready is seen by machine/cluster-node.
 */
import * as path from "node:path";
import { repoRoot, ScratchStack } from "../support/engine";
import { imageCache } from "../support/local-kvm";

jest.setTimeout(300_000);

let stack: ScratchStack;
beforeAll(async () => {
    stack = await ScratchStack.create({
        program: `module.exports = require("${path.join(repoRoot, "stacks")}");\n`,
        project: "kubedev",
        stack: `cluster-${String(process.pid)}`,
        env: imageCache(),
        config: {
            "local-kvm:machines": JSON.stringify([
                { name: "one", memoryMib: 2048 },
                { name: "two", memoryMib: 2048 },
            ]),
            "local-kvm:cluster": "{}",
        },
    });
});
afterAll(() => stack.dispose());

const nodePrograms = ["containerd", "kubelet", "kube-proxy"];
const nodesIn = (ops: Record<string, string>) =>
    ["one", "two"].filter((name) =>
        nodePrograms.every((program) => ops[`${name}-node-${program}`] === "create"),
    );

test("all machines are its nodes, and get what was built once", async () => {
    const ops = (await stack.preview()).ops();
    expect(nodesIn(ops)).toEqual(["one", "two"]);
    expect(ops).toMatchObject({
        "cluster-kube-apiserver": "create",
        "cluster-etcd": "create",
        "one-kubelet": "create",
        "two-kube-proxy": "create",
    });
    expect(Object.keys(ops).filter((name) => /^kubernetes-kubelet-/.test(name))).toHaveLength(1);
});

test("nodes are those that are named", async () => {
    stack.setConfig("local-kvm:cluster", JSON.stringify({ nodes: ["two"] }));
    const ops = (await stack.preview()).ops();
    expect(nodesIn(ops)).toEqual(["two"]);
    expect(Object.keys(ops)).not.toContain("one-kubelet");
});

test("a control plane in a machine: what it runs is sent there, nodes join by the network, kubectl is here", async () => {
    stack.setConfig("local-kvm:network", "{}");
    stack.setConfig("local-kvm:cluster", JSON.stringify({ controlPlane: "one" }));
    const preview = await stack.preview();
    const ops = preview.ops();
    expect(nodesIn(ops)).toEqual(["one", "two"]);
    expect(ops).toMatchObject({
        ...{ "one-kube-apiserver": "create", "one-etcd": "create", "one-kubectl": "create" },
        ...{ "cluster-tunnel": "create", "cluster-kubeconfig": "create" },
        ...{ "one-node-pod-routes": "create", "two-node-pod-routes": "create" },
    });
    expect(Object.keys(ops)).not.toContain("two-kube-apiserver");
    stack.setConfig("local-kvm:cluster", JSON.stringify({ controlPlane: "three" }));
    const { errors } = await stack.preview({ expectFailure: true });
    expect(errors.join("\n")).toContain('local-kvm:cluster.controlPlane: got "three"; expected');
});

test("a control plane in a machine takes a network", async () => {
    stack.setConfig("local-kvm:network", undefined);
    stack.setConfig("local-kvm:cluster", JSON.stringify({ controlPlane: "one" }));
    const { errors } = await stack.preview({ expectFailure: true });
    expect(errors.join("\n")).toContain(
        `local-kvm:cluster.controlPlane: got "one" without a network; expected local-kvm:network. Set it: pulumi config set local-kvm:network '{}'`,
    );
});

test.each([
    [{ nodes: ["three"] }, 'local-kvm:cluster.nodes: got "three"; expected names of'],
    [{ fromSource: true }, "local-kvm:cluster.fromSource: got true without a source tree"],
    [{ kubernetesVersion: "1.36" }, 'local-kvm:cluster.kubernetesVersion: got "1.36"'],
])("%j is refused", async (cluster, problem) => {
    stack.setConfig("local-kvm:cluster", JSON.stringify(cluster));
    const preview = await stack.preview({ expectFailure: true });
    expect(preview.errors.join("\n")).toContain(problem);
});
