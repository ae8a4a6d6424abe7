/** What kubeadm and the kubelets of its nodes are configured with. */
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import {
    ControlPlaneProgram,
    controlPlanePrograms,
} from "../../components/cluster/control-plane-programs";
import { imageLines, imageQuestion } from "../../components/cluster/kubeadm-images";
import { kubeletDropIn, kubeletUnit } from "../../components/cluster/kubeadm-kubelet";
import {
    joinDocuments,
    joinKubeconfig,
    keysDocuments,
} from "../../components/cluster/kubeadm-joining";
import {
    initDocuments,
    KubeadmAddon,
    KubeadmWishes,
    skippedPhases,
} from "../../components/cluster/kubeadm-objects";
import { CgroupDriver } from "../../components/cluster/kubelet-config";
import { ProxyMode } from "../../components/cluster/proxy-config";

const token = "abcdef.0123456789abcdef";
const wishes: KubeadmWishes = {
    ...{ clusterName: "c", kubernetesVersion: "v1.36.1", nodeName: "c" },
    ...{ address: "198.18.0.7", tunnelAddress: "127.7.7.7" },
    ...{ serviceCidr: "10.100.0.0/24", podCidr: "172.19.0.0/16" },
    ...{ proxyMode: ProxyMode.Nftables, runsPods: false, readyTimeoutSec: 600 },
};
const authentication = {
    ...{ name: "authentication-config", value: "/etc/kubernetes/authentication.yaml" },
};
const read = (text: string) =>
    parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>);
const init = (change: Partial<KubeadmWishes> = {}) =>
    read(initDocuments({ ...wishes, ...change }, token));

test("kubeadm's configuration: the API server on the nodes' network alone, a token that stays, no add-on", () => {
    const [own, cluster, ...more] = init();
    expect(own).toEqual({
        ...{ apiVersion: "kubeadm.k8s.io/v1beta4", kind: "InitConfiguration" },
        bootstrapTokens: [{ token, ttl: "0s", description: "nodes of this stack" }],
        nodeRegistration: {
            name: "c",
            criSocket: "unix:///run/kubedev/containerd/containerd.sock",
            imagePullPolicy: "IfNotPresent",
        },
        localAPIEndpoint: { advertiseAddress: "198.18.0.7", bindPort: 6443 },
        timeouts: {
            ...{ controlPlaneComponentHealthCheck: "600s", kubeletHealthCheck: "600s" },
            ...{ kubernetesAPICall: "600s", etcdAPICall: "600s" },
            ...{ tlsBootstrap: "600s", discovery: "600s" },
        },
    });
    expect(cluster).toEqual({
        ...{ apiVersion: "kubeadm.k8s.io/v1beta4", kind: "ClusterConfiguration" },
        ...{ clusterName: "c", kubernetesVersion: "v1.36.1" },
        controlPlaneEndpoint: "198.18.0.7:6443",
        ...{ encryptionAlgorithm: "ECDSA-P256", certificateValidityPeriod: "87600h0m0s" },
        networking: {
            ...{ serviceSubnet: "10.100.0.0/24", podSubnet: "172.19.0.0/16" },
            dnsDomain: "cluster.local",
        },
        apiServer: {
            certSANs: ["198.18.0.7", "127.7.7.7", "localhost", "127.0.0.1"],
            extraArgs: [authentication, { name: "bind-address", value: "198.18.0.7" }],
            extraVolumes: [
                {
                    ...{ name: "authentication", readOnly: true, pathType: "File" },
                    ...{ hostPath: authentication.value, mountPath: authentication.value },
                },
            ],
        },
        controllerManager: { extraArgs: [] },
        scheduler: { extraArgs: [] },
        etcd: { local: { dataDir: "/var/lib/etcd", extraArgs: [] } },
    });
    expect(more).toEqual([]);
});

test("feature gates, verbosity, flags, images, checks and add-ons where they are asked for", () => {
    const [own, cluster, proxy] = init({
        featureGates: { B: false, A: true },
        verbosity: { kubeScheduler: 4 },
        extraArgs: {
            etcd: { "snapshot-count": "5000" },
            kubeApiserver: { "max-requests-inflight": "800" },
        },
        imageRepository: "mirror.example/k8s",
        ignorePreflightErrors: ["NumCPU", "Mem"],
        addons: [KubeadmAddon.KubeProxy],
        runsPods: true,
    });
    const gates = { name: "feature-gates", value: "A=true,B=false" };
    expect(own).toMatchObject({
        nodeRegistration: { taints: [], ignorePreflightErrors: ["NumCPU", "Mem"] },
    });
    expect(cluster).toMatchObject({
        imageRepository: "mirror.example/k8s",
        apiServer: {
            extraArgs: [
                authentication,
                { name: "bind-address", value: "198.18.0.7" },
                gates,
                { name: "max-requests-inflight", value: "800" },
            ],
        },
        controllerManager: { extraArgs: [gates] },
        scheduler: { extraArgs: [gates, { name: "v", value: "4" }] },
        etcd: { local: { extraArgs: [{ name: "snapshot-count", value: "5000" }] } },
    });
    expect(proxy).toMatchObject({ kind: "KubeProxyConfiguration", mode: "nftables" });
});

const flagNames = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/);
const anyText = fc.string({ unit: "grapheme", maxLength: 20 });

