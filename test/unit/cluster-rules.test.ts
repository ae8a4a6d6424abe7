/** What a Cluster refuses, and in which words; Kubernetes' version skew policy. */
import * as pulumi from "@pulumi/pulumi";
import { ClusterArgs } from "../../components/cluster/cluster-args";
import { openProblem } from "../../components/cluster/cluster-address";
import { clusterRules, flatArgs, jointProblems } from "../../components/cluster/cluster-rules";
import { minorOf, skewProblems, SkewVersions } from "../../components/cluster/version-skew";
import { assertArgs } from "../../components/internal/validate";

const binaries = {
    ...{ etcd: "/b/etcd", kubeApiserver: "/b/kube-apiserver", kubeadm: "/b/kubeadm" },
    ...{ kubeControllerManager: "/b/kube-controller-manager", kubeScheduler: "/b/kube-scheduler" },
    kubectl: "/b/kubectl",
};
const good: ClusterArgs = { kubernetesVersion: "v1.36.1", binaries };

function refusal(args: object): string {
    const all = { ...good, ...args };
    try {
        assertArgs("Cluster c", flatArgs(all), clusterRules, ...jointProblems({ ...all }));
        return "";
    } catch (error) {
        return String(error);
    }
}

test.each([
    {},
    { address: "198.18.0.5", host: { ssh: { address: "127.1.1.1", hostKey: "ssh-ed25519 A" } } },
    { address: pulumi.output("0.0.0.0") },
    { address: "127.9.9.9", ports: { kubeApiserver: 16443, etcdClients: 6666 } },
    { serviceCidr: "10.96.0.0/12", podCidr: "10.244.0.0/16" },
    {
        kubernetesVersion: "v1.37.0-alpha.1.5+abc1234-dirty",
        versions: { kubeScheduler: "v1.36.0" },
    },
    { featureGates: { A: true }, runtimeConfig: { "api/alpha": "true" } },
    { extraFlags: { kubeApiserver: { "max-requests-inflight": "800" } } },
    // Of what is not known yet nothing is said.
    { kubernetesVersion: pulumi.output("v1"), podCidr: pulumi.output("x") },
    { binaries: { ...binaries, kubeScheduler: pulumi.output("x") } },
])("%j is taken", (args) => {
    expect(refusal(args)).toBe("");
});

test.each([
    [
        { address: "10.0.0.1" },
        'address: got "10.0.0.1" on this computer; expected an address in 127',
    ],
    [{ address: "0.0.0.0" }, "nothing of a cluster is reachable from elsewhere"],
    [{ address: "203.0.113.7", host: {} }, "an address of a MachineNetwork (in 198.18.0.0/15"],
    [{ address: "198.18.0.05", host: {} }, "an address of a MachineNetwork"],
    [{ address: "172.19.0.9", host: {} }, "podCidr: got 172.19.0.0/16, which has the cluster's"],
    [
        { address: "198.18.0.5", host: {}, serviceCidr: "198.18.0.0/24" },
        "serviceCidr: got 198.18.0.0/24, which has the cluster's address 198.18.0.5",
    ],
    [{ localKubectlPath: "kubectl" }, "localKubectlPath: got"],
    [{ serviceCidr: "10.100.0.1/24" }, "without bits of an address behind its prefix"],
    [{ serviceCidr: "10.100.0.0/29" }, "from /12 to /28"],
    [{ serviceCidr: "fd00::/112" }, "expected an IPv4 range"],
    [{ podCidr: "172.19.0.0/25" }, "from /8 to /24"],
    [{ podCidr: "10.100.0.0/16" }, "which has addresses of serviceCidr 10.100.0.0/24"],
    [{ serviceCidr: "172.19.128.0/24" }, "got 172.19.0.0/16, which has addresses of"],
    [{ ports: { kubeApiserver: 2379 } }, "expected another port for each"],
    [{ ports: { kubeApiserver: 0 } }, "a TCP port, 1 to 65535"],
    [{ ports: { apiserver: 1 } }, "expected no apiserver; ports has kubeApiserver"],
    [{ binaries: undefined }, "binaries.etcd: got nothing; expected an absolute path"],
    [{ binaries: { ...binaries, etcd: "etcd" } }, 'binaries.etcd: got "etcd"; expected an abs'],
    [
        { binaries: { ...binaries, etdc: "/e" } },
        "binaries.etdc: expected no etdc; binaries has etcd",
    ],
    [{ verbosity: { kubeScheduler: 11 } }, "verbosity.kubeScheduler: got 11"],
    [{ kubernetesVersion: "1.36.1" }, 'expected a version of Kubernetes, as "v1.36.1"'],
    [{ kubernetesVersion: "v1.33.4" }, "expected v1.34.0 or later"],
    [{ versions: { kubeScheduler: "v1.37.0" } }, "expected that minor release or the one before"],
    [
        { extraFlags: { kubeApiserver: { "insecure-port": "8080" } } },
        "extraFlags.kubeApiserver.insecure-port",
    ],
    [{ extraFlags: { scheduler: {} } }, "expected no scheduler; extraFlags has etcd"],
    [{ featureGates: { A: "true" } }, "expected true or false"],
])("%j is refused", (args, expected) => {
    expect(refusal(args)).toContain(expected);
});

