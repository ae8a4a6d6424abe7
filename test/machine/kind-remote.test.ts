/** A cluster on a host over ssh: engine, image, programs and nodes are there; its kubeconfig is here. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { engineTurn, kindHook, kindTest, network, sh } from "../support/kind";
import { kubernetesVersion } from "../support/kubernetes-binaries";
import { imageCache } from "../support/local-kvm";
import { Sshd, startSshd } from "../support/sshd";

jest.setTimeout(3_600_000);

const program = (args = "") => `
import * as fs from "fs";
import * as path from "path";
import * as kubedev from ${JSON.stringify(library)};
const host = { ssh: JSON.parse(fs.readFileSync(path.join(__dirname, "ssh.json"), "utf8")) };
const { engine } = new kubedev.ContainerEngine("containers", { host });
const image = new kubedev.NodeImage("node", { host, engine, version: "${kubernetesVersion}" });
const kind = new kubedev.Build("kind", { host, module: "sigs.k8s.io/kind@v0.32.0", targets: ["sigs.k8s.io/kind"] });
const kubectl = new kubedev.Build("kubectl", { module: "k8s.io/kubernetes@${kubernetesVersion}", targets: ["k8s.io/kubernetes/cmd/kubectl"] });
const cluster = new kubedev.KindCluster("cluster", {
    host, engine, image: image.tag,
    kindPath: kind.paths.apply((paths) => Object.values(paths)[0] ?? ""),
    ${args}
});
export const kubeconfig = cluster.kubeconfig;
export const kubeconfigPath = cluster.kubeconfigPath;
export const nodes = cluster.nodeNames;
export const kubectlPath = kubectl.paths.apply((paths) => Object.values(paths)[0] ?? "");
`;

let stack: ScratchStack;
let sshd: Sshd;
let there: string;
let before: string;
let endTurn: () => Promise<void>;

beforeAll(
    kindHook(async () => {
        endTurn = await engineTurn();
        before = network();
        stack = await ScratchStack.create({ program: program(), env: imageCache() });
        there = path.join(stack.dir, "remote");
        // The host has this user's caches, so that nothing is compiled again.
        const goCache = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
        sshd = await startSshd({
            config: `SetEnv "XDG_STATE_HOME=${there}/state" "XDG_CACHE_HOME=${imageCache()["XDG_CACHE_HOME"] ?? ""}" GOCACHE=${goCache} HOME=${os.homedir()}`,
        });
        const { address, port, user, hostKey, privateKeyPath } = sshd;
        stack.write("ssh.json", JSON.stringify({ address, port, user, hostKey, privateKeyPath }));
    }),
);
afterAll(
    kindHook(async () => {
        await stack.dispose();
        await sshd.stop();
        await endTurn();
    }),
);

kindTest("over ssh: from nothing to a node that is Ready, a change, a stop, an end", async () => {
    await stack.up({ timeoutMs: 3_500_000 });
    expect((await stack.preview()).changed).toEqual([]);
    const outputs = await stack.outputs();
    const kubeconfigPath = String(outputs["kubeconfigPath"]);
    expect(kubeconfigPath.startsWith(`${there}/state/`)).toBe(true);
    // As a program takes it here; here and there are one computer, so that the address leads there without a tunnel.
    const kubeconfig = path.join(stack.dir, "kubeconfig");
    fs.writeFileSync(kubeconfig, String(outputs["kubeconfig"]), { mode: 0o600 });
    const kubectl = (args: string) =>
        sh(`'${String(outputs["kubectlPath"])}' --kubeconfig '${kubeconfig}' ${args}`);
    expect(kubectl("get nodes --no-headers")).toMatch(/ Ready /);

    stack.program(program('nodeLabels: { tier: "front" },'));
    expect((await stack.preview()).ops()).toMatchObject({ "cluster-cluster": "update" });
    await stack.up({ timeoutMs: 300_000 });
    expect(kubectl("get nodes -l tier=front -o name")).toMatch(/^node/);

    const node = (outputs["nodes"] as string[])[0] ?? "";
    sh(`docker -H 'unix://${there}/state/kubedev/engine/docker.sock' stop -t 5 '${node}'`);
    expect((await stack.preview()).ops()).toMatchObject({ "cluster-cluster": "update" });
    await stack.up({ timeoutMs: 300_000 });
    expect((await stack.preview()).changed).toEqual([]);
    expect(kubectl("get nodes -l tier=front -o name")).toMatch(/^node/);

    await stack.destroy({ timeoutMs: 300_000 });
    expect(fs.existsSync(`${there}/state/kubedev`)).toBe(false);
    expect(sh(`grep -F '${there}' /proc/self/mountinfo || true`)).toBe("");
    expect(network()).toBe(before);
});
