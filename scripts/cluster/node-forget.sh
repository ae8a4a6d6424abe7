#!/bin/sh
# Takes a node out of its cluster, and removes what it knew the cluster by. A control plane that is gone, or does not answer,
# is no reason to fail: what it knew goes with it.
#   KUBEDEV_KUBECTL, KUBEDEV_STATE, KUBEDEV_NODE_NAME  see node-credentials.sh
#   KUBEDEV_ADDRESS  of this very node; empty: its name is nobody else's
. ../host/prelude.sh
[ -d "$dir" ] || exit 0
take_lock
admin=$dir/$KUBEDEV_STATE/kubeconfig
in_cluster() { timeout 40 "$KUBEDEV_KUBECTL" --kubeconfig "$admin" --request-timeout=10s "$@"; }
has=''
failed="the API server did not take node $KUBEDEV_NODE_NAME out of the cluster; if the cluster stays: kubectl delete node $KUBEDEV_NODE_NAME"
if [ ! -f "$admin" ] || [ ! -x "$KUBEDEV_KUBECTL" ]; then
    :
elif [ -n "${KUBEDEV_ADDRESS:-}" ] && ! has=$(in_cluster get node "$KUBEDEV_NODE_NAME" --ignore-not-found \
    -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}'); then
    say "$failed"
elif [ -n "$has" ] && [ "$has" != "$KUBEDEV_ADDRESS" ]; then
    # This host never joined, as by a name that another one had.
    say "node $KUBEDEV_NODE_NAME stays in the cluster: it is that of $has, and this one was to have $KUBEDEV_ADDRESS"
else
    in_cluster delete node "$KUBEDEV_NODE_NAME" --ignore-not-found --timeout=30s >&2 || say "$failed"
fi
forget
