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
. ./node-host-look.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

[ "$(id -u)" -eq 0 ] || die "got the user $(id -un); expected root: kubeadm writes to /etc, and a kubelet mounts"
[ -d /run/systemd/system ] || die "this host was not started with systemd; expected one that was: kubeadm starts the kubelet as its unit"

kubelet=$(version_of "$KUBEDEV_KUBELET" binaries.kubelet --version)
kubeadm=$(version_of "$KUBEDEV_KUBEADM" binaries.kubeadm version -o short)
assert_node_skew kubelet "$kubelet"
ahead=$(($(minor_of "$kubeadm") - $(minor_of "$KUBEDEV_APISERVER_VERSION")))
{ [ "$ahead" -ge 0 ] && [ "$ahead" -le 1 ]; } ||
    die "got kubeadm $kubeadm for an API server $KUBEDEV_APISERVER_VERSION; expected that minor release, or the one after (kubeadm's version skew policy)"
assert_cgroup "$kubelet"
# kubeadm asks for them; the pods' bridge takes iptables, too.
need iptables iptables
need conntrack conntrack
assert_packages
assert_runtime "$kubelet"

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

. ./node-host-settings.sh
write_record "kind=kubeadm-host"
printf '{"kubeletVersion":%s}\n' "$(json_string "$kubelet")"
