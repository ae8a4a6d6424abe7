/** WindowsNode against mocks: what is where, what stands on what, and what stays secret. */
import * as fs from "node:fs";
import * as path from "node:path";
import { rootCertificates } from "node:tls";
import * as pulumi from "@pulumi/pulumi";
import { WindowsNode } from "../../components/cluster/windows-node";
import { HostOs } from "../../components/host/host";
import { known, MockedRun } from "../support/mocked-run";
import { scratchDir } from "../support/scratch";

const token = "abcdef.0123456789abcdef";
const program = { path: "/b/x.exe", sha256: "0".repeat(64) };
const host = {
    ssh: { address: "203.0.113.20", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" },
    ...{ os: HostOs.Windows, parentId: "machine-id" },
};

let dir: string;
let run: MockedRun;
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
    dir = scratchDir("kubedev-windows-node-");
});
afterAll(() => {
    fs.rmSync(dir, { recursive: true });
});
beforeEach(async () => {
    run = new MockedRun(
        {
            ...{ token, version: '{"gitVersion": "v1.36.1"}', podCidr: "10.244.3.0/24" },
            configuration: "networking: { serviceSubnet: 10.96.0.0/12 }",
            info: "clusters: [{ cluster: { server: 'https://10.0.0.4:6443' } }]",
            network: JSON.stringify({
                Network: "10.244.0.0/16",
                Backend: { Type: "vxlan", VNI: 4096, Port: 4789 },
            }),
            ...{ kubeletVersion: "v1.36.1", internalIp: "10.0.0.5" },
        },
        () => "absent=1\n",
    );
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

/** Of an API server at 10.0.0.4. */
function kubeconfig(): string {
    const file = path.join(dir, "kubeconfig");
    const server = "https://10.0.0.4:6443";
    const authority = Buffer.from(rootCertificates[0] ?? "").toString("base64");
    fs.writeFileSync(
        file,
        JSON.stringify({
            "current-context": "a",
            contexts: [{ name: "a", context: { cluster: "a" } }],
            clusters: [{ name: "a", cluster: { server, "certificate-authority-data": authority } }],
        }),
    );
    return file;
}

function makeNode(): WindowsNode {
    return new WindowsNode(
        "n",
        {
            ...{ host, kubeconfigPath: kubeconfig() },
            ...{ peerCidrs: ["10.0.0.0/16", "10.1.0.0/16"], kubernetesVersion: "v1.36.1" },
            programs: {
                ...{ kubeadm: program, kubelet: program, kubeProxy: program },
                ...{ flanneld: program, winOverlay: program, hostLocal: program },
            },
        },
        run.watched,
    );
}
const command = (name: string) => {
    const found = run.commands().find((one) => one.name === name);
    if (found === undefined) {
        throw new Error(`no ${name}`);
    }
    return found;
};

test("what this machine asks the cluster, and what is on the host", async () => {
    const node = makeNode();
    expect(await known(node.nodeName)).toBe("n");
    expect(await known(node.podCidr)).toBe("10.244.3.0/24");
    const here = run
        .commands()
        .filter(({ inputs }) => inputs.environment["KUBEDEV_SSH"] === "")
        .map(({ name }) => name);
    expect(here.sort()).toEqual(["n-admission", "n-ready", "n-registered"]);
    expect(run.commands().length).toBe(19);
    expect(command("n-network-command").inputs.environment["KUBEDEV_EXPORTS"]).toContain(
        "10.0.0.0/16,10.1.0.0/16",
    );
    expect(command("n-cni-config-file").inputs.stdin).toContain("10.244.3.3");
    // Nobody's PATH is looked at: kubectl of this machine.
    expect(command("n-ready").inputs.environment["KUBEDEV_KUBECTL"]).toBe("kubectl");
});

test("the token reaches kubeadm by standard input alone, and what is no secret can be read", async () => {
    const node = makeNode();
    await known(node.podCidr);
    expect(run.optionsOf("n-admission").additionalSecretOutputs).toEqual(["stdout"]);
    const holders = run
        .commands()
        .filter(({ inputs }) =>
            JSON.stringify([inputs.environment, inputs.triggers]).includes(token),
        );
    expect(holders.map(({ name }) => name)).toEqual([]);
    const secret = command("n-join-command").inputs.stdin as unknown as { value: string };
    expect(secret.value).toContain(token);
    expect(await pulumi.isSecret(node.podCidr)).toBe(false);
});

test("who the node is, and the machine, make it anew; a program does not", async () => {
    await known(makeNode().podCidr);
    const triggers = (name: string) => JSON.stringify(command(name).inputs.triggers);
    expect(triggers("n-admission")).toContain("machine-id");
    expect(triggers("n-join-command")).toContain("n-admission-id");
    expect(triggers("n-join-command")).not.toMatch(/kubelet|kubeadm/);
    expect(triggers("n-ready")).toContain("n-join-command-id");
    expect(triggers("n-ready")).not.toContain("kubelet");
    expect(command("n-ready").inputs.environment["KUBEDEV_AFTER"]).toBe(
        "n-kubelet-service-command-id n-flannel-service-id n-kube-proxy-service-command-id",
    );
});
