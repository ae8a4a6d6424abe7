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
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

[ "$(id -u)" -eq 0 ] || die "got the user $(id -un); expected root: a kubelet mounts, and makes cgroups and networks"

version_of() { # program, argument
    [ -x "$1" ] || die "there is no program $1 on this host; expected $2, as the path of a HostArtifact on it"
    "$1" --version | sed 's/^Kubernetes //'
}
minor_of() { expr "$1" : 'v1\.\([0-9]*\)'; }
kubelet=$(version_of "$KUBEDEV_KUBELET" binaries.kubelet)
proxy=$(version_of "$KUBEDEV_KUBE_PROXY" binaries.kubeProxy)
apiserver=$(minor_of "$KUBEDEV_APISERVER_VERSION")
for pair in "kubelet $kubelet" "kube-proxy $proxy"; do
    behind=$((apiserver - $(minor_of "${pair#* }")))
    { [ "$behind" -ge 0 ] && [ "$behind" -le 3 ]; } ||
        die "got $pair beside an API server $KUBEDEV_APISERVER_VERSION; expected that minor release, or up to three older (Kubernetes' version skew policy)"
done
kubelet_minor=$(minor_of "$kubelet")

# From 1.35 on failCgroupV1 is true by default (pkg/kubelet/apis/config/v1beta1/defaults.go).
cgroup=$(stat -fc %T /sys/fs/cgroup)
if [ "$cgroup" != cgroup2fs ] && [ "$kubelet_minor" -ge 35 ] && [ "$KUBEDEV_CGROUP_V1" != true ]; then
    die "this host has cgroup v1 ($cgroup at /sys/fs/cgroup), with which a kubelet $kubelet does not start; expected cgroup v2 (kernel parameter systemd.unified_cgroup_hierarchy=1), or allowCgroupV1: true"
fi
if [ "$KUBEDEV_CGROUP_DRIVER" = systemd ] && [ ! -d /run/systemd/system ]; then
    die "got cgroupDriver systemd on a host that systemd does not run; expected cgroupDriver: \"cgroupfs\" there"
fi

missing=''
need() { # program, package
    command -v "$1" >/dev/null || [ -x "$1" ] || missing="$missing $2"
}
need containerd containerd
need runc runc
need /usr/lib/cni/bridge containernetworking-plugins
need curl curl
need mount mount
case $KUBEDEV_PROXY_MODE in nftables) need nft nftables ;; *) need iptables iptables ;; esac
[ -z "$missing" ] ||
    die "this host lacks what a node needs; expected the packages$missing: apt-get install$missing, or name them in the packages of a BaseImage"

# The kubelet asks the runtime for its cgroup driver; until 1.36 it does without an answer (cmd/kubelet/app/server.go).
runtime=$(containerd --version | sed -n 's/.* v\{0,1\}\([0-9][0-9]*\)\.[0-9][^ ]* *.*/\1/p' | head -n 1)
if [ "$kubelet_minor" -ge 37 ] && [ "${runtime:-2}" -lt 2 ]; then
    die "got containerd ${runtime}.x ($(containerd --version)); expected 2.0 or later for a kubelet $kubelet, which asks it for its cgroup driver"
fi

if [ ! -f "$record" ] && [ -n "$(ls -A /var/lib/kubelet 2>/dev/null)" ]; then
    die "/var/lib/kubelet is there already and was not made by this stack; expected a host that is no node yet: remove it, or take another host"
fi

# What goes over the pods' bridge has to pass the rules of Services; as kubeadm asks for.
for module in overlay br_netfilter; do
    modprobe "$module" 2>/dev/null || [ -d "/sys/module/$module" ] ||
        say "the kernel module $module cannot be loaded; it may be built in"
done
for setting in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do
    [ ! -e "/proc/sys/$setting" ] || [ "$(cat "/proc/sys/$setting")" = 1 ] || echo 1 >"/proc/sys/$setting"
done

put() { # file, text
    printf '%s\n' "$2" >"$dir/$1.new"
    mv -f "$dir/$1.new" "$dir/$1"
}
put ca.crt "$KUBEDEV_CA"
put kubelet.conf "$KUBEDEV_KUBELET_CONF"
put kube-proxy.conf "$KUBEDEV_KUBE_PROXY_CONF"
# What pods log from now on goes with the node.
[ -e "$dir/since" ] || : >"$dir/since"
write_record "kind=node" "exists=$dir/kubelet.conf" "exists=$dir/kube-proxy.conf" "exists=$dir/ca.crt"
printf '{"kubeletVersion":%s}\n' "$(json_string "$kubelet")"
