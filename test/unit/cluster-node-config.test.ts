/** What a ClusterNode's programs are configured with, and what it refuses. */
import fc from "fast-check";
import { parse, stringify } from "yaml";
import {
    ClusterNodeArgs,
    clusterNodeRules,
    flatNodeArgs,
} from "../../components/cluster/cluster-node-args";
import { containerdConfig, podNetworkTemplate } from "../../components/cluster/containerd-config";
import { clientConfig } from "../../components/cluster/kubeadm-config";
import {
    CgroupDriver,
    kubeletConfig,
    kubeletFieldsProblem,
} from "../../components/cluster/kubelet-config";
import {
    containerdService,
    kubeletService,
    proxyService,
} from "../../components/cluster/node-programs";
import {
    needsTunnel,
    serverFor,
    tunnelHealthText,
    tunnelText,
} from "../../components/cluster/node-tunnel";
import { ProxyMode, proxyConfig } from "../../components/cluster/proxy-config";
import { Ssh } from "../../components/host/host";
import { assertArgs } from "../../components/internal/validate";

const wishes = {
    clientCaFile: "../n/ca.crt",
    dnsIp: "10.100.0.10",
    cgroupDriver: CgroupDriver.Systemd,
    allowCgroupV1: false,
};

test("containerd has the environment that is given, and not a word of it without", () => {
    const service = (variables?: Record<string, string>) =>
        containerdService(CgroupDriver.Systemd, "pause", false, variables);
    const plain = service();
    expect(plain.spec).toEqual({ cgroupDriver: "systemd", pauseImage: "pause" });
    expect(plain.run).toBe('exec containerd --config "$PWD/containerd.toml"');
    expect(service({})).toEqual(plain);
    const proxied = service({ NO_PROXY: "a,.b" });
    expect(proxied.spec).toMatchObject({ environment: { NO_PROXY: "a,.b" } });
    expect(proxied.run).toMatch(/^export NO_PROXY='?a,\.b'?\n?[; ]*exec containerd/);
});

test("a kubelet listens on loopback alone, and answers nobody whom it does not know", () => {
    const config = kubeletConfig(wishes);
    expect(config).toMatchObject({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: "127.0.0.1",
        healthzBindAddress: "127.0.0.1",
        readOnlyPort: 0,
        authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
        authorization: { mode: "Webhook" },
        clusterDNS: ["10.100.0.10"],
        cgroupDriver: "systemd",
    });
    expect(config).not.toHaveProperty("failCgroupV1");
    expect(config).not.toHaveProperty("featureGates");
});

test("cgroup v1, feature gates and further fields are added when asked for", () => {
    const config = kubeletConfig({
        ...wishes,
        ...{ cgroupDriver: CgroupDriver.Cgroupfs, allowCgroupV1: true },
        featureGates: { ImageVolume: false },
        more: "maxPods: 50\nevictionHard: { memory.available: 1% }\n",
    });
    expect(config).toMatchObject({
        ...{ cgroupDriver: "cgroupfs", failCgroupV1: false, maxPods: 50 },
        featureGates: { ImageVolume: false },
        evictionHard: { "memory.available": "1%" },
    });
});

test.each([
    ["maxPods: 50", undefined],
    ["address: 0.0.0.0", "expected no address: the kubelet listens on loopback alone"],
    ["readOnlyPort: 10255\nmaxPods: 1", "expected no readOnlyPort"],
    ["cgroupDriver: cgroupfs", "use the argument cgroupDriver"],
    ["failCgroupV1: false", "use the argument allowCgroupV1"],
    ["- a", "expected fields of KubeletConfiguration as YAML"],
    ["a: [", "expected YAML"],
    ["", "expected fields of KubeletConfiguration as YAML"],
])("further fields %j: %s", (text, expected) => {
    const problem = kubeletFieldsProblem(text);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(expected);
});

