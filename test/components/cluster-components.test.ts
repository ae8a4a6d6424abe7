/** Cluster against mocks: what is declared for each program, and what one that is not known yet leaves alone. */
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../components/cluster/cluster";
import { UnitDialect } from "../../components/cluster/unit-texts";
import { known, MockedRun } from "../support/mocked-run";

const programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const binaries = {
    ...{ etcd: "/b/etcd", kubeApiserver: "/b/kube-apiserver", kubeadm: "/b/kubeadm" },
    ...{ kubeControllerManager: "/b/kube-controller-manager", kubeScheduler: "/b/kube-scheduler" },
    kubectl: "/b/kubectl",
};

let run: MockedRun;
const mocked = (printed: object) =>
    new MockedRun(printed, (asked) =>
        // What is asked before anything is made, and what of the stack is there.
        "KUBEDEV_TOOLS" in asked ? "tool=present\n" : "absent=1\n",
    );
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    run = mocked({ kubeconfig: "a kubeconfig", kubeconfigPath: "/there/kubeconfig" });
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

async function makeCluster(args: object = {}): Promise<Cluster> {
    const cluster = new Cluster(
        "c",
        { kubernetesVersion: "v1.36.1", binaries, ...args },
        run.watched,
    );
    await known(cluster.kubeconfigPath);
    return cluster;
}
const specOf = (name: string) => {
    const command = run.commands().find((one) => one.name === name);
    const [spec, { parents }] = command?.inputs.triggers as [
        { program: string; flags: Record<string, string> },
        { parents: string[] },
    ];
    return { ...spec, parents };
};

test("a thing for the state and one for each program, all on the state", async () => {
    const cluster = await makeCluster({ address: "127.9.9.9" });
    expect(
        run
            .commands()
            .map(({ name }) => name)
            .sort(),
    ).toEqual([...programs, "state"].map((program) => `c-${program}`));
    for (const program of programs) {
        expect(specOf(`c-${program}`)).toMatchObject({
            program: `/b/${program}`,
            parents: ["c-state-id"],
        });
    }
    expect(run.optionsOf("c-state").additionalSecretOutputs).toEqual(["stdout"]);
    expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
    expect(await known(cluster.kubeconfig)).toBe("a kubeconfig");
    expect(await known(cluster.endpoint)).toBe("https://127.9.9.9:6443");
    expect(await known(cluster.kubectlCommand)).toBe(
        "/b/kubectl --kubeconfig /state/kubedev/project/stack/c-state/kubeconfig",
    );
    expect((await known(cluster.logPaths))["kubeScheduler"]).toBe(
        "/state/kubedev/project/stack/c-kube-scheduler/log",
    );
});

test("what it runs can be read, with paths that hold anywhere, and asked how it is", async () => {
    const cluster = await makeCluster({ address: "127.9.9.9", verbosity: { kubeScheduler: 4 } });
    const units = await known(cluster.unitTexts);
    expect(units["/etc/systemd/system/kube-scheduler.service"]).toContain(
        "ExecStart=/b/kube-scheduler \\\n    --authentication-kubeconfig=/state/kubedev/project/stack/c-state/scheduler.conf \\\n",
    );
    expect(units["/etc/systemd/system/kube-scheduler.service"]).toContain("--v=4\n");
    expect((await known(cluster.healthCommands))["kubeApiserver"]).toBe(
        "curl -fsS --noproxy '*' --max-time 5 -o /dev/null --cacert /state/kubedev/project/stack/c-state/pki/ca.crt https://127.9.9.9:6443/readyz",
    );
});

test("another dialect changes what is shown, and no trigger", async () => {
    const cluster = await makeCluster({
        ...{ address: "127.9.9.9", serviceCidr: "10.101.0.0/24", dialect: UnitDialect.Seed },
    });
    const units = await known(cluster.unitTexts);
    expect(units["node:/etc/systemd/system/kubelet.service"]).toContain(
        "--cluster-dns=10.101.0.10",
    );
    const inputs = run.commands().map((command) => command.inputs);
    expect(JSON.stringify(inputs)).not.toMatch(/seed|6666|insecure-bind/);
});

test("two clusters of a stack have addresses of their own", async () => {
    const cluster = await makeCluster();
    const other = new Cluster("d", { kubernetesVersion: "v1.36.1", binaries });
    expect(await known(other.address)).not.toBe(await known(cluster.address));
    await known(other.kubeconfigPath);
});

test("version, kubeadm and kubectl are no triggers", async () => {
    await makeCluster();
    const text = JSON.stringify(run.commands().map(({ inputs }) => inputs.triggers));
    expect(text).not.toContain("1.36");
    expect(text).not.toMatch(/kubeadm|kubectl/);
});

test("a remote host that is declared as stopped has nothing to be read, rather than paths that hold nowhere", async () => {
    await pulumi.runtime.disconnect();
    run = mocked({});
    await run.begin();
    const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
    const cluster = await makeCluster({ host: { ssh, running: false } });
    expect(await known(cluster.kubeconfigPath)).toBe("");
    expect(await known(cluster.healthCommands)).toEqual({});
    expect(await known(cluster.unitTexts)).toEqual({});
});

test("on a remote host the path of the kubeconfig is what its script says, and no secret", async () => {
    const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
    const cluster = await makeCluster({ host: { ssh } });
    expect(await known(cluster.kubeconfigPath)).toBe("/there/kubeconfig");
    expect(await pulumi.isSecret(cluster.kubeconfigPath)).toBe(false);
    // Paths of the state are known all the same.
    expect(specOf("c-kube-scheduler").flags["kubeconfig"]).toBe("../c-state/scheduler.conf");
});