test("all problems come at once", () => {
    const text = refusal({
        address: "::1",
        podCidr: "10.0.0.0/8",
        versions: { kubectl: "v1.30.0" },
        extraFlags: { kubeScheduler: { port: "10251", address: "0.0.0.0" } },
    });
    expect(text).toContain("5 invalid arguments");
});

test.each<[string, SkewVersions, string[]]>([
    ["v1.36.1", {}, []],
    ["v1.36.1", { kubeControllerManager: "v1.36.0", kubeScheduler: "v1.35.9" }, []],
    ["v1.36.1", { kubeControllerManager: "v1.37.0" }, ["kubeControllerManager"]],
    ["v1.36.1", { kubeScheduler: "v1.34.0" }, ["kubeScheduler"]],
    ["v1.36.1", { kubectl: "v1.37.0" }, []],
    ["v1.36.1", { kubectl: "v1.35.0" }, []],
    ["v1.36.1", { kubectl: "v1.38.0" }, ["kubectl"]],
    ["v1.36.1", { kubectl: "v1.34.0" }, ["kubectl"]],
    ["v1.36.1", { kubeadm: "v1.37.0" }, []],
    ["v1.36.1", { kubeadm: "v1.35.0" }, ["kubeadm"]],
    ["v1.37.0-rc.1", { kubeScheduler: "v1.37.0-alpha.3+g1234", kubeadm: "v1.38.0" }, []],
])("beside an API server %s, of %j are refused: %j", (apiserver, versions, expected) => {
    expect(skewProblems(apiserver, versions).map(({ propertyPath }) => propertyPath)).toEqual(
        expected.map((name) => `versions.${name}`),
    );
});

test.each([
    ["v1.36.1", 36],
    ["v1.9.0-alpha.0+x", 9],
    ["v2.0.0", Number.NaN],
    ["1.36.1", Number.NaN],
])("the minor release of %s is %d", (version, expected) => {
    expect(minorOf(version)).toBe(expected);
});

test.each([
    ["10.9.0.2", true, undefined],
    ["192.168.1.2", true, undefined],
    ["198.18.0.2", false, undefined],
    ["198.20.0.2", false, /on a machine that is not made by kubedev/],
    [
        "10.9.0.2",
        false,
        /got 10\.9\.0\.2 on a machine that is not made by kubedev.*or one in 198\.18\.0\.0\/15/,
    ],
])("an API server at %s of a machine that is made by kubedev: %s", (address, made, refused) => {
    const problem = openProblem(address, made);
    if (refused === undefined) {
        expect(problem).toBeUndefined();
    } else {
        expect(problem).toMatch(refused);
    }
});
