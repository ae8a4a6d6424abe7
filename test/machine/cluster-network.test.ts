/** A Cluster with an address in a network that this computer is not in, by the real engine: the machine is a network namespace with an sshd. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { library, ScratchStack } from "../support/engine";
import { isRunning } from "../support/host-state";
import {
    builtPaths,
    clusterBinaries,
    compilesMs,
    controlPlaneStack,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";
import { recordPath } from "../support/local-kvm";
import { NetworkNamespace, networkNamespaceMissing } from "../support/network-namespace";
import { Sshd, sshdMissing, startSshd } from "../support/sshd";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(600_000);
const missing = networkNamespaceMissing ?? sshdMissing;
const networkTest = (name: string, run: () => Promise<void> | void) =>
    missing === undefined
        ? test(name, async () => run())
        : test.skip(`${name} (${missing})`, async () => run());

let machine: NetworkNamespace;
let sshd: Sshd;
let builds: ScratchStack;
let stack: ScratchStack;

beforeAll(async () => {
    if (missing !== undefined) return;
    builds = await controlPlaneStack();
    const binaries = forThisMachine(await builtPaths(builds));
    machine = await NetworkNamespace.start();
    sshd = await startSshd({ within: machine.within, address: machine.address, port: 2222 });
    const { address, port, privateKeyPath, hostKey } = sshd;
    stack = await ScratchStack.create({
        // What is there is in the user's own state directory.
        project: `cluster-network-${String(process.pid)}`,
        program: `
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from "${library}";
// What stands for a VirtualMachine behind the host: another one of the first is a restart, with the same disk.
const machine = new command.local.Command(
    "machine", { create: "true", triggers: [process.env.BOOT ?? "first"] }, { deleteBeforeReplace: true },
);
const ready = new command.local.Command(
    "ready", { create: "true", triggers: [machine.id] }, { deleteBeforeReplace: true },
);
const declared = () => {
    const cluster = new kubedev.Cluster("c", {
        host: {
            ssh: ${JSON.stringify({ address, port, privateKeyPath, hostKey })},
            parentId: ready.id,
            parentUrn: ready.urn,
        },
        address: pulumi.output("${machine.address}"),
        kubernetesVersion: "${kubernetesVersion}",
        binaries: ${clusterBinaries(binaries)},
        localKubectlPath: ${JSON.stringify(binaries["kubectl"])},
    });
    new kubedev.Addon("addon", {
        kubeconfig: cluster.kubeconfig,
        instanceId: cluster.instanceId,
        objects: [
            { apiVersion: "v1", kind: "Namespace", metadata: { name: "addon" } },
            { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "of-the-addon", namespace: "addon" }, data: { a: "1" } },
        ],
    });
    return cluster;
};
const cluster = process.env.CLUSTER === "none" ? ({} as kubedev.Cluster) : declared();
export const { kubeconfigPath, kubectlCommand, endpoint, profileCommands, verbosityCommands } = cluster;
`,
    });
}, compilesMs);
afterAll(async () => {
    await (stack as ScratchStack | undefined)?.dispose();
    await (builds as ScratchStack | undefined)?.dispose();
    await (sshd as Sshd | undefined)?.stop();
    await (machine as NetworkNamespace | undefined)?.stop();
});

const sh = (line: string) => execFileSync("sh", ["-c", line], { encoding: "utf8" }).trim();
async function output<T = string>(name: string): Promise<T> {
    return (await stack.outputs())[name] as T;
}
const kubectl = async (rest: string) => sh(`${await output("kubectlCommand")} ${rest}`);
const tunnelPid = () =>
    Number(/^pid=(\d+)$/m.exec(fs.readFileSync(recordPath(stack, "c-tunnel"), "utf8"))?.[1]);

networkTest(
    "it is made from here and used from here, and pods would find it at its address",
    async () => {
        await stack.up({ timeoutMs: 550_000 });
        expect(await output("endpoint")).toBe(`https://${machine.address}:6443`);
        expect(await kubectl("get configmap of-the-addon -n addon -o name")).toBe(
            "configmap/of-the-addon",
        );
        expect(
            await kubectl(
                "get endpointslices kubernetes -o 'jsonpath={.endpoints[*].addresses[*]}'",
            ),
        ).toBe(machine.address);
        expect(fs.statSync(await output("kubeconfigPath")).mode & 0o777).toBe(0o600);
        const [, key = ""] =
            /client-key-data: (\S+)/.exec(
                fs.readFileSync(await output("kubeconfigPath"), "utf8"),
            ) ?? [];
        expect(key.length).toBeGreaterThan(100);
        expect(stack.rawState()).not.toContain(key);
        const { kubeScheduler } = await output<Record<string, { heap: string }>>("profileCommands");
        sh(
            `cd '${path.dirname(await output("kubeconfigPath"))}' && ${kubeScheduler?.heap ?? ""} && rm *.pprof`,
        );
        const raised = await output<Record<string, { raise: string }>>("verbosityCommands");
        expect(sh(raised["kubeControllerManager"]?.raise ?? "")).toContain("verbosity to 6");
        expect((await stack.preview()).sequence).toEqual([]);
    },
);

networkTest(
    "in its network the API server alone listens, and does not answer who has no name",
    () => {
        const open = machine
            .run("sh", "-c", "ss -ltnH | awk '{ print $4 }'")
            .trim()
            .split("\n")
            .filter((socket) => !socket.startsWith("127."));
        expect(open.sort()).toEqual([`${machine.address}:2222`, `${machine.address}:6443`]);
        const status = (url: string) =>
            sh(
                `curl -sk --noproxy '*' -o /dev/null -w '%{http_code}' https://${machine.address}:6443${url}`,
            );
        expect([status("/api"), status("/livez")]).toEqual(["401", "200"]);
    },
);

networkTest("a way from here that died is started again, alone", async () => {
    process.kill(tunnelPid(), "SIGKILL");
    expect((await stack.preview()).ops()).toEqual({ "c-tunnel": "replace" });
    await stack.up();
    expect(await kubectl("get --raw /version")).toContain(kubernetesVersion);
});

networkTest(
    "a restart of its machine starts it again, with the keys and the objects on its disk",
    async () => {
        await kubectl("create configmap by-hand -n addon --from-literal=a=1");
        const before = fs.readFileSync(await output("kubeconfigPath"), "utf8");
        const second = { env: { BOOT: "second" }, timeoutMs: 550_000 };
        const ops = (await stack.preview(second)).ops();
        expect(ops).toMatchObject({ "c-state": "replace", "c-kube-apiserver": "replace" });
        await stack.up(second);
        expect(await kubectl("get configmap by-hand of-the-addon -n addon -o name")).toBe(
            "configmap/by-hand\nconfigmap/of-the-addon",
        );
        expect(fs.readFileSync(await output("kubeconfigPath"), "utf8")).toBe(before);
        expect((await stack.preview(second)).sequence).toEqual([]);
    },
);

networkTest("taken out of the program it leaves nothing, here and on its machine", async () => {
    const tunnel = tunnelPid();
    // The machine stays: what goes with one that goes away needs no removal.
    await stack.up({ env: { CLUSTER: "none", BOOT: "second" }, timeoutMs: 550_000 });
    expect(isRunning(tunnel)).toBe(false);
    expect(fs.existsSync(path.dirname(recordPath(stack, "c-kubeconfig")))).toBe(false);
    expect(machine.run("sh", "-c", "ss -ltnH | awk '{ print $4 }'").trim()).toBe(
        `${machine.address}:2222`,
    );
});
