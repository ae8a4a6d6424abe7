/** Containers with systemd as hosts of kubeadm.test.ts: of a NodeImage, without what makes that one kind's. */
import * as fs from "node:fs";
import { KindHome } from "../support/kind";
import { Binaries } from "../support/kubernetes-binaries";

/** Of the range that machines' networks are in; the engine makes its bridge. */
export const addressOf = { c: "198.18.44.2", n: "198.18.44.3" };
export type Name = keyof typeof addressOf;
export const containerOf = (name: Name) => `kubeadm-${String(process.pid)}-${name}`;

/** What a node leaves on a host, in words of the host; nothing. */
export const left = [
    "ls -d /etc/kubernetes /var/lib/kubelet /var/lib/etcd /var/lib/kubedev /var/lib/cni /run/kubedev 2>/dev/null",
    "ls -d /root/.local/state/kubedev /etc/systemd/system/kubelet.service /var/log/pods /var/log/containers 2>/dev/null",
    "ps -eo args | grep -E '^(\\S*/)?(containerd|kubelet|kube-|pause|etcd)'",
    "grep -E ' (/var/lib/kube|/run/kubedev|/run/netns/)' /proc/self/mountinfo",
    "ip -o link | grep -E 'kubedev0|veth'",
    "ip route | grep 172.19",
    "find /sys/fs/cgroup -maxdepth 2 -name 'kubepods*'",
    "for t in iptables ip6tables; do for n in filter nat mangle; do $t -t $n -S 2>/dev/null | grep -E 'KUBE|CNI'; done; done",
    "nft list tables | grep kube",
    "systemctl list-units --all --no-legend | grep -E 'kubepods|kubelet.service|containerd'",
    "echo nothing else",
].join("; ");

/** A container of the node image as a host that is no node yet. */
export function makeHost(home: KindHome, name: Name, image: string, programs: Binaries): void {
    const mounts = Object.entries(programs).flatMap(([program, file]) => [
        ...["--volume", `${fs.realpathSync(file)}:/opt/bin/${program}:ro`],
    ]);
    home.docker(
        ...[
            "run",
            "--detach",
            "--privileged",
            "--cgroupns=private",
            "--tmpfs=/run",
            "--tmpfs=/tmp",
        ],
        // What containers are laid over must not be an overlay itself.
        ...["--volume=/var", "--volume=/lib/modules:/lib/modules:ro", ...mounts],
        ...["--network=kubeadm", `--ip=${addressOf[name]}`, `--hostname=${name}`],
        ...[`--name=${containerOf(name)}`, image],
    );
    const bare = [
        "until systemctl is-system-running --wait 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.1; done",
        "systemctl --quiet disable --now kubelet containerd",
        "rm -rf /etc/systemd/system/kubelet.service* /etc/kubernetes /var/lib/kubelet /var/lib/containerd",
        "systemctl daemon-reload",
    ];
    inHost(home, name, `set -e; ${bare.join("; ")}`);
}
export function inHost(home: KindHome, name: Name, command: string): string {
    return home.docker("exec", containerOf(name), "sh", "-c", command);
}

/** A container's id by the name of the static pod that it is in. */
export function staticPods(home: KindHome): Record<string, string> {
    const ctr = "ctr --address /run/kubedev/containerd/containerd.sock -n k8s.io";
    const running = `${ctr} tasks list 2>/dev/null | awk '$3 == "RUNNING" { print $1 }'`;
    const named = `${ctr} containers info "$id" 2>/dev/null | sed -n 's/.*"io.kubernetes.container.name": "\\(.*\\)".*/\\1/p'`;
    const lines = inHost(home, "c", `for id in $(${running}); do echo "$(${named}) $id"; done`);
    return Object.fromEntries(
        lines
            .split("\n")
            .map((line) => line.split(" ") as [string, string])
            .filter(([name]) => /^(etcd|kube-)/.test(name)),
    );
}
