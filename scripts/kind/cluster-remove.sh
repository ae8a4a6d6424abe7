#!/bin/sh
# Function that removes a cluster's nodes with their volumes, and its network. It succeeds when there are none.
remove_cluster() {
    # shellcheck disable=SC2046 # ids
    [ -z "$(node_ids)" ] || docker rm -f -v $(node_ids) >/dev/null
    # Of nodes that were killed as they began: an engine may still hold them.
    docker network rm "$KUBEDEV_CLUSTER" >/dev/null 2>&1 || :
}
