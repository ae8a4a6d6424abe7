#!/bin/sh
# Removes a kind cluster, if it is there, and its node image if that is wanted no more.
#   KUBEDEV_CLUSTER    name of the cluster
#   KUBEDEV_IMAGE_TAG  its node image
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
. ./nodes.sh
. ./thaw.sh
. ./cluster-remove.sh
take_lock
if [ -f "$record" ] || [ -f "$dir/making" ]; then
    if find_engine; then
        remove_cluster
        # Of a NodeImage that has made another one since.
        case $KUBEDEV_IMAGE_TAG in kubedev/* | kubedev-overlay/* | kubedev-source/*) drop_image "$KUBEDEV_IMAGE_TAG" ;; esac
    elif [ "$KUBEDEV_ENGINE" = own ]; then
        say "the container engine does not run; what it keeps goes away with it"
    else
        die "cannot remove the cluster $KUBEDEV_CLUSTER: $said; start the engine and run it again, or take it out of the state (pulumi state delete)"
    fi
fi
forget
