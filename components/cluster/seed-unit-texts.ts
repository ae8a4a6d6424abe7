import { unitDirectory } from "./unit-texts";

/** What the historic cluster agrees on. */
export interface SeedCluster {
    /** Address of the master. */
    masterAddress: string;
    /** Address of the node. */
    nodeAddress: string;
    /** IPv4 range of Service addresses. */
    serviceCidr: string;
    /** Address of the cluster's DNS. */
    dnsAddress: string;
}

/** Of the machines in the notes, which QEMU's bridge gave by DHCP. @internal */
export const seedMachines = { masterAddress: "172.18.100.187", nodeAddress: "172.18.100.122" };

/**
 * Files of the by-hand cluster (Kubernetes 1.1, etcd 2.2, Calico's first CNI plugin), by machine and path, as its notes have
 * them. What was wrong there is mended, each time below a comment; a comment also marks what must never be done again. They are
 * for reading: their flags, and the insecure port, are gone from Kubernetes. @internal
 */
export function seedUnitTexts(seed: SeedCluster): Record<string, string> {
    return {
        ...on("master", masterUnits(seed)),
        ...on("node", { ...nodeUnits(seed), ...nodeFiles(seed) }),
    };
}

function on(machine: string, files: Record<string, string>): Record<string, string> {
    return Object.fromEntries(
        Object.entries(files).map(([path, text]) => [`${machine}:${path}`, text]),
    );
}

const etcdPort = 6666;
const kubernetes = "https://github.com/kubernetes/kubernetes";
const install = ["", "[Install]", "WantedBy=multi-user.target"];
const restart = ["Restart=always", "RestartSec=10"];
const addedInstall = [
    "",
    "# Not in the notes: without it `systemctl enable` has nothing to do.",
    ...install.slice(1),
];

function unit(name: string, ...lines: string[]): [string, string] {
    return [`${unitDirectory}/${name}.service`, `${lines.join("\n")}\n`];
}

function masterUnits({ masterAddress, serviceCidr }: SeedCluster): Record<string, string> {
    const control = (name: string, description: string, behind: string, ...service: string[]) =>
        unit(
            name,
            ...["[Unit]", `Description=${description}`, `Documentation=${kubernetes}`],
            ...[`Requires=${behind}.service`, `After=${behind}.service`],
            ...["", "[Service]", ...service, ...restart, ...install],
        );
    const client = (name: string, description: string) =>
        control(
            name,
            description,
            "kube-apiserver",
            `ExecStart=/usr/bin/${name} \\`,
            "  --master=127.0.0.1:8080 \\",
            "  --logtostderr=true",
        );
    return Object.fromEntries([
        unit(
            "etcd",
            ...["[Unit]", "Description=Etcd service"],
            "Documentation=https://coreos.com/etcd/docs/latest/",
            ...["Requires=docker.service", "After=docker.service", "", "[Service]"],
            "# The notes had a comment behind the address of the master, which became an argument.",
            "# Without a certificate, for everybody who reaches the machine: never again.",
            "ExecStart=/usr/bin/etcd \\",
            "  --data-dir=/var/lib/etcd \\",
            `  --advertise-client-urls=http://${masterAddress}:${String(etcdPort)} \\`,
            `  --listen-client-urls=http://0.0.0.0:${String(etcdPort)} \\`,
            "  --listen-peer-urls=http://127.0.0.1:2380 \\",
            "  --name=etcd",
            ...[...restart, ...install],
        ),
        unit(
            "calico-node",
            ...["[Unit]", "Description=calicoctl node"],
            ...["After=docker.service", "Requires=docker.service", "", "[Service]", "User=root"],
            `Environment="ETCD_AUTHORITY=127.0.0.1:${String(etcdPort)}"`,
            ...["PermissionsStartOnly=true", "ExecStart=/usr/bin/calicoctl node --detach=false"],
            ...[...restart, ...install],
        ),
        control(
            "kube-apiserver",
            "Kubernetes API Server",
            "etcd",
            "# Who reaches the insecure port is the administrator: never again. It went with Kubernetes 1.24.",
            "ExecStart=/usr/bin/kube-apiserver \\",
            "  --allow-privileged=true \\",
            `  --etcd-servers=http://127.0.0.1:${String(etcdPort)} \\`,
            "  --insecure-bind-address=0.0.0.0 \\",
            `  --service-cluster-ip-range=${serviceCidr} \\`,
            "  --logtostderr=true",
        ),
        client("kube-scheduler", "Kubernetes Scheduler"),
        client("kube-controller-manager", "Kubernetes Controller Manager"),
        control(
            "kubelet",
            "Kubernetes Kubelet",
            "docker",
            "# A directory of static pods then; today the name of the kubelet's configuration file.",
            "ExecStart=/usr/bin/kubelet \\",
            "--config=/etc/kubernetes/manifests \\",
            "--logtostderr=true",
        ),
    ]);
}

