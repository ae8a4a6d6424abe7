/** What the programs of a Cluster are started with, and what keys and kubeconfigs are made from. */
import * as fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import {
    advertisedAddress,
    flagProblems,
    Layout,
    programArgv,
    programFlags,
    Wishes,
} from "../../components/cluster/control-plane-flags";
import {
    ControlPlaneProgram,
    controlPlanePrograms,
    programName,
} from "../../components/cluster/control-plane-programs";
import { healthText } from "../../components/cluster/health-checks";
import { authenticationConfig, kubeadmConfig } from "../../components/cluster/kubeadm-config";

const { Etcd, KubeApiserver, KubeControllerManager, KubeScheduler } = ControlPlaneProgram;
const layout: Layout = {
    ...{ address: "127.3.4.5", loopback: "127.3.4.5" },
    ports: {
        ...{ kubeApiserver: 6443, etcdClients: 2379, etcdPeers: 2380 },
        ...{ kubeControllerManager: 10257, kubeScheduler: 10259 },
    },
    stateDir: "../c-state",
    clusterName: "c",
    serviceCidr: "10.100.0.0/24",
    podCidr: "172.19.0.0/16",
};

test("the whole vector of the scheduler, and of etcd", () => {
    expect(programArgv("/b/kube-scheduler", programFlags(KubeScheduler, layout, {}))).toEqual([
        "/b/kube-scheduler",
        "--authentication-kubeconfig=../c-state/scheduler.conf",
        "--authorization-kubeconfig=../c-state/scheduler.conf",
        "--bind-address=127.3.4.5",
        "--client-ca-file=../c-state/pki/ca.crt",
        "--kubeconfig=../c-state/scheduler.conf",
        "--leader-elect=false",
        "--requestheader-client-ca-file=../c-state/pki/front-proxy-ca.crt",
        "--secure-port=10259",
        "--v=0",
    ]);
    expect(programArgv("/b/etcd", programFlags(Etcd, layout, {}))).toEqual([
        "/b/etcd",
        "--advertise-client-urls=https://127.3.4.5:2379",
        "--cert-file=../c-state/pki/etcd/server.crt",
        "--client-cert-auth=true",
        "--data-dir=../c-state/etcd",
        "--initial-advertise-peer-urls=https://127.3.4.5:2380",
        "--initial-cluster=default=https://127.3.4.5:2380",
        "--key-file=../c-state/pki/etcd/server.key",
        "--listen-client-urls=https://127.3.4.5:2379",
        "--listen-peer-urls=https://127.3.4.5:2380",
        "--log-level=warn",
        "--name=default",
        "--peer-cert-file=../c-state/pki/etcd/peer.crt",
        "--peer-client-cert-auth=true",
        "--peer-key-file=../c-state/pki/etcd/peer.key",
        "--peer-trusted-ca-file=../c-state/pki/etcd/ca.crt",
        "--snapshot-count=10000",
        "--trusted-ca-file=../c-state/pki/etcd/ca.crt",
        "--watch-progress-notify-interval=5s",
    ]);
});

test.each<[ControlPlaneProgram, Wishes, Record<string, string | undefined>]>([
    [KubeApiserver, {}, { v: "0", "feature-gates": undefined, "runtime-config": undefined }],
    [KubeApiserver, { verbosity: 4 }, { v: "4" }],
    [KubeApiserver, { featureGates: { B: false, A: true } }, { "feature-gates": "A=true,B=false" }],
    [
        KubeApiserver,
        { runtimeConfig: { "batch/v1": "false", "api/alpha": "true" } },
        { "runtime-config": "api/alpha=true,batch/v1=false" },
    ],
    // Only the API server serves any.
    [KubeScheduler, { runtimeConfig: { "api/alpha": "true" } }, { "runtime-config": undefined }],
    [
        Etcd,
        { featureGates: { A: true }, verbosity: 4 },
        { "feature-gates": undefined, v: undefined },
    ],
    [
        KubeApiserver,
        { extraFlags: { "enable-admission-plugins": "NodeRestriction,AlwaysPullImages" } },
        { "enable-admission-plugins": "NodeRestriction,AlwaysPullImages" },
    ],
    [KubeControllerManager, {}, { "cluster-cidr": "172.19.0.0/16", "leader-elect": "false" }],
    [
        KubeApiserver,
        {},
        {
            ...{ "authorization-mode": "Node,RBAC", "bind-address": "127.3.4.5" },
            ...{ "etcd-servers": "https://127.3.4.5:2379", "advertise-address": "192.0.2.1" },
            "authentication-config": "../c-state/authentication.yaml",
        },
    ],
])("%s with %j has %j", (program, wishes, expected) => {
    const flags = programFlags(program, layout, wishes);
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, flags[name]]))).toEqual(
        expected,
    );
});

