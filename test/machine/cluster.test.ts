/** A Cluster by the real engine, of real programs: a control plane alone, from nothing until nothing is left. */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { removedFlags } from "../../components/cluster/removed-flags";
import { programName } from "../../components/cluster/control-plane-programs";
import { isRunning, markedBy } from "../support/host-state";
import { library, Props, repoRoot, ScratchStack } from "../support/engine";
import {
    compilesMs,
    controlPlaneStack,
    builtPaths,
    forThisMachine,
    kubernetesVersion,
} from "../support/kubernetes-binaries";

// These bounds end a run that hangs; a busy machine takes many times what an idle one does.
jest.setTimeout(300_000);

const services = ["c-etcd", "c-kube-apiserver", "c-kube-controller-manager", "c-kube-scheduler"];
const deployment = {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } },
    spec: {
        replicas: 2,
        selector: { matchLabels: { app: "web" } },
        template: {
            metadata: { labels: { app: "web" } },
            spec: { containers: [{ name: "web", image: "registry.k8s.io/pause:3.10" }] },
        },
    },
};

let builds: ScratchStack;
let stack: ScratchStack;
let binaries: Record<string, string>;

beforeAll(async () => {
    builds = await controlPlaneStack();
    binaries = forThisMachine(await builtPaths(builds));
    stack = await ScratchStack.create({
        project: `cluster-${String(process.pid)}`,
        program: `
import * as pulumi from "@pulumi/pulumi";
import * as kubedev from "${library}";
const late = process.env.LATE_POD_CIDR;
const cluster = new kubedev.Cluster("c", {
    kubernetesVersion: "${kubernetesVersion}",
    binaries: {
        etcd: ${JSON.stringify(binaries["etcd"])},
        kubeApiserver: ${JSON.stringify(binaries["kube-apiserver"])},
        kubeControllerManager: ${JSON.stringify(binaries["kube-controller-manager"])},
        kubeScheduler: process.env.SCHEDULER ?? ${JSON.stringify(binaries["kube-scheduler"])},
        kubeadm: ${JSON.stringify(binaries["kubeadm"])},
        kubectl: ${JSON.stringify(binaries["kubectl"])},
    },
    ...JSON.parse(process.env.CLUSTER_ARGS ?? "{}"),
    ...(late === undefined ? {} : { podCidr: pulumi.output(late) }),
});
new kubedev.Addon("addon", {
    kubeconfig: cluster.kubeconfig,
    instanceId: cluster.instanceId,
    objects: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "of-the-addon", namespace: "default" }, data: { a: "1" } }],
});
export const { kubeconfig, kubeconfigPath, kubectlCommand, endpoint, address, logPaths, instanceId } = cluster;
`,
    });
}, compilesMs);
afterAll(async () => {
    await (stack as ScratchStack | undefined)?.dispose();
    await (builds as ScratchStack | undefined)?.dispose();
});

const withArgs = (args: object) => ({ env: { CLUSTER_ARGS: JSON.stringify(args) } });
const output = async (name: string) => String((await stack.outputs())[name]);
const thingDir = (name: string) =>
    path.join(stack.stateHome, "kubedev", stack.project, stack.stack, name);

/** Process of each service, as recorded; 0 of one that does not run. */
function pids(): Record<string, number> {
    return Object.fromEntries(
        services.map((name) => {
            const record = fs.readFileSync(path.join(thingDir(name), "record"), "utf8");
            const pid = Number(/^pid=(\d+)$/m.exec(record)?.[1]);
            return [name, isRunning(pid) ? pid : 0];
        }),
    );
}

async function kubectl(args: string[], input?: string): Promise<string> {
    const line = `exec ${await output("kubectlCommand")} "$@"`;
    return execFileSync("sh", ["-c", line, "kubectl", ...args], {
        ...{ encoding: "utf8", timeout: 60_000, stdio: "pipe", input },
    });
}

async function status(urlPath: string): Promise<string> {
    const ca = path.join(thingDir("c-state"), "pki/ca.crt");
    const url = `${await output("endpoint")}${urlPath}`;
    return execFileSync(
        "curl",
        ["-s", "--noproxy", "*", "--cacert", ca, "-o", "/dev/null", "-w", "%{http_code}", url],
        { encoding: "utf8" },
    );
}

async function eventually(what: string, probe: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 60_000; Date.now() < end;) {
        if (await probe()) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`not within 60 s: ${what}`);
}

