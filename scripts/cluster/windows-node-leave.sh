#!/bin/sh
# Empties a Windows node while its kubelet still runs, and takes it out of the cluster. A cluster that does not answer is no
# reason to fail.
#   see windows-node-cluster.sh
. ./windows-node-cluster.sh
[ -d "$dir" ] || exit 0
take_lock
if can_ask && [ -n "$(ask_node '{.metadata.name}' 2>/dev/null || :)" ]; then
    timeout 150 "$KUBEDEV_KUBECTL" --kubeconfig "$KUBEDEV_KUBECONFIG" drain "$KUBEDEV_NODE_NAME" --ignore-daemonsets \
        --delete-emptydir-data --force --timeout=120s >&2 ||
        say "node $KUBEDEV_NODE_NAME was not emptied within 120 s; its pods end with it"
    remove_from_cluster node "$KUBEDEV_NODE_NAME"
fi
forget
