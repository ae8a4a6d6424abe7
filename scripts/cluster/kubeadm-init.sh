#!/bin/sh
# Makes a host the control plane of a cluster, by kubeadm. What is there of this very cluster is kept: other flags are written
# into its static pods. Anything else that this stack left there, as of a run that was broken off, is undone first, where it is
# to be made: what is to be brought up to date in place is never made anew.
#   KUBEDEV_KUBEADM_CONFIG   kubeadm's configuration, with the token
#   KUBEDEV_AUTHENTICATION   how the API server knows who asks; a file that the configuration names
#   KUBEDEV_PKI              authorities, as tar.gz in base64
#   KUBEDEV_KUBE_PROXY_CONF  kubeconfig of kube-proxy as a service
#   KUBEDEV_SKIP_PHASES      phases that are left out
#   KUBEDEV_ADDRESS          address of its API server
#   KUBEDEV_MADE             what of all this makes it another cluster
#   and what kubeadm-run.sh takes
. ../host/prelude.sh
. ./kubeadm-run.sh
take_lock
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
use_programs

authentication=$kubernetes/authentication.yaml
rm -rf "$dir/pki"
mkdir "$dir/pki"
printf '%s' "$KUBEDEV_PKI" | base64 -d | tar -C "$dir/pki" -xzf -
is_ours() {
    [ ! -e "$unfinished" ] && [ -f "$kubernetes/admin.conf" ] && [ -f "$kubernetes/kubelet.conf" ] &&
        [ -f /var/lib/kubelet/config.yaml ] && [ -d /var/lib/etcd/member ] &&
        cmp -s "$dir/pki/ca.key" "$kubernetes/pki/ca.key" &&
        [ "$(cat "$dir/made" 2>/dev/null)" = "$KUBEDEV_MADE" ]
}

if is_ours; then
    # Compared before it is written: a run that fails here is tried again.
    put "$authentication" "$KUBEDEV_AUTHENTICATION" 0600 || :
    # What a run began with that did not see all of it run counts until one does.
    if ! holds "$dir/kubeadm.yaml" "$KUBEDEV_KUBEADM_CONFIG" || [ -e "$dir/before" ]; then
        say "writing the static pods anew"
        note_begun
        printf '%s\n' "$KUBEDEV_KUBEADM_CONFIG" >"$dir/kubeadm.new.yaml"
        if [ ! -e "$dir/before" ]; then
            rm -rf "$dir/manifests"
            cp -R "$kubernetes/manifests" "$dir/manifests"
            for program in etcd kube-apiserver kube-controller-manager kube-scheduler; do
                echo "$program $(running_of "$program" | head -n 1)"
            done >"$dir/before.new"
            mv -f "$dir/before.new" "$dir/before"
        fi
        run_kubeadm init phase etcd local --config "$dir/kubeadm.new.yaml" || kubeadm_failed "init phase etcd local"
        run_kubeadm init phase control-plane all --config "$dir/kubeadm.new.yaml" ||
            kubeadm_failed "init phase control-plane all"
        while read -r program container; do
            if ! cmp -s "$dir/manifests/$program.yaml" "$kubernetes/manifests/$program.yaml" || has_ended "$program" "$container"; then
                echo "$program $container"
            fi
        done <"$dir/before" >"$dir/changed"
        # Of a machine that has just begun nothing runs yet; its kubelet is started behind this.
        ! systemctl is-active --quiet kubelet.service || await_others "$KUBEDEV_ADDRESS" "$dir/changed"
        mv -f "$dir/kubeadm.new.yaml" "$dir/kubeadm.yaml"
        rm -rf "$dir/before" "$dir/manifests" "$dir/changed"
    fi
else
    refuse_in_place "$kubernetes" "another cluster than the one that this stack made"
    : >"$unfinished"
    end_node
    mkdir -p "$kubernetes"
    cp -R "$dir/pki" "$kubernetes/pki"
    put "$authentication" "$KUBEDEV_AUTHENTICATION" 0600
    printf '%s\n' "$KUBEDEV_KUBEADM_CONFIG" >"$dir/kubeadm.yaml"
    put_kubelet || :
    run_kubeadm init --config "$dir/kubeadm.yaml" --skip-phases "$KUBEDEV_SKIP_PHASES" --skip-token-print ||
        kubeadm_failed init
    mkdir -p /run/kubedev
    : >/run/kubedev/kubelet-started
    printf '%s\n' "$KUBEDEV_MADE" >"$dir/made"
    rm -f "$unfinished"
fi
put_credentials
write_record "kind=kubeadm-control-plane" "exists=$kubernetes/admin.conf" "exists=$kubernetes/kubelet.conf" \
    "exists=$kubernetes/manifests/kube-apiserver.yaml" "exists=$kubernetes/manifests/etcd.yaml" \
    "exists=/var/lib/kubelet/config.yaml" "exists=/var/lib/etcd/member" "exists=$kubernetes/pki/ca.key" "exists=$dir/made" \
    "fact.begun=${KUBEDEV_BEGUN:-}"
printf '{}\n'
