#!/bin/sh
# Function that removes a cluster's nodes with their volumes, and its network. It succeeds when there are none.
remove_cluster() {
    # A busy engine gives up on a node after ten seconds, and finds later that it has ended.
    removals=0
    while [ -n "$(node_ids)" ]; do
        # shellcheck disable=SC2046 # ids
        if said=$(docker rm -f -v $(node_ids) 2>&1); then break; fi
        removals=$((removals + 1))
        [ "$removals" -lt 5 ] || die "cannot remove the nodes of the cluster $KUBEDEV_CLUSTER: $said"
        say "the nodes have not ended yet, once more: $said"
        sleep 1
    done
    # What else is in it, as a registry, stays.
    for other in $(docker network inspect --format '{{range .Containers}}{{println .Name}}{{end}}' "$KUBEDEV_CLUSTER" 2>/dev/null); do
        docker network disconnect -f "$KUBEDEV_CLUSTER" "$other" >/dev/null 2>&1 || :
    done
    # Of nodes that were killed as they began: an engine may still hold them.
    docker network rm "$KUBEDEV_CLUSTER" >/dev/null 2>&1 || :
}
