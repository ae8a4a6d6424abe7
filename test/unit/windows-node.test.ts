/** What the programs of a WindowsNode are told, and which clusters and hosts it refuses. */
import { createHash, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { rootCertificates } from "node:tls";
import { parse } from "yaml";
import {
    endpointOfUrl,
    isLoopbackEndpoint,
    kubeconfigFacts,
    readKubeconfig,
} from "../../components/cluster/kubeconfig-facts";
import { nodeSkewProblem } from "../../components/cluster/version-skew";
import { admissionOf } from "../../components/cluster/windows-node-admission";
import {
    flatWindowsNodeArgs,
    WindowsNodeArgs,
    windowsNodeRules,
} from "../../components/cluster/windows-node-args";
import {
    cniConfig,
    flannelArgv,
    joinConfiguration,
    kubeletArguments,
    kubeletPatch,
    sourceVip,
    windowsProxyConfig,
} from "../../components/cluster/windows-node-files";
import { HostOs } from "../../components/host/host";
import { assertArgs } from "../../components/internal/validate";
import { scratchDir } from "../support/scratch";

const ranges = {
    ...{ podCidr: "10.244.3.0/24", clusterCidr: "10.244.0.0/16" },
    serviceCidr: "10.96.0.0/12",
};

test("kubeadm joins by a configuration of one line, which the command prompt can hand on", () => {
    const text = joinConfiguration({
        ...{ nodeName: "win-a", endpoint: "10.0.0.4:6443", token: "abcdef.0123456789abcdef" },
        caCertHash: "sha256:00",
    });
    expect(text.trim()).not.toContain("\n");
    expect(parse(text)).toEqual({
        ...{ apiVersion: "kubeadm.k8s.io/v1beta4", kind: "JoinConfiguration" },
        discovery: {
            bootstrapToken: {
                token: "abcdef.0123456789abcdef",
                apiServerEndpoint: "10.0.0.4:6443",
                caCertHashes: ["sha256:00"],
            },
        },
        nodeRegistration: {
            name: "win-a",
            criSocket: "npipe:////./pipe/containerd-containerd",
        },
        patches: { directory: "C:\\k\\patches" },
    });
});

test("a kubelet has no cgroups, and its service no word that a command prompt would read", () => {
    expect(parse(kubeletPatch())).toMatchObject({
        ...{ cgroupsPerQOS: false, enforceNodeAllocatable: [], resolvConf: "" },
        containerRuntimeEndpoint: "npipe:////./pipe/containerd-containerd",
    });
    const words = kubeletArguments("win-a", "10.0.0.5");
    expect(words).toEqual(
        expect.arrayContaining([
            ...["--windows-service", "--hostname-override=win-a", "--node-ip=10.0.0.5"],
        ]),
    );
    expect(words.join(" ")).not.toMatch(/["%&|<>^]/);
    expect(kubeletArguments("win-a", undefined).join(" ")).not.toContain("node-ip");
});

test("the pods' network, and the one address of it that kube-proxy has", () => {
    expect(sourceVip("10.244.3.0/24")).toBe("10.244.3.2");
    expect(sourceVip("")).toBe("");
    expect(JSON.parse(cniConfig(ranges))).toMatchObject({
        name: "flannel.4096",
        plugins: [
            {
                ...{ type: "win-overlay", apiVersion: 2 },
                ipam: { ranges: [[{ subnet: "10.244.3.0/24", rangeStart: "10.244.3.3" }]] },
                policies: [
                    {
                        value: {
                            Type: "OutBoundNAT",
                            Settings: { Exceptions: ["10.244.0.0/16", "10.96.0.0/12"] },
                        },
                    },
                    {
                        value: {
                            Type: "SDNRoute",
                            Settings: { DestinationPrefix: "10.96.0.0/12", NeedEncap: true },
                        },
                    },
                ],
            },
        ],
    });
    expect(parse(windowsProxyConfig("win-a", ranges))).toMatchObject({
        ...{ mode: "kernelspace", windowsRunAsService: true, hostnameOverride: "win-a" },
        clusterCIDR: "10.244.0.0/16",
        healthzBindAddress: "127.0.0.1:10256",
        winkernel: { networkName: "flannel.4096", sourceVip: "10.244.3.2" },
    });
    expect(flannelArgv("10.0.0.5").at(-1)).toBe("--iface=10.0.0.5");
    expect(flannelArgv(undefined).join(" ")).not.toContain("iface");
});

const authority = rootCertificates[0] ?? "";
const kubeconfig = (server: string, data = Buffer.from(authority).toString("base64")) =>
    JSON.stringify({
        "current-context": "b",
        contexts: [
            { name: "a", context: { cluster: "one" } },
            { name: "b", context: { cluster: "two" } },
        ],
        clusters: [
            { name: "one", cluster: { server: "https://127.0.0.1:1" } },
            { name: "two", cluster: { server, "certificate-authority-data": data } },
        ],
    });

test("a kubeconfig tells the server of its current context, and the digest of its authority's key", () => {
    const key = new X509Certificate(authority).publicKey.export({ type: "spki", format: "der" });
    expect(kubeconfigFacts(kubeconfig("https://10.0.0.4:6443"))).toEqual({
        endpoint: "10.0.0.4:6443",
        caCertHash: `sha256:${createHash("sha256").update(key).digest("hex")}`,
    });
});

test.each([
    ["no YAML", "{", /expected a kubeconfig whose current context/],
    ["a text", "a", /expected a kubeconfig whose current context/],
    ["an authority in a file", "{clusters: [{name: a}]}", /kubectl config view --minify --flatten/],
    ["http", kubeconfig("http://10.0.0.4:6443"), /expected a server as https/],
    ["a proxy's path", kubeconfig("https://10.0.0.4/k8s/c"), /expected a server as https/],
    ["no certificate", kubeconfig("https://10.0.0.4:6443", "AAAA"), /expected a certificate/],
])("a kubeconfig with %s is refused", (_what, text, why) => {
    expect(kubeconfigFacts(text)).toMatch(why);
});

test("an API server on loopback takes an endpoint; a file has to be there", () => {
    const dir = scratchDir("kubedev-kubeconfig-");
    const file = path.join(dir, "kubeconfig");
    const read = (endpoint?: string) => () => readKubeconfig("WindowsNode n", file, endpoint);
    try {
        expect(read()).toThrow(/kubeconfigPath: got .*; expected a file that is there/);
        fs.writeFileSync(file, kubeconfig("https://127.0.0.1:6443"));
        expect(read()).toThrow(/endpoint: got nothing for the API server 127\.0\.0\.1:6443 of/);
        expect(read("10.0.0.4:6443")().endpoint).toBe("10.0.0.4:6443");
        fs.writeFileSync(file, "{}");
        expect(read()).toThrow(/kubeconfigPath: got .*; expected a kubeconfig whose current/);
    } finally {
        fs.rmSync(dir, { recursive: true });
    }
});

test.each([
    ["https://10.0.0.4", "10.0.0.4:443", false],
    ["https://api.example.com:6443/", "api.example.com:6443", false],
    ["https://[fd00::4]:6443", "[fd00::4]:6443", false],
    ["https://127.7.7.7:6443", "127.7.7.7:6443", true],
    ["https://localhost:6443", "localhost:6443", true],
    ["https://[::1]:6443", "[::1]:6443", true],
])("%s is reached at %s; on loopback: %s", (url, endpoint, loopback) => {
    expect(endpointOfUrl(url)).toBe(endpoint);
    expect(isLoopbackEndpoint(endpoint)).toBe(loopback);
});

test.each([
    ["v1.36.1", true],
    ["v1.33.0", true],
    ["v1.36.0-alpha.1.5+abc-dirty", true],
    ["v1.37.0", false],
    ["v1.32.9", false],
])("a kubelet %s beside an API server v1.36.1: %s", (version, allowed) => {
    const problems = nodeSkewProblem("v1.36.1", version);
    expect(problems).toHaveLength(allowed ? 0 : 1);
    if (!allowed) {
        expect(problems[0]?.reason).toContain(
            `got ${version} beside an API server v1.36.1; expected that minor release or up to three older`,
        );
    }
});

const backend = { Type: "vxlan", VNI: 4096, Port: 4789 };
const printed = (change: Record<string, string> = {}) => ({
    token: "abcdef.0123456789abcdef",
    version: '{"major": "1", "gitVersion": "v1.36.1"}',
    configuration: "networking:\n  serviceSubnet: 10.96.0.0/12,fd00::/108\n",
    info: "clusters: [{cluster: {server: 'https://10.0.0.4:6443'}}]",
    network: JSON.stringify({ Network: "10.244.0.0/16", Backend: backend }),
    ...change,
});

test("what a cluster tells of itself", () => {
    expect(admissionOf("WindowsNode n", printed(), "v1.36.1")).toEqual({
        ...{ token: "abcdef.0123456789abcdef", clusterCidr: "10.244.0.0/16" },
        ...{ serviceCidr: "10.96.0.0/12", flannelConfig: printed().network },
    });
});

const net = (change: object) =>
    JSON.stringify({ Network: "10.244.0.0/16", Backend: { ...backend, ...change } });
test.each([
    ["a newer kubelet", {}, "v1.37.0", /kubernetesVersion: got v1\.37\.0 beside an API server/],
    [
        "cluster-info on loopback",
        { info: "clusters: [{cluster: {server: 'https://127.0.0.1:6443'}}]" },
        "v1.36.1",
        /cluster-info in kube-public says https:\/\/127\.0\.0\.1:6443; expected an address that the node reaches/,
    ],
    ["no cluster-info", { info: "" }, "v1.36.1", /cluster-info in kube-public says ;/],
    ["flannel's default VNI", { network: net({ VNI: undefined }) }, "v1.36.1", /"VNI": 4096/],
    ["another port", { network: net({ Port: 8472 }) }, "v1.36.1", /got .*"Port":8472/],
    ["direct routing", { network: net({ DirectRouting: true }) }, "v1.36.1", /got .*DirectRouting/],
    ["host-gw", { network: net({ Type: "host-gw" }) }, "v1.36.1", /got .*"host-gw"/],
    ["no range of Services", { configuration: "" }, "v1.36.1", /serviceCidr is undefined/],
])("a cluster with %s is refused", (_what, change, version, why) => {
    expect(() => admissionOf("WindowsNode n", printed(change), version)).toThrow(why);
});

const program = { path: "/b/x.exe", sha256: "0".repeat(64) };
const args = {
    host: {
        ssh: { address: "203.0.113.20", hostKey: "ssh-ed25519 AAAA" },
        os: HostOs.Windows,
    },
    ...{ kubeconfigPath: "/kubeconfig", peerCidrs: ["10.0.0.0/16"], kubernetesVersion: "v1.36.1" },
    programs: {
        ...{ kubeadm: program, kubelet: program, kubeProxy: program },
        ...{ flanneld: program, winOverlay: program, hostLocal: program },
    },
};
const judge = (change: object) => {
    const all = { ...args, ...change } as WindowsNodeArgs;
    assertArgs("WindowsNode n", flatWindowsNodeArgs("n", all), windowsNodeRules(all.host));
};

test("what it is told is taken", () => {
    expect(() => judge({})).not.toThrow();
});

test.each([
    ["this machine", { host: {} }, /host: .*expected a Windows host/],
    ["Linux", { host: { ...args.host, os: HostOs.Linux } }, /host: .*expected a Windows host/],
    ["an endpoint on loopback", { endpoint: "127.0.0.1:6443" }, /endpoint: .*on loopback/],
    ["an endpoint without a port", { endpoint: "10.0.0.4" }, /endpoint: .*an address and a port/],
    ["a name that is none", { nodeName: "Win_A" }, /nodeName: .*lower-case letters/],
    ["the whole Internet as peers", { peerCidrs: ["0.0.0.0/0"] }, /peerCidrs\.0: .*narrower/],
    ["no peers", { peerCidrs: [] }, /peerCidrs: .*nobody reaches the node/],
    ["no programs", { programs: undefined }, /programs\.winOverlay: got nothing; expected path/],
    ["a relative path", { kubeconfigPath: "k" }, /kubeconfigPath: got "k"; expected an absolute/],
    [
        "a version that is none",
        { kubernetesVersion: "1.36" },
        /kubernetesVersion: .*as "v1\.36\.1"/,
    ],
])("%s is refused", (_what, change, why) => {
    expect(() => judge(change)).toThrow(why);
});
