#!/bin/sh
# Prints what a host joins its cluster with, beside the keys. Its counterpart node-forget.sh takes the node out of the cluster.
#   KUBEDEV_STATE      directory of the keys, from this thing's own
. ../host/prelude.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
keys=$dir/$KUBEDEV_STATE
for file in token kube-proxy.conf pki/ca.crt; do
    [ -f "$keys/$file" ] || die "there is no $keys/$file; expected the keys of the cluster that this node is to belong to"
done
write_record "kind=kubeadm-member"
# As JSON strings, into an encrypted output.
printf '{"token":%s,"kubeProxy":%s,"ca":%s}\n' "$(json_string "$(cat "$keys/token")")" \
    "$(json_string "$(cat "$keys/kube-proxy.conf")")" "$(json_string "$(cat "$keys/pki/ca.crt")")"
