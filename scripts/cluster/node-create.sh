#!/bin/sh
# Makes a host able to be a node: looks whether its programs can work together here, sets what the network of pods takes, and
# puts the node's kubeconfigs down.
#   KUBEDEV_KUBELET, KUBEDEV_KUBE_PROXY   programs
#   KUBEDEV_KUBELET_CONF, KUBEDEV_KUBE_PROXY_CONF, KUBEDEV_CA   texts
#   KUBEDEV_APISERVER_VERSION   as v1.36.1
#   KUBEDEV_PROXY_MODE     nftables or iptables
#   KUBEDEV_CGROUP_DRIVER  systemd or cgroupfs
#   KUBEDEV_CGROUP_V1      true: the kubelet may start with cgroup v1
. ../host/prelude.sh
. ./node-host-look.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

[ "$(id -u)" -eq 0 ] || die "got the user $(id -un); expected root: a kubelet mounts, and makes cgroups and networks"

kubelet=$(version_of "$KUBEDEV_KUBELET" binaries.kubelet --version)
proxy=$(version_of "$KUBEDEV_KUBE_PROXY" binaries.kubeProxy --version)
assert_node_skew kubelet "$kubelet"
assert_node_skew kube-proxy "$proxy"
assert_cgroup "$kubelet"
if [ "$KUBEDEV_CGROUP_DRIVER" = systemd ] && [ ! -d /run/systemd/system ]; then
    die "got cgroupDriver systemd on a host that systemd does not run; expected cgroupDriver: \"cgroupfs\" there"
fi

case $KUBEDEV_PROXY_MODE in nftables) need nft nftables ;; *) need iptables iptables ;; esac
assert_packages
assert_runtime "$kubelet"

if [ ! -f "$record" ] && [ -n "$(ls -A /var/lib/kubelet 2>/dev/null)" ]; then
    die "/var/lib/kubelet is there already and was not made by this stack; expected a host that is no node yet: remove it, or take another host"
fi

. ./node-host-settings.sh

put() { # file, text
    printf '%s\n' "$2" >"$dir/$1.new"
    mv -f "$dir/$1.new" "$dir/$1"
}
put ca.crt "$KUBEDEV_CA"
put kubelet.conf "$KUBEDEV_KUBELET_CONF"
put kube-proxy.conf "$KUBEDEV_KUBE_PROXY_CONF"
write_record "kind=node" "exists=$dir/kubelet.conf" "exists=$dir/kube-proxy.conf" "exists=$dir/ca.crt"
printf '{"kubeletVersion":%s}\n' "$(json_string "$kubelet")"
