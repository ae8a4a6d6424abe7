/** What is refused of the arguments of KubeadmControlPlane and KubeadmNode. */
import { sharedProblem } from "../../components/cluster/kubeadm-address";
import { KubeadmControlPlaneArgs, KubeadmNodeArgs } from "../../components/cluster/kubeadm-args";
import {
    flatControlPlaneArgs,
    flatKubeadmNodeArgs,
    kubeadmControlPlaneRules,
    kubeadmNodeRules,
    kubeadmProblems,
} from "../../components/cluster/kubeadm-rules";
import { assertArgs } from "../../components/internal/validate";

test.each([
    ["198.18.0.7", false, undefined],
    ["10.0.0.7", true, undefined],
    ["10.0.0.7", false, "where others may reach it"],
    ["192.0.2.7", true, "expected an address of a MachineNetwork"],
])("%s, on a machine of its own: %j, is refused by %j", (address, made, expected) => {
    const said = sharedProblem(address, made);
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(new RegExp(`${expected}.*; or sharedNetwork: true`));
});

describe("arguments", () => {
    const controlPlane = {
        ...{ address: "198.18.0.7", kubernetesVersion: "v1.36.1" },
        localBinaries: { kubeadm: "/b/kubeadm", kubectl: "/b/kubectl" },
        binaries: { kubeadm: "/h/kubeadm", kubelet: "/h/kubelet" },
    };
    const node = {
        ...{ address: "198.18.0.8", clusterInstanceId: "id" },
        cluster: { clusterName: "c", endpoint: "198.18.0.7:6443", stateDir: "../c-keys" },
        binaries: { kubeadm: "/h/kubeadm", kubelet: "/h/kubelet" },
    };
    const message = (check: () => void): string => {
        try {
            check();
            return "";
        } catch (error) {
            return (error as Error).message;
        }
    };
    const refusal = (change: object) => {
        const args = { ...controlPlane, ...change } as unknown as KubeadmControlPlaneArgs;
        return message(() => {
            assertArgs(
                ...(["KubeadmControlPlane c", flatControlPlaneArgs("c", args)] as const),
                ...([kubeadmControlPlaneRules, ...kubeadmProblems({ ...args })] as const),
            );
        });
    };
    const nodeRefusal = (change: object) => {
        const args = { ...node, ...change } as unknown as KubeadmNodeArgs;
        return message(() => {
            assertArgs(
                ...(["KubeadmNode n", flatKubeadmNodeArgs("n", args)] as const),
                ...([kubeadmNodeRules, ...kubeadmProblems({ ...args })] as const),
            );
        });
    };

    test.each([
        {},
        { images: { etcd: "/h/etcd", pause: "/h/pause" }, imageArchives: ["/h/x.tar"] },
        { addons: ["coredns", "kube-proxy"], runsPods: true, proxyMode: "iptables" },
        { imageRepository: "mirror.example:5000/k8s", ignorePreflightErrors: ["NumCPU"] },
        {
            extraArgs: {
                kubeApiserver: { "max-requests-inflight": "8" },
                kubelet: { "max-pods": "9" },
            },
        },
    ])("%j is taken", (args) => {
        expect(refusal(args)).toBe("");
    });

    test.each([
        [{ address: "127.0.0.1" }, "neither of loopback nor 0.0.0.0"],
        [{ address: "0.0.0.0" }, "neither of loopback nor 0.0.0.0"],
        [{ address: "::1" }, "expected an IPv4 address"],
        [{ kubernetesVersion: "1.36" }, "kubernetesVersion: got"],
        [{ kubernetesVersion: "v1.33.0" }, "expected v1.34.0 or later"],
        [{ localBinaries: undefined }, "localBinaries.kubeadm: got nothing"],
        [{ binaries: { kubeadm: "kubeadm" } }, "binaries.kubeadm"],
        [{ binaries: { ...controlPlane.binaries, kubectl: "/b" } }, "expected no kubectl"],
        [{ images: { kubeProxy: "/h/p" } }, "expected no kubeProxy"],
        [{ addons: ["dns"] }, 'expected "coredns" or "kube-proxy"'],
        [{ ignorePreflightErrors: ["all"] }, "expected the names of checks"],
        [{ tunnelAddress: "10.0.0.1" }, "tunnelAddress"],
        [{ podCidr: "10.100.0.0/16" }, "expected ranges without a common address"],
        [{ verbosity: { kubeApiserver: 11 } }, "verbosity.kubeApiserver: got 11"],
        [
            { extraArgs: { kubeApiserver: { "insecure-port": "8080" } } },
            "was removed in Kubernetes 1.24",
        ],
        [
            { extraArgs: { kubeScheduler: { logtostderr: "true" } } },
            "was removed in Kubernetes 1.26",
        ],
        [{ extraArgs: { kubeApiserver: { "bind-address": "0.0.0.0" } } }, "does not depend on"],
        [{ extraArgs: { kubeApiserver: { "client-ca-file": "/x" } } }, "does not depend on"],
        [
            { extraArgs: { kubeControllerManager: { "cluster-cidr": "x" } } },
            "by the argument podCidr",
        ],
        [{ extraArgs: { etcd: { "data-dir": "/x" } } }, "does not depend on"],
        [{ extraArgs: { kubelet: { "--v": "1" } } }, 'without the dashes before it, as "v"'],
        [{ extraArgs: { kubelet: { "node-ip": "1.2.3.4" } } }, "by the argument address"],
        [{ extraArgs: { kubelet: { config: "/x" } } }, "does not depend on"],
    ])("%j is refused", (args, expected) => {
        expect(refusal(args)).toContain(expected);
    });

    test.each([
        [{}, ""],
        [{ cluster: undefined }, "expected `joining` of a KubeadmControlPlane"],
        [{ clusterInstanceId: undefined }, "expected `instanceId` of a KubeadmControlPlane"],
        [{ images: { etcd: "/h/etcd" } }, "expected no etcd"],
        [{ verbosity: { kubeApiserver: 1 } }, "expected no kubeApiserver"],
        [{ nodeName: "Node_1" }, "expected lower-case letters"],
        [{ host: { os: "windows", ssh: { address: "a", hostKey: "ssh-ed25519 A" } } }, "host.os"],
    ])("of a node %j: %j", (args, expected) => {
        const said = nodeRefusal(args);
        if (expected === "") expect(said).toBe("");
        else expect(said).toContain(expected);
    });
});