function nodeUnits({ dnsAddress }: SeedCluster): Record<string, string> {
    const behindCalico = ["After=calico-node.service", "Requires=calico-node.service"];
    const environment = "EnvironmentFile=/etc/network-environment";
    return Object.fromEntries([
        unit(
            "calico-node",
            ...["[Unit]", "Description=Calico per-node agent"],
            "Documentation=https://github.com/projectcalico/calico-docker",
            ...["Requires=docker.service", "After=docker.service", "", "[Service]", environment],
            ...["User=root", "PermissionsStartOnly=true"],
            "#ExecStart=/usr/bin/calicoctl node --ip=${DEFAULT_IPV4} --kubernetes --kube-plugin-version=v0.6.1 --detach=false",
            "# use CNI: https://github.com/projectcalico/calico-cni",
            "ExecStart=/usr/bin/calicoctl node --ip=${DEFAULT_IPV4} --detach=false",
            ...[...restart, ...addedInstall],
        ),
        unit(
            "kubelet",
            ...["[Unit]", "Description=Kubernetes Kubelet", `Documentation=${kubernetes}`],
            ...[...behindCalico, "", "[Service]", environment],
            ...["ExecStart=/usr/bin/kubelet \\", "--address=0.0.0.0 \\", "--port=10250 \\"],
            ...["--hostname_override=${DEFAULT_IPV4} \\", `--cluster-dns=${dnsAddress} \\`],
            ...["--cluster-domain=cluster.local \\", "--api_servers=${KUBERNETES_MASTER}:8080 \\"],
            ...["--network-plugin=cni \\", "--network-plugin-dir=/etc/cni/net.d \\"],
            ...["--logtostderr=true", ...restart, ...install],
        ),
        unit(
            "kube-proxy",
            ...["[Unit]", "Description=Kubernetes Proxy", `Documentation=${kubernetes}`],
            ...[...behindCalico, "", "[Service]", environment],
            "ExecStart=/usr/bin/kube-proxy --master=http://${KUBERNETES_MASTER}:8080 --logtostderr=true --proxy-mode=iptables",
            ...[...restart, ...addedInstall],
        ),
    ]);
}

function nodeFiles({ masterAddress, nodeAddress }: SeedCluster): Record<string, string> {
    const authority = `${masterAddress}:${String(etcdPort)}`;
    return {
        "/etc/network-environment": [
            ...[
                "#! /usr/bin/bash",
                "",
                "# This node's IPv4 address",
                `DEFAULT_IPV4=${nodeAddress}`,
            ],
            ...["", "# The Kubernetes master IP", `KUBERNETES_MASTER=${masterAddress}`, ""],
            "# IP and port of etcd instance used by Calico",
            ...[`ETCD_AUTHORITY=${authority}`, ""],
            "# URL to access the Kubernetes apiserver",
            ...[`KUBE_API_ROOT=http://${masterAddress}:8080/api/v1/`, ""],
            ...["# Enable Calcio IPAM", "CALICO_IPAM=true", ""],
        ].join("\n"),
        "/etc/cni/net.d/10-calico.conf": `${JSON.stringify(
            {
                name: "calico-k8s-network",
                type: "calico",
                etcd_authority: authority,
                log_level: "debug",
                ipam: { type: "calico-ipam" },
            },
            undefined,
            4,
        )}\n`,
    };
}
