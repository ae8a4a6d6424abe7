/** KubeadmControlPlane and KubeadmNode against mocks: what is declared where, and what stays secret. */
import * as pulumi from "@pulumi/pulumi";
import { hostProblem, nameProblem, ownHost } from "../../components/cluster/kubeadm-places";
import { MockedKubeadm, node, ssh } from "../support/mocked-kubeadm";
import { known } from "../support/mocked-run";

const they = new MockedKubeadm();

test("of a control plane, keys, tunnel and the wait are on this machine, all else on its host", async () => {
    const made = await they.makeControlPlane();
    expect(they.places()).toEqual([
        ["c-containerd", true],
        ["c-host", true],
        ["c-images", true],
        ["c-init", true],
        ["c-keys", false],
        ["c-kube-proxy", true],
        ["c-kubelet", true],
        ["c-pod-routes", true],
        ["c-ready", false],
        ["c-tunnel", false],
    ]);
    expect(they.environmentOf("c-init")).toMatchObject({
        KUBEDEV_SKIP_PHASES: "addon/coredns,addon/kube-proxy",
        KUBEDEV_PKI: "cGtp",
    });
    expect(they.environmentOf("c-init")["KUBEDEV_KUBEADM_CONFIG"]).toContain(
        "token: abcdef.0123456789abcdef",
    );
    expect(they.environmentOf("c-keys")["KUBEDEV_ADMIN_CONFIG"]).toContain("127.7.7.7:6443");
    expect(they.environmentOf("c-keys")["KUBEDEV_NODES_CONFIG"]).toContain("198.18.0.7:6443");
    expect(they.environmentOf("c-images")["KUBEDEV_PROGRAM_IMAGES"]).toBe(
        "etcd /h/etcd\nregistry.k8s.io/pause:3.10.2 /h/pause",
    );
    expect(they.environmentOf("c-tunnel")["KUBEDEV_RUN"]).toContain(
        "-L 127.7.7.7:6443:198.18.0.7:6443",
    );
    expect(they.environmentOf("c-ready")).toMatchObject({
        ...{ KUBEDEV_STATE: "../c-keys", KUBEDEV_KUBECTL: "/b/kubectl" },
        ...{ KUBEDEV_NODE_NAME: "c", KUBEDEV_KUBELET_VERSION: "v1.36.1" },
    });
    expect(await known(made.endpoint)).toBe("https://127.7.7.7:6443");
    expect(await known(made.nodeEndpoint)).toBe("198.18.0.7:6443");
    expect(await known(made.kubeconfig)).toBe("admin's");
    expect(await known(made.logPaths)).toEqual({
        ...{ containerd: "/there/log", kubeProxy: "/there/log" },
    });
});

test("what a node joins by is there without the control plane", async () => {
    const made = await they.makeControlPlane();
    expect(await known(made.joining)).toMatchObject({
        ...{ clusterName: "c", nodeName: "c", stateDir: "../c-keys" },
        endpoint: "198.18.0.7:6443",
        ...{ keysId: "c-keys-id", kubectlPath: "/b/kubectl" },
    });
    expect(await known(made.instanceId)).toBe("c-init-id");
    expect(they.run.optionsOf("c-keys").dependsOn).toBeUndefined();
});

test("a control plane on this machine takes no tunnel", async () => {
    const made = await they.makeControlPlane({ host: {} });
    expect(they.environmentOf("c-tunnel")).toMatchObject({ KUBEDEV_RUNNING: "false" });
    expect(await known(made.endpoint)).toBe("https://198.18.0.7:6443");
});

test("without kube-proxy there is none of it as a service", async () => {
    await they.makeControlPlane({ binaries: { kubeadm: "/h/kubeadm", kubelet: "/h/kubelet" } });
    expect(they.places().map(([name]) => name)).not.toContain("c-kube-proxy");
});

test("of a node, its place in the cluster and the wait are on this machine, all else on its host", async () => {
    const made = await they.makeNode({ nodeLabels: { tier: "front" } });
    expect(they.places()).toEqual([
        ["n-containerd", true],
        ["n-host", true],
        ["n-images", true],
        ["n-join", true],
        ["n-kube-proxy", true],
        ["n-kubelet", true],
        ["n-member", false],
        ["n-pod-routes", true],
        ["n-ready", false],
    ]);
    expect(they.environmentOf("n-join")["KUBEDEV_DISCOVERY"]).toContain(
        "token: abcdef.0123456789abcdef",
    );
    expect(they.environmentOf("n-join")["KUBEDEV_KUBEADM_CONFIG"]).not.toContain("abcdef");
    expect(they.environmentOf("n-ready")).toMatchObject({ KUBEDEV_LABELS: "tier=front" });
    expect(they.environmentOf("n-kubelet")["KUBEDEV_KUBELET_UNIT"]).toContain(
        "--node-ip=198.18.0.8",
    );
    expect(await known(made.internalIp)).toBe("198.18.0.8");
});