test.each<[ControlPlaneProgram, string, string]>([
    [
        KubeApiserver,
        "insecure-port",
        "--insecure-port was removed in Kubernetes 1.24; leave it out",
    ],
    [KubeApiserver, "address", "--address was removed in Kubernetes 1.24"],
    [KubeControllerManager, "port", "--port was removed in Kubernetes 1.24"],
    [KubeScheduler, "logtostderr", "--logtostderr was removed in Kubernetes 1.26"],
    [KubeApiserver, "service-cluster-ip-range", "expected it by the argument serviceCidr"],
    [KubeControllerManager, "cluster-cidr", "expected it by the argument podCidr"],
    [KubeScheduler, "v", "expected it by the argument verbosity"],
    [KubeApiserver, "runtime-config", "expected it by the argument runtimeConfig"],
    [KubeControllerManager, "master", "expected a flag that the cluster does not depend on"],
    [KubeApiserver, "anonymous-auth", "expected a flag that the cluster does not depend on"],
    [KubeApiserver, "authorization-mode", "expected a flag that the cluster does not depend on"],
    [Etcd, "listen-metrics-urls", "expected a flag that the cluster does not depend on"],
    [Etcd, "config-file", "expected a flag that the cluster does not depend on"],
    [KubeScheduler, "--v=4", 'without the dashes before it, as "v"'],
    [KubeScheduler, "leader_elect", 'without the dashes before it, as "leader-elect"'],
])("%s: the flag %s is refused", (program, name, expected) => {
    const [problem, ...others] = flagProblems(program, { [name]: "x" }, "v1.36.1");
    expect(others).toEqual([]);
    expect(problem?.propertyPath).toBe(`extraFlags.${program}.${name}`);
    expect(problem?.reason).toContain(expected);
});

test.each<[ControlPlaneProgram, string]>([
    [Etcd, "log-level"],
    [Etcd, "feature-gates"],
    [KubeApiserver, "max-requests-inflight"],
    [KubeApiserver, "enable-admission-plugins"],
    [KubeControllerManager, "controllers"],
    [KubeScheduler, "config"],
    [KubeScheduler, "runtime-config"],
])("%s: the flag %s is taken", (program, name) => {
    expect(flagProblems(program, { [name]: "x" }, "v1.36.1")).toEqual([]);
});

const names = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/);
test("whatever is asked for and not refused, all listens on the address by TLS, and only who has a name gets in", () => {
    fc.assert(
        fc.property(
            fc.constantFrom(...controlPlanePrograms),
            fc.record({
                verbosity: fc.integer({ min: 0, max: 10 }),
                featureGates: fc.dictionary(
                    fc.stringMatching(/^[A-Z][A-Za-z]{1,9}$/),
                    fc.boolean(),
                ),
                runtimeConfig: fc.dictionary(names, fc.string()),
                extraFlags: fc.dictionary(
                    fc.oneof(
                        names,
                        fc.constantFrom(
                            ...controlPlanePrograms.flatMap((program) =>
                                Object.keys(programFlags(program, layout, {})),
                            ),
                        ),
                    ),
                    fc.string(),
                ),
            }),
            (program, wishes) => {
                const refused = flagProblems(program, wishes.extraFlags, "v1.36.1").map(
                    ({ propertyPath }) => propertyPath.split(".").at(-1),
                );
                const extraFlags = Object.fromEntries(
                    Object.entries(wishes.extraFlags).filter(([name]) => !refused.includes(name)),
                );
                const flags = programFlags(program, layout, { ...wishes, extraFlags });
                const plain = programFlags(program, layout, {});
                const listening = Object.keys(plain).filter((name) =>
                    /^(bind-address|secure-port|listen-|.*(-ca-|cert|key-)file|.*urls|authori|authen|client-cert-auth|etcd-|.*kubeconfig$)/.test(
                        name,
                    ),
                );
                expect(listening.length).toBeGreaterThan(6);
                for (const name of listening) {
                    expect([name, flags[name]]).toEqual([name, plain[name]]);
                }
                // What is taken is there, as one word each.
                const argv = programArgv("/b", flags);
                for (const [name, value] of Object.entries(extraFlags)) {
                    if (value !== "") expect(argv).toContain(`--${name}=${value}`);
                }
                expect(argv.length).toBe(Object.keys(flags).length + 1);
            },
        ),
    );
});

