#!/bin/sh
# Makes a host able to be a node of kubeadm: looks whether its programs can work together here, and sets what the network of
# pods takes. Its counterpart is kubeadm-host-remove.sh.
#   KUBEDEV_KUBEADM, KUBEDEV_KUBELET   programs
#   KUBEDEV_APISERVER_VERSION   as v1.36.1
#   KUBEDEV_ADDRESS             address of the host that other nodes reach
#   KUBEDEV_CGROUP_DRIVER       systemd or cgroupfs
#   KUBEDEV_CGROUP_V1           true: the kubelet may start with cgroup v1
#   KUBEDEV_OWN                 what of this stack kubeadm is run by for this very node
. ../host/prelude.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

[ "$(id -u)" -eq 0 ] || die "got the user $(id -un); expected root: kubeadm writes to /etc, and a kubelet mounts"
[ -d /run/systemd/system ] || die "this host was not started with systemd; expected one that was: kubeadm starts the kubelet as its unit"

version_of() { # program, argument, arguments of the program...
    [ -x "$1" ] || die "there is no program $1 on this host; expected $2, as the path of a HostArtifact on it"
    version_program=$1
    shift 2
    "$version_program" "$@" | sed 's/^Kubernetes //'
}
minor_of() { expr "$1" : 'v1\.\([0-9]*\)'; }
kubelet=$(version_of "$KUBEDEV_KUBELET" binaries.kubelet --version)
kubeadm=$(version_of "$KUBEDEV_KUBEADM" binaries.kubeadm version -o short)
apiserver=$(minor_of "$KUBEDEV_APISERVER_VERSION")
behind=$((apiserver - $(minor_of "$kubelet")))
{ [ "$behind" -ge 0 ] && [ "$behind" -le 3 ]; } ||
    die "got kubelet $kubelet beside an API server $KUBEDEV_APISERVER_VERSION; expected that minor release, or up to three older (Kubernetes' version skew policy)"
ahead=$(($(minor_of "$kubeadm") - apiserver))
{ [ "$ahead" -ge 0 ] && [ "$ahead" -le 1 ]; } ||
    die "got kubeadm $kubeadm for an API server $KUBEDEV_APISERVER_VERSION; expected that minor release, or the one after (kubeadm's version skew policy)"
kubelet_minor=$(minor_of "$kubelet")

# From 1.35 on failCgroupV1 is true by default (pkg/kubelet/apis/config/v1beta1/defaults.go).
cgroup=$(stat -fc %T /sys/fs/cgroup)
if [ "$cgroup" != cgroup2fs ] && [ "$kubelet_minor" -ge 35 ] && [ "$KUBEDEV_CGROUP_V1" != true ]; then
    die "this host has cgroup v1 ($cgroup at /sys/fs/cgroup), with which a kubelet $kubelet does not start; expected cgroup v2 (kernel parameter systemd.unified_cgroup_hierarchy=1), or allowCgroupV1: true"
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
# kubeadm asks for them; the pods' bridge takes iptables, too.
need iptables iptables
need conntrack conntrack
[ -z "$missing" ] ||
    die "this host lacks what a node needs; expected the packages$missing: apt-get install$missing, or name them in the packages of a BaseImage"

# The kubelet asks the runtime for its cgroup driver; until 1.36 it does without an answer (cmd/kubelet/app/server.go).
runtime=$(containerd --version | sed -n 's/.* v\{0,1\}\([0-9][0-9]*\)\.[0-9][^ ]* *.*/\1/p' | head -n 1)
if [ "$kubelet_minor" -ge 37 ] && [ "${runtime:-2}" -lt 2 ]; then
    die "got containerd ${runtime}.x ($(containerd --version)); expected 2.0 or later for a kubelet $kubelet, which asks it for its cgroup driver"
fi

ip -o -4 address show | grep -qF " $KUBEDEV_ADDRESS/" ||
    die "this host has no address $KUBEDEV_ADDRESS; expected one of $(ip -o -4 address show | awk '{ sub("/.*", "", $4); print $4 }' | tr '\n' ' ')"
if [ ! -f "$record" ]; then
    for place in /etc/kubernetes /var/lib/kubelet /var/lib/etcd; do
        # A disk is kept when its machine is made anew: this node's own things are on it.
        [ -z "$(ls -A "$place" 2>/dev/null)" ] || [ -e "${dir%/*}/$KUBEDEV_OWN/kubeadm.yaml" ] ||
            die "$place is there already and was not made for this node; expected a host that is no node yet: kubeadm reset there, or take another host"
    done
fi

# Another one is overwritten, and goes with the node; what is laid over ours may start another kubelet.
ours='Description=kubelet of a node by kubedev'
foreign=''
for file in /etc/systemd/system/kubelet.service $(systemctl show -p FragmentPath -p DropInPaths --value kubelet.service 2>/dev/null); do
    case $file in
    */kubelet.service) if [ ! -e "$file" ] || grep -qsxF "$ours" "$file"; then continue; fi ;;
    */kubelet.service.d/*) ;;
    *) continue ;;
    esac
    case " $foreign " in *" $file "*) ;; *) foreign="$foreign $file" ;; esac
done
if [ -n "$foreign" ]; then
    packages=$(for file in $foreign; do
        # By its end, since packages have it below /lib, too.
        dpkg -S "*${file#/usr}" 2>/dev/null || rpm -qf --qf '%{NAME}\n' "$file" 2>/dev/null || :
    done | sed 's/: .*//' | grep -v ' ' | sort -u | tr '\n' ' ')
    die "this host has a kubelet.service that is not kubedev's:$foreign; expected none, since kubedev makes its own: ${packages:+apt-get remove ${packages% }, or }remove what is named, and then systemctl daemon-reload"
fi

for module in overlay br_netfilter; do
    modprobe "$module" 2>/dev/null || [ -d "/sys/module/$module" ] ||
        say "the kernel module $module cannot be loaded; it may be built in"
done
for setting in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do
    [ ! -e "/proc/sys/$setting" ] || [ "$(cat "/proc/sys/$setting")" = 1 ] || echo 1 >"/proc/sys/$setting"
done
# What pods log from now on goes with the node.
[ -e "$dir/since" ] || : >"$dir/since"
write_record "kind=kubeadm-host"
printf '{"kubeletVersion":%s}\n' "$(json_string "$kubelet")"
