#!/bin/sh
# Makes what the nodes of a kubeadm cluster know each other by, once, before there is a host: authorities, a join token, and
# kubeconfigs for an administrator of this machine and for kube-proxies. All of it belongs together and goes together.
#   KUBEDEV_KUBEADM         program
#   KUBEDEV_ADMIN_CONFIG    kubeadm's configuration for who comes by the tunnel, without certificatesDir, which is added
#   KUBEDEV_NODES_CONFIG    the same for nodes
#   KUBEDEV_VALIDITY        of the certificates
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

# What it makes it prints on standard output, which is not ours.
kubeadm_made() { # file that gets what it prints, arguments...
    made=$1
    shift
    "$KUBEDEV_KUBEADM" "$@" >"$made" 2>"$new/said" || {
        tail -n 5 "$new/said" >&2
        die "kubeadm $* failed"
    }
}
configured() { # file, configuration
    printf '%scertificatesDir: %s\n' "$2" "$(json_string "$new/pki")" >"$new/$1"
}

[ -x "$KUBEDEV_KUBEADM" ] || die "there is no program $KUBEDEV_KUBEADM on this host; expected localBinaries.kubeadm"
rm -rf "$new"
mkdir "$new"
is_as_wanted || rm -rf "$record" "$dir/pki" "$dir/kubeconfig" "$dir/kube-proxy.conf" "$dir/token"
if [ ! -f "$dir/kubeconfig" ]; then
    # Of a run that was broken off: made aside, so that no half of it is ever taken for the whole.
    rm -rf "$dir/pki" "$dir/kube-proxy.conf" "$dir/token"
    configured admin.yaml "$KUBEDEV_ADMIN_CONFIG"
    configured nodes.yaml "$KUBEDEV_NODES_CONFIG"
    # Not one by one: its phase for keys of service accounts takes no configuration, and asks the internet for a version.
    kubeadm_made "$new/printed" init phase certs all --config "$new/nodes.yaml"
    find "$new/pki" -type f ! -name 'ca.*' ! -name 'front-proxy-ca.*' ! -name 'sa.*' -delete
    kubeadm_made "$new/token" token generate
    kubeadm_made "$new/kube-proxy.conf" kubeconfig user --config "$new/nodes.yaml" \
        --validity-period "$KUBEDEV_VALIDITY" --client-name system:kube-proxy
    kubeadm_made "$new/kubeconfig" kubeconfig user --config "$new/admin.yaml" \
        --validity-period "$KUBEDEV_VALIDITY" --client-name kubernetes-admin --org system:masters
    chmod -R go= "$new/pki"
    mv "$new/pki" "$dir/pki"
    mv "$new/token" "$new/kube-proxy.conf" "$dir"
    mv "$new/kubeconfig" "$dir/kubeconfig"
fi
write_record "kind=kubeadm-keys" "exists=$dir/pki/ca.key" "exists=$dir/token" "exists=$dir/kube-proxy.conf" \
    "exists=$dir/kubeconfig" "fact.spec=$KUBEDEV_SPEC"
# As JSON strings, into an encrypted output.
printf '{"kubeconfig":%s,"kubeProxy":%s,"token":%s,"pki":"%s"}\n' "$(json_string "$(cat "$dir/kubeconfig")")" \
    "$(json_string "$(cat "$dir/kube-proxy.conf")")" "$(json_string "$(cat "$dir/token")")" \
    "$(tar -C "$dir/pki" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c . | gzip -n | base64 | tr -d '\n')"
