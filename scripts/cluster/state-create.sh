#!/bin/sh
# Makes what a control plane stands on, once: keys and certificates, kubeconfigs, and an empty directory for etcd's data. All
# of it belongs together and goes together: another authority or Service range is another cluster.
#   KUBEDEV_KUBEADM, KUBEDEV_KUBECTL  programs
#   KUBEDEV_KUBEADM_CONFIG   kubeadm's configuration without certificatesDir, which is added
#   KUBEDEV_AUTHENTICATION   the API server's AuthenticationConfiguration
#   KUBEDEV_CLUSTER          name of the cluster in kubeconfigs
#   KUBEDEV_SERVER           URL of the API server
#   KUBEDEV_SERVICE_CIDR     range of Service addresses; empty: what is on the disk is no cluster but that of this very record
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

need() { # program, argument
    [ -x "$1" ] || die "there is no program $1 on this host; expected $2: a Build of the module k8s.io/kubernetes has it"
}

# It prints what it makes on standard output, which is not ours.
kubeadm_phase() {
    "$KUBEDEV_KUBEADM" init phase "$@" --config "$new/kubeadm.yaml" >"$new/said" 2>&1 || {
        tail -n 5 "$new/said" >&2
        die "kubeadm init phase $1 $2 failed"
    }
}

# kubeadm sends these two to the address that the API server advertises, where nobody listens.
make_kubeconfig() { # kubeadm's name, file
    kubeadm_phase kubeconfig "$1" --kubeconfig-dir "$new"
    "$KUBEDEV_KUBECTL" config set-cluster "$KUBEDEV_CLUSTER" --server="$KUBEDEV_SERVER" --kubeconfig "$new/$1.conf" >/dev/null
    mv -f "$new/$1.conf" "$dir/$2"
}

# Whether what is there is it, made for a machine that was started anew since.
is_this_cluster() {
    [ -n "${KUBEDEV_SERVICE_CIDR:-}" ] && [ "$(field fact.cluster)" = "$KUBEDEV_SERVER $KUBEDEV_SERVICE_CIDR" ] &&
        [ -f "$dir/pki/ca.key" ] && [ -d "$dir/etcd" ]
}

rm -rf "$new"
mkdir "$new"
if ! is_as_wanted && ! is_this_cluster; then
    # Of a run that was broken off, or of a cluster that is no more.
    rm -rf "$record" "$dir/pki" "$dir/etcd" "$dir"/*.conf "$dir/kubeconfig"
fi
if [ ! -d "$dir/etcd" ] || [ ! -f "$dir/kubeconfig" ] || [ ! -f "$dir/controller-manager.conf" ] || [ ! -f "$dir/scheduler.conf" ]; then
    need "$KUBEDEV_KUBEADM" binaries.kubeadm
    need "$KUBEDEV_KUBECTL" binaries.kubectl
    # Authorities that are there are kept; made aside, so that no half of them is ever taken for the whole.
    [ ! -d "$dir/pki" ] || cp -Rp "$dir/pki" "$new/pki"
    printf '%scertificatesDir: %s\n' "$KUBEDEV_KUBEADM_CONFIG" "$(json_string "$new/pki")" >"$new/kubeadm.yaml"
    [ -d "$new/pki" ] || kubeadm_phase certs all
    make_kubeconfig super-admin kubeconfig
    make_kubeconfig controller-manager controller-manager.conf
    make_kubeconfig scheduler scheduler.conf
    # kubeadm makes certificates readable for all, in a directory that nobody else can enter.
    chmod -R go= "$new/pki"
    [ -d "$dir/pki" ] || mv "$new/pki" "$dir/pki"
    mkdir -p "$dir/etcd"
fi
printf '%s' "$KUBEDEV_AUTHENTICATION" >"$new/authentication.yaml"
cmp -s "$new/authentication.yaml" "$dir/authentication.yaml" || mv -f "$new/authentication.yaml" "$dir/authentication.yaml"
id=$(sha256sum <"$dir/pki/ca.crt" | cut -d ' ' -f 1)
write_record "kind=control-plane-state" "exists=$dir/pki/ca.key" "exists=$dir/etcd" "fact.spec=$KUBEDEV_SPEC" \
    "fact.cluster=$KUBEDEV_SERVER ${KUBEDEV_SERVICE_CIDR:-}" "fact.id=$id"
# As a JSON string: the one place where a secret leaves the host, into an encrypted output.
printf '{"kubeconfigPath":%s,"kubeconfig":%s,"id":"%s"}\n' "$(json_string "$dir/kubeconfig")" \
    "$(json_string "$(cat "$dir/kubeconfig")")" "$id"
