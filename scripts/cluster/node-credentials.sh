#!/bin/sh
# Makes what a node knows its cluster by, beside the control plane that has the keys: a kubeconfig for its kubelet and one for
# its kube-proxy, by kubeadm. They are made once; another name, server or cluster is another node.
#   KUBEDEV_KUBEADM  program       KUBEDEV_STATE  directory of the control plane's keys, from this thing's own
#   KUBEDEV_KUBEADM_CONFIG   kubeadm's configuration without certificatesDir, which is added
#   KUBEDEV_NODE_NAME        name of the node     KUBEDEV_VALIDITY  of the certificates
. ../host/prelude.sh
take_lock
new=$dir/new
clean_up() {
    rm -rf "$new"
    # A failed first run leaves nothing behind.
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

kubeconfig_of() { # file, options of kubeadm...
    file=$1
    shift
    "$KUBEDEV_KUBEADM" kubeconfig user --config "$new/kubeadm.yaml" --validity-period "$KUBEDEV_VALIDITY" "$@" \
        >"$new/$file" 2>"$new/said" || {
        tail -n 5 "$new/said" >&2
        die "kubeadm kubeconfig user $* failed"
    }
    mv -f "$new/$file" "$dir/$file"
}

[ -x "$KUBEDEV_KUBEADM" ] || die "there is no program $KUBEDEV_KUBEADM on this host; expected the Cluster's binaries.kubeadm"
pki=$dir/$KUBEDEV_STATE/pki
[ -f "$pki/ca.key" ] || die "there is no $pki/ca.key; expected the keys of the control plane that this node is to belong to"
rm -rf "$new"
mkdir "$new"
is_as_wanted || rm -f "$record" "$dir"/*.conf
if [ ! -f "$dir/kubelet.conf" ] || [ ! -f "$dir/kube-proxy.conf" ]; then
    printf '%scertificatesDir: %s\n' "$KUBEDEV_KUBEADM_CONFIG" "$(json_string "$(cd "$pki" && pwd)")" >"$new/kubeadm.yaml"
    kubeconfig_of kubelet.conf --client-name "system:node:$KUBEDEV_NODE_NAME" --org system:nodes
    kubeconfig_of kube-proxy.conf --client-name system:kube-proxy
fi
write_record "kind=node-credentials" "exists=$dir/kubelet.conf" "exists=$dir/kube-proxy.conf" "fact.spec=$KUBEDEV_SPEC"
# As JSON strings, into an encrypted output.
printf '{"kubelet":%s,"kubeProxy":%s,"ca":%s}\n' "$(json_string "$(cat "$dir/kubelet.conf")")" \
    "$(json_string "$(cat "$dir/kube-proxy.conf")")" "$(json_string "$(cat "$pki/ca.crt")")"