test("whatever is taken as a further field leaves what the node depends on as it is", () => {
    const own = kubeletConfig(wishes);
    const free = ["failSwapOn", "resolvConf"];
    const fixed = Object.keys(own).filter((name) => !free.includes(name));
    const name = fc.oneof(
        fc.constantFrom(...Object.keys(own)),
        fc.stringMatching(/^[a-z][A-Za-z]{0,12}$/),
    );
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    fc.assert(
        fc.property(fc.dictionary(name, value, { minKeys: 1 }), (fields) => {
            const text = stringify(fields);
            if (kubeletFieldsProblem(text) !== undefined) {
                return;
            }
            const config = kubeletConfig({ ...wishes, more: text });
            expect(fixed.map((field) => config[field])).toEqual(fixed.map((field) => own[field]));
        }),
    );
});

test("kube-proxy listens on loopback alone; its mode is as asked", () => {
    expect(
        proxyConfig({
            kubeconfig: "k",
            mode: ProxyMode.Iptables,
            podCidr: "172.19.0.0/16",
            featureGates: { A: true },
        }),
    ).toEqual({
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        mode: "iptables",
        clientConnection: { kubeconfig: "k" },
        clusterCIDR: "172.19.0.0/16",
        detectLocalMode: "NodeCIDR",
        healthzBindAddress: "127.0.0.1:10256",
        metricsBindAddress: "127.0.0.1:10249",
        featureGates: { A: true },
    });
});

test("containerd has the driver and the image that are asked for, in strings of TOML", () => {
    const text = containerdConfig(CgroupDriver.Cgroupfs, "mirror.example/pause:3");
    expect(text).toContain("SystemdCgroup = false\n");
    expect(text).toContain('sandbox_image = "mirror.example/pause:3"\n');
    expect(containerdConfig(CgroupDriver.Systemd, "p")).toContain("SystemdCgroup = true\n");
});

test("the pods' network takes the range that containerd fills in", () => {
    const text = podNetworkTemplate().replace("{{.PodCIDR}}", "172.19.3.0/24");
    const [bridge] = (JSON.parse(text) as { plugins: Record<string, unknown>[] }).plugins;
    expect(bridge).toMatchObject({
        type: "bridge",
        ipam: { type: "host-local", ranges: [[{ subnet: "172.19.3.0/24" }]] },
    });
});

test("flags of the programs are those that their configurations have no field for", () => {
    const kubelet = kubeletService("/b/kubelet", "n", "../n-node", 4, { kind: "K" });
    expect(kubelet.run).toBe(
        "exec /b/kubelet --config=config.yaml --hostname-override=n --kubeconfig=../n-node/kubelet.conf --v=4",
    );
    const proxy = proxyService("/b/kube-proxy", "n", 0, { kind: "P" });
    expect(proxy.run).toBe("exec /b/kube-proxy --config=config.yaml --hostname-override=n --v=0");
    expect(proxy.preStart).toBe("printf %s 'kind: P\n' >config.yaml");
});

test("a client finds the API server where it is said to be", () => {
    const [init, cluster] = clientConfig("c", "v1.36.1", "127.0.0.1:6443")
        .split("---\n")
        .slice(1)
        .map((text) => parse(text) as Record<string, unknown>);
    expect(init).toMatchObject({ kind: "InitConfiguration" });
    expect(cluster).toMatchObject({ clusterName: "c", controlPlaneEndpoint: "127.0.0.1:6443" });
});