test("whatever flags say, they arrive as they are, each once, in order, and nothing else moves", () => {
    fc.assert(
        fc.property(
            fc.constantFrom(...controlPlanePrograms),
            fc.dictionary(flagNames, anyText, { noNullPrototype: true }),
            (program, flags) => {
                const [own, cluster] = init({ extraArgs: { [program]: flags } });
                const given = {
                    [ControlPlaneProgram.Etcd]: (cluster as { etcd: { local: object } })["etcd"]
                        .local,
                    [ControlPlaneProgram.KubeApiserver]: cluster?.["apiServer"],
                    [ControlPlaneProgram.KubeControllerManager]: cluster?.["controllerManager"],
                    [ControlPlaneProgram.KubeScheduler]: cluster?.["scheduler"],
                }[program] as { extraArgs: { name: string; value: string }[] };
                const names = given.extraArgs.map(({ name }) => name);
                expect(names).toEqual([...new Set(names)].sort());
                expect(
                    Object.fromEntries(given.extraArgs.map(({ name, value }) => [name, value])),
                ).toMatchObject(flags);
                expect(own).toEqual(init()[0]);
            },
        ),
    );
});

test("a node joins by the authority and its token, and never asks without a name", () => {
    const [join, ...more] = read(joinDocuments({ nodeName: "n", readyTimeoutSec: 900 }));
    expect(more).toEqual([]);
    expect(join).toMatchObject({
        ...{ apiVersion: "kubeadm.k8s.io/v1beta4", kind: "JoinConfiguration" },
        discovery: { file: { kubeConfigPath: "/etc/kubernetes/discovery.conf" } },
        nodeRegistration: { name: "n" },
        timeouts: { discovery: "900s", tlsBootstrap: "900s" },
    });
    const [kubeconfig] = read(joinKubeconfig("198.18.0.7:6443", "an authority", token));
    expect(kubeconfig).toMatchObject({
        clusters: [
            {
                cluster: {
                    server: "https://198.18.0.7:6443",
                    "certificate-authority-data": Buffer.from("an authority\n").toString("base64"),
                },
            },
        ],
        users: [{ user: { token } }],
    });
    expect(JSON.stringify(kubeconfig)).not.toContain("insecure");
});

test("keys are made for a server, and neither runtime nor release is looked for", () => {
    expect(read(keysDocuments("c", "v1.36.1", "127.7.7.7:6443"))).toMatchObject([
        { kind: "InitConfiguration", nodeRegistration: { criSocket: "unix:///none" } },
        {
            kind: "ClusterConfiguration",
            ...{ clusterName: "c", kubernetesVersion: "v1.36.1" },
            controlPlaneEndpoint: "127.7.7.7:6443",
        },
    ]);
});

test.each<[KubeadmAddon[], string]>([
    [[], "addon/coredns,addon/kube-proxy"],
    [[KubeadmAddon.KubeProxy], "addon/coredns"],
    [[KubeadmAddon.CoreDns, KubeadmAddon.KubeProxy], ""],
])("with the add-ons %j the phases %j are left out", (addons, phases) => {
    expect(skippedPhases(addons)).toBe(phases);
});

const kubelet = {
    ...{ program: "/b/ku$b%elet", address: "198.18.0.8", cgroupDriver: CgroupDriver.Systemd },
    allowCgroupV1: false,
};

test("the kubelet's unit is one that kubeadm can start, with words as systemd reads them", () => {
    const unit = kubeletUnit({ ...kubelet, extraArgs: { "max-pods": "5", "x-y": 'a "b"' } });
    expect(unit.split("\n").find((line) => line.startsWith("ExecStart="))).toBe(
        [
            "ExecStart=/b/ku$$b%%elet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf",
            "--config=/var/lib/kubelet/config.yaml --config-dir=/etc/kubernetes/kubelet.conf.d",
            "--kubeconfig=/etc/kubernetes/kubelet.conf --max-pods=5 --node-ip=198.18.0.8 --v=0",
            String.raw`"--x-y=a \"b\"" $KUBELET_KUBEADM_ARGS`,
        ].join(" "),
    );
    expect(unit).toContain("EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env");
    // Started before its containerd it would wait for nothing.
    expect(unit).not.toContain("[Install]");
});

// To YAML 1.1, as kubeadm has it, each of them is something else.
test.each(["n", "y", "on", "off", "no", "1e3", "0x1f", "1:30"])(
    "a node may be called %s",
    (name) => {
        expect(initDocuments({ ...wishes, clusterName: name, nodeName: name }, token)).toContain(
            `  name: "${name}"\n`,
        );
        expect(joinDocuments({ nodeName: name, readyTimeoutSec: 9 })).toContain(
            `  name: "${name}"\n`,
        );
        expect(keysDocuments(name, "v1.36.1", "h:1")).toContain(`clusterName: "${name}"\n`);
    },
);

test("a kubelet listens on its address of the nodes' network", () => {
    expect(parse(kubeletDropIn(kubelet))).toEqual({
        ...{ apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" },
        ...{ address: "198.18.0.8", cgroupDriver: "systemd", failSwapOn: false },
    });
    expect(
        parse(kubeletDropIn({ ...kubelet, allowCgroupV1: true, featureGates: { A: true } })),
    ).toMatchObject({ failCgroupV1: false, featureGates: { A: true } });
});

test("images: what kubeadm is asked, and what they are made of", () => {
    expect(imageQuestion("v1.36.1", undefined)).toBe("--kubernetes-version v1.36.1");
    expect(imageQuestion("v1.36.1", "m/x")).toBe(
        "--kubernetes-version v1.36.1 --image-repository m/x",
    );
    expect(
        imageLines({ etcd: "/b/etcd", "kube-apiserver": undefined, "r/pause:3": "/b/pause" }),
    ).toBe("etcd /b/etcd\nr/pause:3 /b/pause");
});
