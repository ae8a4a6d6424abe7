#!/bin/sh
# Takes a node out of its cluster, and removes what it knew the cluster by. A control plane that is gone, or does not answer,
# is no reason to fail: what it knew goes with it.
#   KUBEDEV_KUBECTL, KUBEDEV_STATE, KUBEDEV_NODE_NAME  see node-credentials.sh
. ../host/prelude.sh
[ -d "$dir" ] || exit 0
take_lock
admin=$dir/$KUBEDEV_STATE/kubeconfig
if [ -f "$admin" ] && [ -x "$KUBEDEV_KUBECTL" ]; then
    timeout 40 "$KUBEDEV_KUBECTL" --kubeconfig "$admin" --request-timeout=10s delete node "$KUBEDEV_NODE_NAME" \
        --ignore-not-found --timeout=30s >&2 ||
        say "the API server did not take node $KUBEDEV_NODE_NAME out of the cluster; if the cluster stays: kubectl delete node $KUBEDEV_NODE_NAME"
fi
forget
