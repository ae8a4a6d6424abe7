#!/bin/sh
# Function that removes a cluster's nodes with their volumes, and its network. It succeeds when there are none.
remove_cluster() {
    # shellcheck disable=SC2046 # ids
    [ -z "$(node_ids)" ] || docker rm -f -v $(node_ids) >/dev/null
    # What else is in it, as a registry, stays.
    for other in $(docker network inspect --format '{{range .Containers}}{{println .Name}}{{end}}' "$KUBEDEV_CLUSTER" 2>/dev/null); do
        docker network disconnect -f "$KUBEDEV_CLUSTER" "$other" >/dev/null 2>&1 || :
    done
    # Of nodes that were killed as they began: an engine may still hold them.
    docker network rm "$KUBEDEV_CLUSTER" >/dev/null 2>&1 || :
}
