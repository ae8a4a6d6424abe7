import { isLoopbackAddress } from "../internal/loopback-address";
import { ControlPlaneProgram } from "./control-plane-programs";
import { removal } from "./removed-flags";

/** Ports of a control plane, all different: as a rule they are on one address. */
export interface Ports {
    kubeApiserver: number;
    etcdClients: number;
    etcdPeers: number;
    kubeControllerManager: number;
    kubeScheduler: number;
}

/** What all programs of a control plane agree on. */
export interface Layout {
    /** Where the API server listens, and nowhere else. */
    address: string;
    /** In 127.0.0.0/8: where all others listen. It is the API server's too, unless that is in a network of machines. */
    loopback: string;
    ports: Ports;
    /** Directory with keys, kubeconfigs and etcd's data, as seen from that of each service. */
    stateDir: string;
    clusterName: string;
    serviceCidr: string;
    podCidr: string;
}

/** What one program is asked for beside the layout. */
export interface Wishes {
    verbosity?: number;
    featureGates?: Readonly<Record<string, boolean>>;
    runtimeConfig?: Readonly<Record<string, string>>;
    extraFlags?: Readonly<Record<string, string>>;
}

export type Flags = Record<string, string>;

/**
 * The address that the API server advertises, from a block that is no one's (RFC 5737): kubeadm and the API server refuse one
 * of loopback, and the host's own, which both take by default, would promise what nobody serves. It is in the endpoints of the
 * Service `kubernetes`, which only pods use.
 */
export const advertisedAddress = "192.0.2.1";

/** The address that an API server promises to pods: its own, unless that is one of loopback. */
export function advertised({ address }: Pick<Layout, "address">): string {
    return isLoopbackAddress(address) ? advertisedAddress : address;
}

/** What the controller manager runs: all that is on by default, and what bootstrap tokens take. */
export const usualControllers = "*,bootstrapsigner,tokencleaner";

/** URL of the API server. */
export function endpointOf({ address, ports }: Pick<Layout, "address" | "ports">): string {
    return `https://${address}:${String(ports.kubeApiserver)}`;
}

/** Flags of a program by name, without dashes. */
export function programFlags(program: ControlPlaneProgram, layout: Layout, wishes: Wishes): Flags {
    const own = ownFlags[program](layout);
    const common = program === ControlPlaneProgram.Etcd ? {} : componentFlags(wishes);
    const served = program === ControlPlaneProgram.KubeApiserver ? wishes.runtimeConfig : undefined;
    return present({
        ...own,
        ...common,
        "runtime-config": pairs(served),
        ...wishes.extraFlags,
    });
}

/** A program and its flags as an argument vector, in an order that does not depend on who set what. */
export function programArgv(path: string, flags: Flags): string[] {
    return [
        path,
        ...Object.entries(flags)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, value]) => `--${name}=${value}`),
    ];
}

/** What is wrong with flags that a user sets beside ours. */
export function flagProblems(
    program: ControlPlaneProgram,
    extraFlags: Readonly<Record<string, string>>,
    version: string,
): { propertyPath: string; reason: string }[] {
    return Object.entries(extraFlags).flatMap(([name, value]) => {
        const reason = /^[a-z0-9][a-z0-9-]*$/.test(name)
            ? (removal(program, name, version) ?? managed(program, name))
            : `expected the name of a flag without the dashes before it, as "${name.replace(/^-+|=.*$/g, "").replaceAll("_", "-")}"`;
        return reason === undefined
            ? []
            : [
                  {
                      propertyPath: `extraFlags.${program}.${name}`,
                      reason: `got ${JSON.stringify(value)}; ${reason}`,
                  },
              ];
    });
}

/** Flags of ours that a user may set otherwise. Of all others something depends on what they say. */
const tunable: Record<ControlPlaneProgram, readonly string[]> = {
    etcd: ["log-level", "snapshot-count", "watch-progress-notify-interval", "feature-gates"],
    kubeApiserver: [
        "allow-privileged",
        "enable-admission-plugins",
        "kubelet-preferred-address-types",
    ],
    kubeControllerManager: ["controllers", "leader-elect"],
    kubeScheduler: ["leader-elect"],
};

/** Flags that are not set, since they would undo what is. */
const kept: Record<ControlPlaneProgram, readonly string[]> = {
    etcd: [
        ...["config-file", "listen-metrics-urls", "listen-client-http-urls", "auto-tls"],
        ...["peer-auto-tls", "discovery-srv", "discovery-endpoints", "initial-cluster-state"],
    ],
    kubeApiserver: [
        ...["anonymous-auth", "authorization-config", "cert-dir", "tls-sni-cert-key"],
        ...["token-auth-file", "endpoint-reconciler-type", "external-hostname"],
    ],
    kubeControllerManager: ["master", "cert-dir", "tls-cert-file", "tls-private-key-file"],
    kubeScheduler: ["master", "cert-dir", "tls-cert-file", "tls-private-key-file"],
};

const arguments_: Record<string, string> = {
    v: "verbosity",
    "feature-gates": "featureGates",
    "runtime-config": "runtimeConfig",
    "service-cluster-ip-range": "serviceCidr",
    "cluster-cidr": "podCidr",
    "bind-address": "address",
    "secure-port": "ports",
    "listen-client-urls": "address and ports",
    "listen-peer-urls": "address and ports",
};

