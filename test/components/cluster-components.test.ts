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

const machine = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
const inMachine = { address: "198.18.0.2", host: { ssh: machine, parentId: "vm-id" } };
/** The address of loopback that the cluster would have had. */
const own = async () => {
    const address = await known((await makeCluster()).address);
    await pulumi.runtime.disconnect();
    run.registered.length = 0;
    await run.begin();
    return address;
};

test("in a network of machines its API server alone has an address there, and all of it is reached from here", async () => {
    run = mocked({
        kubeconfig: "clusters:\n- cluster:\n    server: https://198.18.0.2:6443\n  name: c\n",
        kubeconfigPath: "/there/kubeconfig",
    });
    const loopback = await own();
    const cluster = await makeCluster(inMachine);
    expect(await known(cluster.endpoint)).toBe("https://198.18.0.2:6443");
    expect(await known(cluster.controlPlane)).toMatchObject({ address: "198.18.0.2" });
    expect(specOf("c-kube-apiserver").flags).toMatchObject({
        ...{ "bind-address": "198.18.0.2", "advertise-address": "198.18.0.2" },
        "etcd-servers": `https://${loopback}:2379`,
    });
    expect(specOf("c-etcd").flags["listen-client-urls"]).toBe(`https://${loopback}:2379`);
    expect(specOf("c-kube-scheduler").flags["bind-address"]).toBe(loopback);

    const environmentOf = (name: string) =>
        run.commands().find((one) => one.name === name)?.inputs.environment ?? {};
    const { KUBEDEV_RUN = "", KUBEDEV_SSH } = environmentOf("c-tunnel");
    expect(KUBEDEV_SSH).toBe("");
    expect(KUBEDEV_RUN).toContain(
        `-L ${loopback}:6443:198.18.0.2:6443 -L ${loopback}:10257:${loopback}:10257 -L ${loopback}:10259:${loopback}:10259`,
    );
    expect(KUBEDEV_RUN).toContain("root@10.0.0.2");
    expect(specOf("c-tunnel").parents).toEqual(["vm-id"]);
    const text = `clusters:\n- cluster:\n    server: https://${loopback}:6443\n  name: c\n`;
    expect(await known(cluster.kubeconfig)).toBe(text);
    expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
    const file = "/state/kubedev/project/stack/c-kubeconfig/kubeconfig";
    expect(environmentOf("c-kubeconfig")).toMatchObject({
        // The script reads each of them.
        ...{ KUBEDEV_PATH: file, KUBEDEV_MODE: "0600", KUBEDEV_OWNER: "" },
    });
    expect(await known(cluster.kubectlCommand)).toBe(`kubectl --kubeconfig ${file}`);
    expect((await known(cluster.profileCommands))["kubeScheduler"]?.heap).toContain(
        `--server=https://${loopback}:10259`,
    );
    // What is said about its host holds there.
    expect((await known(cluster.healthCommands))["etcd"]).toContain("/there/pki/etcd/ca.crt");
});

test("its kubectl here, and an address that is an output, are as they are given", async () => {
    const cluster = await makeCluster({
        ...{ ...inMachine, address: pulumi.output("198.18.0.2") },
        localKubectlPath: "/b/here",
    });
    expect(await known(cluster.kubectlCommand)).toMatch(/^\/b\/here --kubeconfig /);
    expect(specOf("c-kube-apiserver").flags["bind-address"]).toBe("198.18.0.2");
});

// The rows of its page's diff table that only such a cluster has.
test.each<[string, object, string[]]>([
    ["another address", { address: "198.18.0.3" }, ["kube-apiserver", "state", "tunnel"]],
    ["localKubectlPath", { localKubectlPath: "/b/other" }, []],
    [
        "the machine was made anew",
        { host: { ssh: machine, parentId: "new" } },
        [...programs, "state", "tunnel"],
    ],
    ["shut down", { host: { ssh: machine, parentId: "vm-id", running: false } }, []],
])("%s: what is replaced", async (_what, args, expected) => {
    const triggers = async (all: object) => {
        await makeCluster(all);
        return Object.fromEntries(
            run.commands().map(({ name, inputs }) => [name, JSON.stringify(inputs.triggers)]),
        );
    };
    const before = await triggers(inMachine);
    await pulumi.runtime.disconnect();
    run.registered.length = 0;
    await run.begin();
    const after = await triggers({ ...inMachine, ...args });
    const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
    expect(changed.sort()).toEqual(expected.map((name) => `c-${name}`));
});

test("on a remote host the path of the kubeconfig is what its script says, and no secret", async () => {
    const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
    const cluster = await makeCluster({ host: { ssh } });
    expect(await known(cluster.kubeconfigPath)).toBe("/there/kubeconfig");
    expect(await pulumi.isSecret(cluster.kubeconfigPath)).toBe(false);
    // Paths of the state are known all the same.
    expect(specOf("c-kube-scheduler").flags["kubeconfig"]).toBe("../c-state/scheduler.conf");
});
