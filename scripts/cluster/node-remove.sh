#!/bin/sh
# Removes what a node leaves on a host once its services are stopped: mounts, rules, bridge, cgroups, files. Kernel settings stay.
#   KUBEDEV_KUBE_PROXY  program
. ../host/prelude.sh
[ -d "$dir" ] || exit 0
take_lock
bridge=kubedev0

mounts_below() { awk '{ print $5 }' /proc/self/mountinfo | grep -E "^($1)(/|\$)" | sort -r || :; }
mounts_below '/var/lib/kubelet|/run/kubedev/containerd|/var/lib/kubedev/node' | while IFS= read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount" || die "cannot unmount $mount"
done
if [ -x "$KUBEDEV_KUBE_PROXY" ]; then
    "$KUBEDEV_KUBE_PROXY" --cleanup >"$dir/cleanup" 2>&1 || say "kube-proxy --cleanup failed: $(tail -n 1 "$dir/cleanup")"
fi
for family in ip ip6; do
    nft delete table "$family" kube-proxy 2>/dev/null || :
done
. ./node-rules.sh
if [ -e "/sys/class/net/$bridge" ]; then ip link delete "$bridge"; fi
# What pod-routes.sh takes back itself, unless it was killed.
ip route flush proto 107 2>/dev/null || :
iptables -w 20 -t nat -S POSTROUTING 2>/dev/null | sed -n '/kubedev-pod-routes/s/^-A/-D/p' | while IFS= read -r rule; do
    # shellcheck disable=SC2086 # words, as iptables prints them
    iptables -w 20 -t nat $rule || :
done
# Of pods that were killed with their containerd; with cgroup v1 in each hierarchy.
if [ -d /run/systemd/system ]; then systemctl stop kubepods.slice 2>/dev/null || :; fi
for group in /sys/fs/cgroup/kubepods.slice /sys/fs/cgroup/kubepods /sys/fs/cgroup/*/kubepods.slice /sys/fs/cgroup/*/kubepods; do
    if [ -d "$group" ]; then find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || :; fi
done
# Of the pods of this node; an earlier one may have left its own.
if [ -e "$dir/since" ]; then
    for logs in /var/log/pods /var/log/containers; do
        if [ -d "$logs" ]; then
            find "$logs" -mindepth 1 -maxdepth 1 -newer "$dir/since" -exec rm -rf {} +
            rmdir "$logs" 2>/dev/null || :
        fi
    done
fi
rm -rf /var/lib/cni/networks/kubedev /var/lib/cni/results/kubedev-*
rmdir /var/lib/cni/networks /var/lib/cni/results /var/lib/cni 2>/dev/null || :
rm -rf --one-file-system /var/lib/kubelet /var/lib/kubedev/node /run/kubedev/containerd
rmdir /var/lib/kubedev /run/kubedev 2>/dev/null || :
forget