describe("the way to the API server", () => {
    const node: Ssh = {
        address: "127.9.9.9",
        port: 2222,
        user: "root",
        hostKey: "ssh-ed25519 AAAA",
    };
    const other: Ssh = { ...node, address: "127.8.8.8" };

    test.each([
        ["both here", undefined, undefined, "127.7.7.7:6443"],
        ["both on one other host", node, node, "127.7.7.7:6443"],
        ["a node elsewhere", node, undefined, "127.0.0.1:6443"],
    ])("%s", (_what, at, control, expected) => {
        expect(serverFor("ClusterNode n", at, control, "127.7.7.7", 6443)).toBe(expected);
    });

    test.each([
        ["here", undefined],
        ["on a third host", other],
    ])("a control plane elsewhere and a node %s is refused", (_what, at) => {
        expect(() => serverFor("ClusterNode n", at, node, "127.7.7.7", 6443)).toThrow(
            "for a control plane on root@127.9.9.9 port 2222; expected a control plane on this machine",
        );
    });

    test("in a network of both it is the server itself, for a node that has an address there", () => {
        expect(serverFor("ClusterNode n", other, node, "198.18.0.2", 6443, "198.18.0.3")).toBe(
            "198.18.0.2:6443",
        );
        expect(needsTunnel(other, node, "198.18.0.2")).toBe(false);
        expect(needsTunnel(node, undefined, "127.7.7.7")).toBe(true);
        expect(() => serverFor("ClusterNode n", other, node, "198.18.0.2", 6443)).toThrow(
            "address: got nothing for a control plane at 198.18.0.2; expected the host's own address",
        );
    });

    test("the tunnel ends on loopback of the node's host, or the service ends", () => {
        const text = tunnelText(node, "127.0.0.1:6443", "127.7.7.7:6443");
        expect(text).toMatch(/^exec ssh -N /);
        expect(text).toContain("-R 127.0.0.1:6443:127.7.7.7:6443");
        expect(text).toContain("ExitOnForwardFailure=yes");
        expect(tunnelHealthText(node, "127.0.0.1:6443")).toContain("https://127.0.0.1:6443/livez");
    });
});

describe("arguments", () => {
    const good = {
        controlPlane: { clusterName: "c", address: "127.7.7.7", stateDir: "../c-state" },
        binaries: { kubelet: "/b/kubelet", kubeProxy: "/b/kube-proxy" },
    } as unknown as ClusterNodeArgs;
    const refusal = (args: object) => {
        try {
            assertArgs("ClusterNode n", flatNodeArgs("n", { ...good, ...args }), clusterNodeRules);
            return "";
        } catch (error) {
            return String(error);
        }
    };

    test.each([
        {},
        {
            nodeLabels: { "example.com/tier": "front" },
            proxyMode: "iptables",
            cgroupDriver: "cgroupfs",
        },
        { kubeletConfig: "maxPods: 5", featureGates: { A: true }, verbosity: { kubelet: 10 } },
        { address: "198.18.0.3" },
        { nodeName: "172.18.100.122", pauseImage: "mirror.example:5000/pause@sha256:00" },
    ])("%j is taken", (args) => {
        expect(refusal(args)).toBe("");
    });

    test.each([
        [{ controlPlane: undefined }, "expected `controlPlane` of a Cluster"],
        [{ binaries: undefined }, "binaries.kubelet: got nothing; expected an absolute path"],
        [{ address: "127.0.0.1" }, "expected an address of a MachineNetwork (in 198.18.0.0/15"],
        [{ address: "203.0.113.7" }, "expected an address of a MachineNetwork"],
        [{ nodeName: "Node_1" }, "expected lower-case letters"],
        [{ nodeLabels: { "a b": "c" } }, "nodeLabels"],
        [{ proxyMode: "ipvs" }, 'expected "nftables" or "iptables"'],
        [{ cgroupDriver: "systemd2" }, 'expected "systemd" or "cgroupfs"'],
        [{ kubeletConfig: "address: 0.0.0.0" }, "the kubelet listens on loopback alone"],
        [{ verbosity: { kubeProxy: 11 } }, "verbosity.kubeProxy: got 11"],
        [{ host: { os: "windows", ssh: { address: "a", hostKey: "ssh-ed25519 A" } } }, "host.os"],
    ])("%j is refused", (args, expected) => {
        expect(refusal(args)).toContain(expected);
    });
});
