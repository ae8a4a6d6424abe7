#!/bin/sh
# Takes back what windows-node-admit.sh let in, and the node, should it still be in the cluster.
#   see windows-node-cluster.sh
. ./windows-node-cluster.sh
[ -d "$dir" ] || exit 0
take_lock
if can_ask; then
    remove_from_cluster node "$KUBEDEV_NODE_NAME"
    remove_from_cluster clusterrolebinding "kubedev:windows-node:$KUBEDEV_NODE_NAME"
    if [ -f "$dir/token" ]; then
        token=$(cat "$dir/token")
        remove_from_cluster secret "bootstrap-token-${token%.*}" -n kube-system
    fi
else
    say "node $KUBEDEV_NODE_NAME is not taken out of its cluster: expected kubectl ($KUBEDEV_KUBECTL) and $KUBEDEV_KUBECONFIG"
fi
forget
