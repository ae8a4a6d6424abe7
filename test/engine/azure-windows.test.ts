/** The environment `azure-windows` as a developer has it, on the stand-in for Azure. */
import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { rootCertificates } from "node:tls";
import { repoRoot, ScratchStack } from "../support/engine";

jest.setTimeout(600_000);

let stack: ScratchStack;
beforeAll(async () => {
    stack = await ScratchStack.create({
        program: `module.exports = require("${path.join(repoRoot, "stacks")}");\n`,
        project: "kubedev",
        stack: "alice",
        config: { "kubedev:environment": "azure-windows" },
        // Else each test run compiles Go's library for Windows anew.
        env: { GOCACHE: execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim() },
    });
});
afterAll(() => stack.dispose());

test("without your range of addresses it says how to set it, and nothing is made", async () => {
    const preview = await stack.preview({ expectFailure: true });
    expect(preview.errors.join("\n")).toContain(
        "azure-windows:allowedCidrs: got nothing; expected the ranges of addresses from which you come",
    );
});

/** Sets these settings; undefined takes one out. */
function set(settings: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(settings)) {
        const text = value === undefined ? undefined : JSON.stringify(value);
        stack.setConfig(`azure-windows:${name}`, text);
    }
}

/** From a tree to the services of agents. */
const mainFlow = {
    allowedCidrs: ["203.0.113.7/32"],
    windows: ["node-0", "node-1"],
    source: { origin: "https://github.com/me/kubernetes.git" },
    kubelet: {},
    swap: [{ target: "cmd/kubelet", service: "kubelet" }],
};

test("from a tree on the Linux agent to kubelet.exe on the Windows agents: a preview names all of it", async () => {
    set(mainFlow);
    const previewed = await stack.preview({ timeoutMs: 300_000 });
    const names = Object.keys(previewed.ops());
    const perAgent = ["kubelet-config-file", "kubelet-artifact", "kubelet-service-command"];
    expect(names).toEqual(
        expect.arrayContaining([
            ...["linux-machine", "builder", "source-tree"],
            ...["build-kubelet-windows-amd64", "released-kubelet-windows-amd64"],
            ...["node-0", "node-1"].flatMap((agent) => [
                ...perAgent.map((part) => `${agent}-${part}`),
                ...[`${agent}-containers`, `kubelet-${agent}-swap`],
            ]),
        ]),
    );
    expect(new Set(Object.values(previewed.ops()))).toEqual(new Set(["create"]));
});

test("agents become nodes of a cluster that is there, and their services are swapped", async () => {
    const kubeconfig = (server: string) => {
        const authority = Buffer.from(rootCertificates[0] ?? "").toString("base64");
        return stack.write(
            "kubeconfig",
            JSON.stringify({
                "current-context": "a",
                contexts: [{ name: "a", context: { cluster: "a" } }],
                clusters: [
                    { name: "a", cluster: { server, "certificate-authority-data": authority } },
                ],
            }),
        );
    };
    const join = {
        kubeconfigPath: kubeconfig("https://127.0.0.1:6443"),
        ...{ peerCidrs: ["10.0.0.0/16"], agents: ["node-1"], nodeNames: { "node-1": "win-1" } },
    };
    const swap = [...mainFlow.swap, { target: "cmd/kube-proxy", service: "kube-proxy" }].map(
        (one) => ({ ...one, agents: ["node-1"] }),
    );
    set({ kubelet: undefined, join, swap });
    expect((await stack.preview({ expectFailure: true })).errors.join("\n")).toMatch(
        /WindowsNode node-1-node.*\n.*got nothing for the API server 127\.0\.0\.1:6443 of .*expected the address and port at which the host reaches it/,
    );
    kubeconfig("https://10.0.0.4:6443");
    const ops = (await stack.preview({ timeoutMs: 300_000 })).ops();
    const parts = ["admission", "containerd-command", "join-command", "registered", "ready"];
    const services = ["kubelet-service-command", "kube-proxy-service-command", "flannel-service"];
    expect(Object.keys(ops)).toEqual(
        expect.arrayContaining([
            ...["node-1-containers", "kubelet-node-1-swap", "kube-proxy-node-1-swap"],
            ...["released-kubeadm-windows-amd64", "released-kube-proxy-windows-amd64"],
            ...["flannel-flanneld-windows-amd64", "cni-plugins-win-overlay-windows-amd64"],
            ...[...parts, ...services].map((part) => `node-1-node-${part}`),
        ]),
    );
    expect(Object.keys(ops).filter((name) => name.startsWith("node-0-node"))).toEqual([]);
    expect(ops).not.toHaveProperty("node-0-containers");
    set({ ...mainFlow, join: { ...join, agents: ["node-1", "node-3"] } });
    const refused = (await stack.preview({ expectFailure: true })).errors.join("\n");
    expect(refused).toContain(
        'azure-windows:join.agents: got "node-3"; expected names of azure-windows:windows: node-0, node-1',
    );
    expect(refused).toContain("azure-windows:kubelet: got one beside azure-windows:join");
    set({ join: undefined });
});

test("what its parts lack of each other is refused before anything is made, all at once", async () => {
    set({
        linux: false,
        swap: [{ target: "cmd/kubelet", service: "kubelet", agents: ["node-2"] }],
    });
    const refused = (await stack.preview({ expectFailure: true })).errors.join("\n");
    expect(refused).toContain("azure-windows:source: got one without a Linux agent");
    expect(refused).toContain("azure-windows:kubelet: got one without a Linux agent");
    expect(refused).toContain(
        'azure-windows:swap[0].agents: got "node-2"; expected names of azure-windows:windows: node-0, node-1',
    );
    set({ linux: undefined, source: undefined });
    expect((await stack.preview({ expectFailure: true })).errors.join("\n")).toContain(
        "azure-windows:swap: got one without a source tree; expected azure-windows:source",
    );
    set(Object.fromEntries(Object.keys(mainFlow).map((name) => [name, undefined])));
});

test("up, and then nothing changes", async () => {
    await stack.up({
        args: ["--config-path", "-c", "azure-windows:allowedCidrs[0]=203.0.113.7/32"],
    });
    const outputs = await stack.outputs();
    expect(Object.keys(outputs).sort()).toEqual(
        ["addresses", "login", "paidFor", "portal", "rdp", "ssh"].sort(),
    );
    expect(Object.keys(outputs["ssh"] as object)).toEqual(["linux", "windows-0"]);
    expect(outputs["portal"]).toMatch(
        /^https:\/\/portal\.azure\.com\/#resource\/subscriptions\/0{8}-.*\/resourceGroups\/kubedev-alice-agents\/overview$/,
    );
    expect(outputs["rdp"]).toMatchObject({ "windows-0": { mstsc: "mstsc /v:localhost:33389" } });
    expect((await stack.preview()).changed).toEqual([]);
});

test("RDP on is an update of the security group alone, and the commands are direct then", async () => {
    stack.setConfig("azure-windows:rdp", "true");
    const ops = Object.entries((await stack.preview()).ops());
    // The component itself shows what it was told.
    expect(ops.filter(([name]) => name !== "agents")).toEqual([["agents-access", "update"]]);
    await stack.up();
    const { rdp } = await stack.outputs();
    expect(rdp).toMatchObject({
        "windows-0": {
            tunnelCommand: "",
            mstsc: expect.stringMatching(/^mstsc \/v:192\.0\.2\.\d+:3389$/) as unknown,
        },
    });
});

test("destroy leaves nothing in Azure and no key here", async () => {
    await stack.destroy();
    expect((await stack.exportState()).deployment.resources ?? []).toEqual([]);
});
