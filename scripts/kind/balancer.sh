#!/bin/sh
# shellcheck disable=SC2154 # dir and cache_root are set by prelude.sh
# Functions that let kind find the image which stands before several control planes. It has a name for that of its own, and
# pulls what is not there. Before: images.sh.

lent=''
# While the cluster is made, what came with the node image has that name, unless the true one is there.
lend_balancer() {
    [ "$(jq '[.nodes[] | select(.role == "control-plane")] | length' "$dir/config.json")" -gt 1 ] || return 0
    own_balancer=$(balancer_of "$KUBEDEV_IMAGE_TAG")
    if [ -z "$own_balancer" ] || ! has_image "$own_balancer"; then return 0; fi
    balancer_name=$(grep -aoE 'docker\.io/envoyproxy/envoy:v[0-9]+\.[0-9]+\.[0-9]+' "$(command -v "$KUBEDEV_KIND")" | head -n 1)
    [ -n "$balancer_name" ] || die "$KUBEDEV_KIND asks for no load balancer that is known here; expected kind v0.32, or one control plane"
    # One run at a time, since the name is everybody's.
    exec 7>"$cache_root/balancer.lock"
    flock 7
    if has_image "$balancer_name"; then
        exec 7>&-
        return 0
    fi
    docker tag "$own_balancer" "$balancer_name"
    lent=$balancer_name
}
take_balancer_back() {
    [ -n "$lent" ] || return 0
    docker rmi "$lent" >/dev/null 2>&1 || :
    lent=''
    exec 7>&-
}