test("what cannot be is refused in the preview, all at once, before anything is there", async () => {
    const { errors } = await stack.preview({
        ...withArgs({
            podCidr: "10.100.0.0/16",
            address: "0.0.0.0",
            extraFlags: { kubeApiserver: { "insecure-port": "8080", "anonymous-auth": "true" } },
            versions: { kubeScheduler: "v1.37.0" },
        }),
        expectFailure: true,
    });
    const text = errors.join("\n");
    expect(text).toContain("5 invalid arguments");
    expect(text).toContain("--insecure-port was removed in Kubernetes 1.24");
    expect(text).toContain("podCidr: got 10.100.0.0/16, which has addresses of serviceCidr");
    expect(text).toContain("versions.kubeScheduler: got v1.37.0 beside an API server v1.36.1");
    // What is an output is checked when it becomes known.
    const late = await stack.preview({
        ...{ env: { LATE_POD_CIDR: "10.100.0.0/16" }, expectFailure: true },
    });
    expect(late.errors.join("\n")).toContain("which has addresses of serviceCidr");
    expect(fs.existsSync(path.join(stack.stateHome, "kubedev"))).toBe(false);
});

test("flags that are said to be removed are removed", () => {
    const taken = removedFlags.flatMap(({ programs, names }) =>
        programs.flatMap((program) =>
            names.flatMap((name) => {
                const file = binaries[programName(program)] ?? "";
                const { stderr } = spawnSync(file, [`--${name}=1`, "--help"], { encoding: "utf8" });
                return stderr.includes(`unknown flag: --${name}`)
                    ? []
                    : [`${program} ${name}: ${stderr.slice(0, 200)}`];
            }),
        ),
    );
    expect(taken).toEqual([]);
});

test("up: ready, with its add-on, and then nothing changes", async () => {
    const preview = await stack.preview();
    expect(preview.changed.every(({ op }) => op === "create")).toBe(true);
    await stack.up();
    expect(await kubectl(["get", "--raw", "/readyz"])).toBe("ok");
    expect(await kubectl(["get", "configmap", "of-the-addon", "-o", "jsonpath={.data.a}"])).toBe(
        "1",
    );
    const again = await stack.preview();
    expect(again.sequence).toEqual([]);
});

test("another project puts objects into it, by the outputs of its stack", async () => {
    const example = path.join(repoRoot, "examples/second-project/index.ts");
    const environment = `organization/${stack.project}/${stack.stack}`;
    const second = await ScratchStack.create({
        ...{ project: "second-project", config: { environment } },
        program: fs.readFileSync(example, "utf8").replace('"kubedev"', JSON.stringify(library)),
        env: { PULUMI_BACKEND_URL: stack.env.PULUMI_BACKEND_URL },
    });
    const found = () =>
        kubectl([
            "get",
            "configmap",
            "-o",
            'jsonpath={.items[?(@.metadata.name=="second-project")].data.environment}',
        ]);
    try {
        await second.up();
        expect(await found()).toBe(environment);
        expect((await second.preview()).ops()).toEqual({ environment: "read" });
        const state = JSON.stringify(await second.exportState());
        expect(state).not.toContain("client-key-data");
        await second.destroy();
        expect(await found()).toBe("");
    } finally {
        await second.dispose();
    }
});

test("a Deployment becomes a ReplicaSet and pods, which wait for a node", async () => {
    await kubectl(["apply", "-f", "-"], JSON.stringify(deployment));
    await eventually("two pods", async () => {
        const phases = await kubectl([
            "get",
            "pods",
            "-l",
            "app=web",
            "-o",
            "jsonpath={.items[*].status.phase}",
        ]);
        return phases === "Pending Pending";
    });
    await eventually("the scheduler's word on them", async () =>
        (await kubectl(["get", "pods", "-l", "app=web", "-o", "json"])).includes(
            "no nodes available",
        ),
    );
    expect(
        await kubectl([
            "get",
            "replicasets",
            "-l",
            "app=web",
            "-o",
            "jsonpath={.items[*].spec.replicas}",
        ]),
    ).toBe("2");
});

test("who has no name may ask for its health alone", async () => {
    expect(await status("/readyz")).toBe("200");
    expect(await status("/livez")).toBe("200");
    expect(await status("/api")).toBe("401");
    expect(await status("/metrics")).toBe("401");
    const etcd = spawnSync(
        "curl",
        ["-sk", "--noproxy", "*", `https://${await output("address")}:2379/version`],
        { encoding: "utf8" },
    );
    expect(etcd.status).not.toBe(0);
});

test("all of it listens on its address of loopback alone, by TLS", async () => {
    const address = await output("address");
    const ours = Object.values(pids()).map((pid) => `pid=${String(pid)},`);
    const sockets = execFileSync("ss", ["-ltnpH"], { encoding: "utf8" })
        .split("\n")
        .filter((line) => ours.some((pid) => line.includes(pid)))
        .map((line) => line.split(/\s+/)[3] ?? "");
    expect(sockets.sort()).toEqual(
        [10257, 10259, 2379, 2380, 6443].map((port) => `${address}:${String(port)}`),
    );
    for (const port of [10257, 10259, 2379, 6443]) {
        const plain = spawnSync(
            "curl",
            [
                "-s",
                "--noproxy",
                "*",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                `http://${address}:${String(port)}/`,
            ],
            { encoding: "utf8" },
        );
        expect(["000", "400"]).toContain(plain.stdout);
    }
});

