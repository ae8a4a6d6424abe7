/** DebugSession and Cluster.debug against mocks: what is declared, and which resource runs the program. */
import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../components/cluster/cluster";
import { DebugSession } from "../../components/debug/debug-session";
import { known, MockedRun } from "../support/mocked-run";

let run: MockedRun;
let problem = "";
beforeAll(() => {
    process.env.XDG_STATE_HOME = "/state";
});
beforeEach(async () => {
    problem = "";
    run = new MockedRun(
        { log: "/there/log", path: "/there/dlv", sha256: "a".repeat(64) },
        (asked) =>
            "KUBEDEV_BINARY" in asked
                ? problem
                : "KUBEDEV_TOOLS" in asked
                  ? "tool=present\ncommand=0\n"
                  : "absent=1\n",
    );
    await run.begin();
});
afterEach(async () => {
    await pulumi.runtime.disconnect();
});

const binary = "/b/kube-controller-manager";
const given = { delvePath: "/d/dlv", address: "127.9.9.9" };
const specOf = (name: string) => {
    const command = run.commands().find((one) => one.name === name);
    const [spec] = command?.inputs.triggers as [Record<string, unknown>];
    return { spec, run: String(command?.inputs.environment["KUBEDEV_RUN"]) };
};

test("of a Cluster's program the session declares nothing; the Cluster runs it under delve", async () => {
    const session = new DebugSession("s", { ...given, binary });
    const binaries = {
        ...{ etcd: "/b/etcd", kubeApiserver: "/b/kube-apiserver", kubeadm: "/b/kubeadm" },
        ...{ kubeControllerManager: "/plain", kubeScheduler: "/b/kube-scheduler" },
        kubectl: "/b/kubectl",
    };
    const debug = { kubeControllerManager: session.server };
    const cluster = new Cluster("c", { kubernetesVersion: "v1.36.1", binaries, debug });
    await known(cluster.kubeconfigPath);
    expect(run.commands().filter(({ name }) => name.startsWith("s-"))).toEqual([]);
    const debugged = specOf("c-kube-controller-manager");
    expect(debugged.spec).toMatchObject({
        program: binary,
        delve: { program: "/d/dlv", listen: "127.9.9.9:38697" },
    });
    expect(debugged.run).toMatch(
        /^set -- \/d\/dlv exec \/b\/kube-controller-manager --headless .* --listen=127\.9\.9\.9:38697 -- --allocate-node-cidrs=true /,
    );
    const plain = specOf("c-kube-scheduler");
    expect(plain.spec).not.toHaveProperty("delve");
    expect(plain.run).toMatch(/^exec \/b\/kube-scheduler /);
    expect(await known(session.logPath)).toBe("");
    expect((await known(session.presets))["deployment"]).toContain("syncDeployment");
});

test("with arguments the session runs the program itself", async () => {
    const session = new DebugSession("s", {
        ...{ ...given, binary: "/b/manager", arguments: ["-v", "a b"], environment: { A: "1" } },
        breakpoints: ["main.main"],
    });
    expect(await known(session.logPath)).toBe("/there/log");
    expect(specOf("s-service").spec).toMatchObject({
        program: "/b/manager",
        arguments: ["-v", "a b"],
    });
    expect(specOf("s-service").run).toMatch(
        /^export A=1\nset -- \/d\/dlv exec \/b\/manager .* -- -v 'a b'\nattached=''\n/,
    );
    expect(await known(session.connectCommand)).toBe("/d/dlv connect 127.9.9.9:38697");
    expect(await known(session.tunnelCommand)).toBe("");
    expect(await known(session.initScript)).toBe("break main.main\n");
});

test("with a process it attaches, and looks at what that runs", async () => {
    const session = new DebugSession("s", { ...given, processId: 42 });
    await known(session.logPath);
    expect(specOf("s-service").spec).toMatchObject({ attachedTo: 42 });
    expect(specOf("s-service").run).toMatch(/^set -- \/d\/dlv attach 42 .*\nattached=42\n/);
    expect(run.looks.some((asked) => asked["KUBEDEV_BINARY"] === "/proc/42/exe")).toBe(true);
});

test("delve is built where none is given, and a tunnel leads to a remote host", async () => {
    const ssh = { address: "10.0.0.2", privateKeyPath: "/key", hostKey: "ssh-ed25519 AAAA" };
    const session = new DebugSession("s", { binary, address: "127.9.9.9", host: { ssh } });
    expect(await known(session.connectCommand)).toBe("dlv connect 127.9.9.9:38697");
    expect(await known(session.tunnelCommand)).toMatch(
        /^ssh .* root@10\.0\.0\.2 -N -L 127\.9\.9\.9:38697:127\.9\.9\.9:38697$/,
    );
    const [built] = run.commands();
    expect(built?.name).toMatch(/^s-delve-dlv-linux-/);
    expect(built?.inputs.environment["KUBEDEV_MODULE"]).toBe("github.com/go-delve/delve@v1.27.1");
});

test("by name, in a container: delve is built here, sent, and takes hold of what runs", async () => {
    const host = { container: { name: "node", ownEngine: true } };
    const session = new DebugSession("s", {
        ...{ host, processName: "kubelet", address: "127.9.9.9", breakpoints: ["syncPod"] },
        parentIds: ["swap-1"],
    });
    await known(session.logPath);
    const commands = run.commands().map(({ name }) => name);
    expect(commands).toEqual([
        ...[expect.stringMatching(/^s-delve-dlv-linux-/) as string, "s-delve-artifact"],
        "s-service",
    ]);
    const { spec, run: text } = specOf("s-service");
    expect(spec).toMatchObject({ processName: "kubelet", host: { container: "node" } });
    expect(text).toMatch(
        /^attached=\$\(pidof kubelet\)\n.*\nset -- \S+ attach "\$attached" --headless --continue/,
    );
    expect(run.looks.find((asked) => "KUBEDEV_BINARY" in asked)).toMatchObject({
        KUBEDEV_PROCESS_NAME: "kubelet",
    });
    expect(await known(session.initScript)).toBe(
        "break k8s.io/kubernetes/pkg/kubelet.(*Kubelet).SyncPod\n",
    );
    expect(await known(session.tunnelCommand)).toBe(
        "KUBEDEV_TUNNEL='docker -H unix:///state/kubedev/engine/docker.sock exec -i node socat -t 10 - TCP:127.9.9.9:38697' " +
            "socat -t 10 TCP-LISTEN:38697,bind=127.9.9.9,reuseaddr,fork SYSTEM:'eval $KUBEDEV_TUNNEL'",
    );
});

test("what does not go together is refused at once", () => {
    expect(
        () => new DebugSession("s", { address: "0.0.0.0", environment: { A: "1" }, port: 0 }),
    ).toThrow(/4 invalid arguments/);
});
