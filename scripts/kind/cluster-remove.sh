#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh
# Function that removes a cluster's nodes with their volumes, and its network. It succeeds when there are none.
# Before: nodes.sh and thaw.sh.

remove_nodes() {
    nodes=$(node_ids)
    # shellcheck disable=SC2086 # ids
    docker rm -f -v $nodes >"$dir/removal" 2>&1 9>&- &
    removal=$!
    while kill -0 "$removal" 2>/dev/null; do
        sleep 0.2
        for node in $nodes; do thaw_container "$node"; done
    done
    wait "$removal"
}

remove_cluster() {
    # A busy engine gives up on a node after ten seconds, and finds later that it has ended.
    removals=0
    while [ -n "$(node_ids)" ] && ! remove_nodes; do
        removals=$((removals + 1))
        [ "$removals" -lt 5 ] || die "cannot remove the nodes of the cluster $KUBEDEV_CLUSTER: $(cat "$dir/removal")"
        say "the nodes have not ended yet, once more: $(cat "$dir/removal")"
        sleep 1
    done
    rm -f "$dir/removal"
    # What else is in it, as a registry, stays.
    for other in $(docker network inspect --format '{{range .Containers}}{{println .Name}}{{end}}' "$KUBEDEV_CLUSTER" 2>/dev/null); do
        docker network disconnect -f "$KUBEDEV_CLUSTER" "$other" >/dev/null 2>&1 || :
    done
    # Of nodes that were killed as they began: an engine may still hold them.
    docker network rm "$KUBEDEV_CLUSTER" >/dev/null 2>&1 || :
}