test("everything that a flag points to is in the directory of keys", () => {
    const files = controlPlanePrograms.flatMap((program) =>
        Object.values(programFlags(program, layout, {})).filter((value) => value.includes("/c-")),
    );
    expect(new Set(files)).toEqual(
        new Set(
            [
                ...["authentication.yaml", "controller-manager.conf", "scheduler.conf", "etcd"],
                ...["ca.crt", "ca.key", "sa.pub", "sa.key", "apiserver.crt", "apiserver.key"].map(
                    (file) => `pki/${file}`,
                ),
                ...[
                    "apiserver-etcd-client",
                    "apiserver-kubelet-client",
                    "front-proxy-client",
                ].flatMap((pair) => [`pki/${pair}.crt`, `pki/${pair}.key`]),
                ...["front-proxy-ca.crt", "etcd/ca.crt", "etcd/server.crt", "etcd/server.key"].map(
                    (file) => `pki/${file}`,
                ),
                ...["pki/etcd/peer.crt", "pki/etcd/peer.key"],
            ].map((file) => `../c-state/${file}`),
        ),
    );
});

test("kubeadm's configuration: certificates for the address, no look for a runtime or the newest release", () => {
    const [init, cluster] = parseAllDocuments(kubeadmConfig(layout, "v1.36.1")).map(
        (document) => document.toJS() as Record<string, unknown>,
    );
    expect(init).toMatchObject({
        kind: "InitConfiguration",
        localAPIEndpoint: { advertiseAddress: advertisedAddress, bindPort: 6443 },
        nodeRegistration: { criSocket: "unix:///none" },
    });
    expect(cluster).toMatchObject({
        kind: "ClusterConfiguration",
        kubernetesVersion: "v1.36.1",
        controlPlaneEndpoint: "127.3.4.5:6443",
        etcd: { local: { serverCertSANs: ["127.3.4.5"], peerCertSANs: ["127.3.4.5"] } },
        networking: { serviceSubnet: "10.100.0.0/24" },
    });
    // The script adds a line to the last document.
    expect(kubeadmConfig(layout, "v1.36.1")).toMatch(/\n$/);
    expect(parse(authenticationConfig())).toMatchObject({
        anonymous: { conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }] },
    });
});

test("in a network of machines the API server alone listens there, and promises that address to pods", () => {
    const shared = { ...layout, address: "198.18.0.2" };
    const flags = (program: ControlPlaneProgram) => programFlags(program, shared, {});
    expect(flags(KubeApiserver)).toMatchObject({
        ...{ "bind-address": "198.18.0.2", "advertise-address": "198.18.0.2" },
    });
    const differ = [Etcd, KubeControllerManager, KubeScheduler].map((program) => [
        flags(program),
        programFlags(program, layout, {}),
    ]);
    expect(differ.map(([one]) => one)).toEqual(differ.map(([, other]) => other));
    const [init, cluster] = parseAllDocuments(kubeadmConfig(shared, "v1.36.1")).map(
        (document) => document.toJS() as Record<string, unknown>,
    );
    expect(init).toMatchObject({ localAPIEndpoint: { advertiseAddress: "198.18.0.2" } });
    expect(cluster).toMatchObject({
        controlPlaneEndpoint: "198.18.0.2:6443",
        apiServer: { certSANs: ["localhost", "127.0.0.1", "127.3.4.5"] },
        etcd: { local: { serverCertSANs: ["127.3.4.5"] } },
    });
    expect(healthText(Etcd, shared, {}, "")).toContain("https://127.3.4.5:2379/readyz");
    expect(healthText(KubeApiserver, shared, {}, "")).toContain("https://198.18.0.2:6443/readyz");
});

test("a controller manager is ready once pods can be created, unless its controllers are chosen", () => {
    const text = (flags: Record<string, string>) =>
        healthText(
            KubeControllerManager,
            layout,
            programFlags(KubeControllerManager, layout, { extraFlags: flags }),
            "/b/kubectl",
        );
    expect(text({})).toContain("get serviceaccount default");
    expect(text({ controllers: "*" })).not.toContain("kubectl");
    expect(healthText(KubeApiserver, layout, {}, "")).toContain(
        "--cacert ../c-state/pki/ca.crt https://127.3.4.5:6443/readyz",
    );
    expect(controlPlanePrograms.map(programName)).toEqual([
        ...["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    ]);
});
