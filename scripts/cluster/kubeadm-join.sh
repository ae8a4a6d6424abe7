#!/bin/sh
# Makes a host a node of a cluster, by kubeadm, which tries until the API server is there. A node of this very cluster is kept.
# Anything else that this stack left there, as of a run that was broken off, is undone first, where it is to be made: what is to
# be brought up to date in place is never made anew.
#   KUBEDEV_KUBEADM_CONFIG   kubeadm's configuration
#   KUBEDEV_DISCOVERY        kubeconfig with authority and token that the configuration names
#   KUBEDEV_CA               the cluster's authority
#   KUBEDEV_KUBE_PROXY_CONF  kubeconfig of kube-proxy as a service
#   KUBEDEV_MADE             what of all this makes it another node
#   KUBEDEV_JOIN_SEC         how long it may try
#   and what kubeadm-run.sh takes
. ../host/prelude.sh
. ./kubeadm-run.sh
take_lock
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
use_programs

is_ours() {
    [ ! -e "$unfinished" ] && [ -f "$kubernetes/kubelet.conf" ] && [ -f /var/lib/kubelet/config.yaml ] &&
        [ "$(cat "$kubernetes/pki/ca.crt" 2>/dev/null)" = "$KUBEDEV_CA" ] &&
        [ "$(cat "$dir/made" 2>/dev/null)" = "$KUBEDEV_MADE" ]
}

if ! is_ours; then
    refuse_in_place "$kubernetes" "another node than the one that this stack made"
    begin=$(date +%s)
    : >"$unfinished"
    while :; do
        end_node
        mkdir -p "$kubernetes"
        printf '%s\n' "$KUBEDEV_KUBEADM_CONFIG" >"$dir/kubeadm.yaml"
        put "$kubernetes/discovery.conf" "$KUBEDEV_DISCOVERY" 0600
        put_kubelet || :
        ! run_kubeadm join --config "$dir/kubeadm.yaml" || break
        # A machine that was made anew, whose node is taken for ready for a while; an API server that went away meanwhile, or
        # whose kubeadm has not come to the end of what it lets the token do.
        passes='already exists in the cluster|connection refused|i/o timeout|no route to host|deadline exceeded|forbidden'
        if [ "$(($(date +%s) - begin))" -ge "$KUBEDEV_JOIN_SEC" ] || ! grep -qE "$passes" "$dir/log"; then
            kubeadm_failed join
        fi
        say "trying again to join: $(grep -v '^$' "$dir/log" | tail -n 1)"
        sleep 5
    done
    rm -f "$kubernetes/discovery.conf"
    mkdir -p /run/kubedev
    : >/run/kubedev/kubelet-started
    printf '%s\n' "$KUBEDEV_MADE" >"$dir/made"
    rm -f "$unfinished"
fi
put_credentials
write_record "kind=kubeadm-node" "exists=$kubernetes/kubelet.conf" "exists=$kubernetes/pki/ca.crt" \
    "exists=/var/lib/kubelet/config.yaml" "exists=$dir/made"
printf '{}\n'