test("token, keys and kubeconfigs are secrets, and no triggers", async () => {
    await they.makeControlPlane();
    await they.makeNode();
    expect(they.run.optionsOf("c-keys").additionalSecretOutputs).toEqual(["stdout"]);
    expect(they.run.optionsOf("n-member").additionalSecretOutputs).toEqual(["stdout"]);
    const text = JSON.stringify(they.run.commands().map(({ inputs }) => inputs.triggers));
    expect(text).not.toMatch(/abcdef\.|admin's|kube-proxy's|cGtp|CERTIFICATE/);
});

test("in containers of this machine there is no tunnel, and connections are counted by the machine", async () => {
    const inside = (name: string) => ({ host: { container: { name, ownEngine: true } } });
    const made = await they.makeControlPlane({ ...inside("one"), address: "172.18.0.2" });
    expect(they.environmentOf("c-tunnel")).toMatchObject({ KUBEDEV_RUNNING: "false" });
    expect(await known(made.endpoint)).toBe("https://172.18.0.2:6443");
    expect(they.environmentOf("c-kube-proxy")["KUBEDEV_PRE_START"]).toContain("maxPerCore: 0");
    expect(they.environmentOf("c-init")["KUBEDEV_TRANSPORT"]).toContain("kubedev_container=one");
    await they.makeNode({ ...inside("two"), address: "172.18.0.3" });
    expect(they.environmentOf("n-join")["KUBEDEV_TRANSPORT"]).toContain("kubedev_container=two");
});

test("in a container of another machine the tunnel leads by that machine", async () => {
    const made = await they.makeControlPlane({
        host: { ssh, container: { name: "one" } },
        address: "172.18.0.2",
    });
    expect(they.environmentOf("c-tunnel")["KUBEDEV_RUN"]).toContain(
        "-L 127.7.7.7:6443:172.18.0.2:6443",
    );
    expect(await known(made.endpoint)).toBe("https://127.7.7.7:6443");
    expect(they.environmentOf("c-kube-proxy")["KUBEDEV_PRE_START"]).toContain("maxPerCore");
});

test("where others may be is refused, unless that is said", async () => {
    const elsewhere = { host: { ssh }, address: "192.168.1.7" };
    await expect(they.makeControlPlane(elsewhere)).rejects.toThrow("where others may reach it");
    await expect(they.makeNode(elsewhere)).rejects.toThrow("or sharedNetwork: true");
    expect(they.run.commands()).toEqual([]);
    const made = await they.makeControlPlane({ ...elsewhere, sharedNetwork: true });
    expect(await known(made.nodeEndpoint)).toBe("192.168.1.7:6443");
});

describe("what one node alone can have", () => {
    const host = { ssh: { ...ssh, user: "other" }, parentId: "vm-id" };
    test("a second node on a host is refused before anything of it is declared", async () => {
        await they.makeControlPlane();
        const before = they.places();
        await expect(they.makeNode({ host })).rejects.toThrow(
            "host: got other@127.9.9.9 port 2222, which is the host of KubeadmControlPlane c; expected a host of its own",
        );
        expect(they.places()).toEqual(before);
    });

    test("a host that is known later is the same one, by its address, port and container", async () => {
        await they.makeNode();
        const asked = pulumi.output({ ssh: { ...node.host.ssh, user: "root" } });
        expect(await known(ownHost("KubeadmNode n", asked))).toMatchObject({ ssh: node.host.ssh });
        const owners = new Map<string, string>();
        const problem = (what: string, more: object) =>
            hostProblem(owners, what, { ...ssh, ...more })?.reason;
        expect(problem("a", {})).toBeUndefined();
        expect(problem("a", { user: "other" })).toBeUndefined();
        expect(problem("b", { user: "other" })).toContain("which is the host of a;");
        expect(problem("b", { port: 23 })).toBeUndefined();
        expect(problem("c", { container: { name: "one" } })).toBeUndefined();
        expect(problem("d", { container: { name: "one" } })).toContain("the host of c;");
        expect(problem("d", { container: { name: "one", ownEngine: true } })).toBeUndefined();
    });

    test("a node is called as no other of its cluster is; in another cluster it may be", () => {
        const owners = new Map<string, string>();
        const problem = (what: string, nodeName: string, stateDir = "../c-keys") =>
            nameProblem(owners, what, nodeName, { ...node.cluster, stateDir })?.reason;
        expect(problem("n", "n")).toBeUndefined();
        expect(problem("n", "n")).toBeUndefined();
        expect(problem("m", "n")).toContain("got n, which is the node of n; expected a name");
        expect(problem("m", "c")).toContain("which is the node of KubeadmControlPlane c;");
        expect(problem("m", "n", "../d-keys")).toBeUndefined();
        expect(problem("m", "m")).toBeUndefined();
    });

    test("what it is told from others by is its address, and what is its own its name", async () => {
        await they.makeControlPlane();
        await they.makeNode();
        expect(they.environmentOf("n-member")).toMatchObject({ KUBEDEV_ADDRESS: "198.18.0.8" });
        expect(they.environmentOf("n-host")).toMatchObject({ KUBEDEV_OWN: "n-join" });
        expect(they.environmentOf("c-host")).toMatchObject({ KUBEDEV_OWN: "c-init" });
    });
});
