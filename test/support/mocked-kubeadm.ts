/** Clusters by kubeadm against mocks: arguments that will do, and what is declared then. */
import * as pulumi from "@pulumi/pulumi";
import { KubeadmControlPlane } from "../../components/cluster/kubeadm-control-plane";
import { KubeadmNode } from "../../components/cluster/kubeadm-node";
import { known, MockedRun } from "./mocked-run";

export const ssh = {
    address: "127.9.9.9",
    port: 2222,
    privateKeyPath: "/key",
    hostKey: "ssh-ed25519 AAAA",
};
export const binaries = {
    kubeadm: "/h/kubeadm",
    kubelet: "/h/kubelet",
    kubeProxy: "/h/kube-proxy",
};
export const controlPlane = {
    host: { ssh, parentId: "vm-id" },
    ...{ address: "198.18.0.7", kubernetesVersion: "v1.36.1", tunnelAddress: "127.7.7.7" },
    localBinaries: { kubeadm: "/b/kubeadm", kubectl: "/b/kubectl" },
    ...{ binaries, images: { etcd: "/h/etcd", pause: "/h/pause" } },
};
export const node = {
    host: { ssh: { ...ssh, address: "127.9.9.8" }, parentId: "vm-id" },
    ...{ address: "198.18.0.8", clusterInstanceId: "cluster-id", binaries },
    cluster: {
        ...{
            clusterName: "c",
            nodeName: "c",
            kubernetesVersion: "v1.36.1",
            endpoint: "198.18.0.7:6443",
        },
        ...{ podCidr: "172.19.0.0/16", stateDir: "../c-keys", kubectlPath: "/b/kubectl" },
        keysId: "keys-id",
    },
};

export class MockedKubeadm {
    run!: MockedRun;

    /** Each test of the file has a run of its own. */
    constructor() {
        beforeAll(() => {
            process.env.XDG_STATE_HOME = "/state";
        });
        beforeEach(async () => {
            this.run = new MockedRun(
                {
                    ...{ token: "abcdef.0123456789abcdef", kubeconfig: "admin's", pki: "cGtp" },
                    ...{ kubeProxy: "kube-proxy's", ca: "an authority", log: "/there/log" },
                    ...{ kubeletVersion: "v1.36.1", internalIp: "198.18.0.8" },
                    podCidr: "172.19.1.0/24",
                },
                (asked) => ("KUBEDEV_TOOLS" in asked ? "tool=present\n".repeat(4) : "absent=1\n"),
            );
            await this.run.begin();
        });
        afterEach(async () => {
            await pulumi.runtime.disconnect();
        });
    }

    async makeControlPlane(args: object = {}): Promise<KubeadmControlPlane> {
        const made = new KubeadmControlPlane("c", { ...controlPlane, ...args }, this.run.watched);
        await known(made.logPaths);
        await known(made.nodeName);
        return made;
    }

    async makeNode(args: object = {}): Promise<KubeadmNode> {
        const made = new KubeadmNode("n", { ...node, ...args }, this.run.watched);
        await known(made.logPaths);
        await known(made.nodeName);
        return made;
    }

    /** Also of one that has a secret in it, which mocks get in a wrapper. */
    environmentOf(name: string): Record<string, string> {
        const given = this.run.commands().find((one) => one.name === name)?.inputs.environment;
        const wrapped = (given as { value?: unknown } | undefined)?.value;
        return (wrapped ?? given ?? {}) as Record<string, string>;
    }

    /** What was declared, and whether it is on a host that is logged in to. */
    places(): [string, boolean][] {
        return this.run
            .commands()
            .map(({ name }): [string, boolean] => [
                name,
                this.environmentOf(name)["KUBEDEV_SSH"] !== "",
            ])
            .sort();
    }
}