test("keys and kubeconfigs are for their user alone, and the state has none in clear", async () => {
    const open = execFileSync("find", [thingDir("c-state"), "!", "-type", "l", "-perm", "/077"], {
        encoding: "utf8",
    });
    expect(open).toBe("");
    const kubeconfig = await output("kubeconfig");
    const [, key = ""] = /client-key-data: (\S+)/.exec(kubeconfig) ?? [];
    expect(key.length).toBeGreaterThan(100);
    expect(stack.rawState()).not.toContain(key);
    expect(kubeconfig.trimEnd()).toBe(
        fs.readFileSync(await output("kubeconfigPath"), "utf8").trimEnd(),
    );
});

test("a change of verbosity restarts that program alone, in the preview and in fact", async () => {
    const before = pids();
    const chatty = withArgs({ verbosity: { kubeScheduler: 4 } });
    const preview = await stack.preview(chatty);
    expect(preview.ops()).toEqual({ c: "update", "c-kube-scheduler": "replace" });
    const spec = (preview.step("c-kube-scheduler").newInputs as Props)["triggers"] as {
        flags: Props;
    }[];
    expect(spec[0]?.flags["v"]).toBe("4");
    const up = await stack.up(chatty);
    expect(up.ops()).toEqual({ c: "update", "c-kube-scheduler": "replace" });
    const { "c-kube-scheduler": old, ...others } = before;
    expect(pids()).toMatchObject(others);
    expect(pids()["c-kube-scheduler"]).not.toBe(old);
    const line = fs.readFileSync(`/proc/${String(pids()["c-kube-scheduler"])}/cmdline`, "utf8");
    expect(line.split("\0")).toContain("--v=4");
});

test("a scheduler that was killed shows in the next preview, and is started again with another binary's path", async () => {
    const { "c-kube-scheduler": scheduler = 0, ...others } = pids();
    process.kill(scheduler, "SIGKILL");
    const chatty = withArgs({ verbosity: { kubeScheduler: 4 } });
    expect((await stack.preview(chatty)).ops()).toEqual({ "c-kube-scheduler": "replace" });
    // What a Build of another content is: another path.
    const copy = path.join(stack.dir, "kube-scheduler");
    fs.copyFileSync(binaries["kube-scheduler"] ?? "", copy);
    const other = { env: { ...chatty.env, SCHEDULER: copy } };
    expect((await stack.up(other)).ops()).toEqual({ c: "update", "c-kube-scheduler": "replace" });
    expect(pids()).toMatchObject(others);
    expect((await stack.preview(other)).sequence).toEqual([]);
    expect((await stack.preview(chatty)).ops()).toEqual({
        c: "update",
        "c-kube-scheduler": "replace",
    });
});

test("API server and etcd started anew keep what is in the cluster, and leave the others alone", async () => {
    const before = pids();
    const args = withArgs({
        extraFlags: {
            etcd: { "log-level": "info" },
            kubeApiserver: { "max-requests-inflight": "300" },
        },
    });
    const expected = {
        c: "update",
        "c-etcd": "replace",
        "c-kube-apiserver": "replace",
        "c-kube-scheduler": "replace",
    };
    expect((await stack.preview(args)).ops()).toEqual(expected);
    const up = await stack.up(args);
    expect(up.ops()).toEqual(expected);
    expect(pids()["c-kube-controller-manager"]).toBe(before["c-kube-controller-manager"]);
    expect(await kubectl(["get", "configmap", "of-the-addon", "-o", "jsonpath={.data.a}"])).toBe(
        "1",
    );
    expect((await stack.preview(args)).sequence).toEqual([]);
});

test("another range of pods restarts the controller manager; another one of Services makes another cluster", async () => {
    const pods = await stack.preview(withArgs({ podCidr: "172.20.0.0/16", verbosity: {} }));
    expect(Object.keys(pods.ops()).sort()).toEqual([
        "c",
        "c-etcd",
        "c-kube-apiserver",
        "c-kube-controller-manager",
    ]);
    const id = await output("instanceId");
    const args = withArgs({ serviceCidr: "10.101.0.0/24" });
    const preview = await stack.preview(args);
    expect(preview.ops()).toMatchObject({
        "c-state": "replace",
        ...Object.fromEntries(services.map((name) => [name, "replace"])),
    });
    await stack.up(args);
    expect(await output("instanceId")).not.toBe(id);
    expect(
        await kubectl(["get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"]),
    ).toBe("10.101.0.1");
    expect(await kubectl(["get", "deployments", "-o", "name"])).toBe("");
    expect(await kubectl(["get", "configmap", "of-the-addon", "-o", "jsonpath={.data.a}"])).toBe(
        "1",
    );
    expect((await stack.preview(args)).sequence).toEqual([]);
});

test("destroy leaves no process and no file", async () => {
    const processes = Object.values(pids());
    await stack.destroy();
    expect(processes.filter(isRunning)).toEqual([]);
    expect(services.flatMap((name) => markedBy(thingDir(name)))).toEqual([]);
    expect(fs.readdirSync(stack.stateHome)).toEqual([]);
});