function managed(program: ControlPlaneProgram, name: string): string | undefined {
    const layout = {
        ...{
            address: "",
            loopback: "",
            stateDir: "",
            clusterName: "",
            serviceCidr: "",
            podCidr: "",
        },
        ports: {
            ...{ kubeApiserver: 0, etcdClients: 0, etcdPeers: 0 },
            ...{ kubeControllerManager: 0, kubeScheduler: 0 },
        },
    };
    const ours = [...Object.keys(ownFlags[program](layout)), ...kept[program]];
    const ofArguments =
        program === ControlPlaneProgram.Etcd
            ? []
            : [
                  ...["v", "feature-gates"],
                  ...(program === ControlPlaneProgram.KubeApiserver ? ["runtime-config"] : []),
              ];
    if (tunable[program].includes(name) || ![...ours, ...ofArguments].includes(name)) {
        return undefined;
    }
    const argument = arguments_[name];
    return argument === undefined
        ? `expected a flag that the cluster does not depend on: --${name} is how its programs find and trust each other`
        : `expected it by the argument ${argument}, which sets --${name} wherever it has to agree`;
}

const url = (address: string, port: number) => `https://${address}:${String(port)}`;
const pki = ({ stateDir }: Layout, file: string) => `${stateDir}/pki/${file}`;

// What kubeadm's own static pods have (cmd/kubeadm/app/phases/controlplane and etcd), for loopback and a single member.
const ownFlags: Record<ControlPlaneProgram, (layout: Layout) => Flags> = {
    etcd: (layout) => {
        const clients = url(layout.loopback, layout.ports.etcdClients);
        const peers = url(layout.loopback, layout.ports.etcdPeers);
        return {
            name: "default",
            "data-dir": `${layout.stateDir}/etcd`,
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": `default=${peers}`,
            "client-cert-auth": "true",
            "trusted-ca-file": pki(layout, "etcd/ca.crt"),
            "cert-file": pki(layout, "etcd/server.crt"),
            "key-file": pki(layout, "etcd/server.key"),
            "peer-client-cert-auth": "true",
            "peer-trusted-ca-file": pki(layout, "etcd/ca.crt"),
            "peer-cert-file": pki(layout, "etcd/peer.crt"),
            "peer-key-file": pki(layout, "etcd/peer.key"),
            "snapshot-count": "10000",
            "watch-progress-notify-interval": "5s",
            "log-level": "warn",
        };
    },
    kubeApiserver: (layout) => ({
        "advertise-address": advertised(layout),
        "bind-address": layout.address,
        "secure-port": String(layout.ports.kubeApiserver),
        "tls-cert-file": pki(layout, "apiserver.crt"),
        "tls-private-key-file": pki(layout, "apiserver.key"),
        "client-ca-file": pki(layout, "ca.crt"),
        // Who is nobody may ask how it is, and nothing else.
        "authentication-config": `${layout.stateDir}/authentication.yaml`,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "allow-privileged": "true",
        "etcd-servers": url(layout.loopback, layout.ports.etcdClients),
        "etcd-cafile": pki(layout, "etcd/ca.crt"),
        "etcd-certfile": pki(layout, "apiserver-etcd-client.crt"),
        "etcd-keyfile": pki(layout, "apiserver-etcd-client.key"),
        "kubelet-client-certificate": pki(layout, "apiserver-kubelet-client.crt"),
        "kubelet-client-key": pki(layout, "apiserver-kubelet-client.key"),
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": pki(layout, "front-proxy-client.crt"),
        "proxy-client-key-file": pki(layout, "front-proxy-client.key"),
        "requestheader-client-ca-file": pki(layout, "front-proxy-ca.crt"),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": pki(layout, "sa.pub"),
        "service-account-signing-key-file": pki(layout, "sa.key"),
        "service-cluster-ip-range": layout.serviceCidr,
    }),
    kubeControllerManager: (layout) => ({
        ...clientFlags(layout, "controller-manager.conf", layout.ports.kubeControllerManager),
        "cluster-name": layout.clusterName,
        "allocate-node-cidrs": "true",
        "cluster-cidr": layout.podCidr,
        "service-cluster-ip-range": layout.serviceCidr,
        "cluster-signing-cert-file": pki(layout, "ca.crt"),
        "cluster-signing-key-file": pki(layout, "ca.key"),
        controllers: usualControllers,
        "root-ca-file": pki(layout, "ca.crt"),
        "service-account-private-key-file": pki(layout, "sa.key"),
        "use-service-account-credentials": "true",
    }),
    kubeScheduler: (layout) => clientFlags(layout, "scheduler.conf", layout.ports.kubeScheduler),
};

/** Of both clients of the API server. There is one of each: nobody to lead. */
function clientFlags(layout: Layout, kubeconfig: string, port: number): Flags {
    const file = `${layout.stateDir}/${kubeconfig}`;
    return {
        "bind-address": layout.loopback,
        "secure-port": String(port),
        kubeconfig: file,
        "authentication-kubeconfig": file,
        "authorization-kubeconfig": file,
        "client-ca-file": pki(layout, "ca.crt"),
        "requestheader-client-ca-file": pki(layout, "front-proxy-ca.crt"),
        "leader-elect": "false",
    };
}

function componentFlags({ verbosity, featureGates }: Wishes): Flags {
    return { v: String(verbosity ?? 0), "feature-gates": pairs(featureGates) };
}

/** As key=value,key=value, in the order of the keys. */
function pairs(values: Readonly<Record<string, string | boolean>> | undefined): string {
    return Object.entries(values ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(",");
}

/** Without what is empty: a flag that is not set keeps its default. */
function present(flags: Flags): Flags {
    return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== ""));
}
