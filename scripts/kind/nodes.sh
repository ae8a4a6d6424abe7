#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh
# Functions that know the nodes of a cluster: containers with kind's label. $dir/nodes has a line for each: its id, name,
# and process with start time, by which a look sees without the engine that all of them run.
#   KUBEDEV_CLUSTER  name of the cluster

node_ids() { docker ps -aq --no-trunc --filter "label=io.x-k8s.kind.cluster=$KUBEDEV_CLUSTER"; }

note_nodes() {
    # shellcheck disable=SC2046 # ids
    docker inspect --format '{{.Id}} {{slice .Name 1}} {{.State.Pid}}' $(node_ids) | sort -k 2 |
        while read -r id name pid; do echo "$id $name $pid $(start_ticks "$pid")"; done >"$dir/nodes.new"
    echo "boot $(boot_id)" >>"$dir/nodes.new"
    mv "$dir/nodes.new" "$dir/nodes"
}
noted_names() { awk '$1 != "boot" { print $2 }' "$dir/nodes"; }

all_nodes_run() {
    [ -s "$dir/nodes" ] && grep -qxF "boot $(boot_id)" "$dir/nodes" || return 1
    while read -r id _ pid ticks; do
        [ "$id" = boot ] || is_process "$pid" "$ticks" || return 1
    done <"$dir/nodes"
}

# The first control plane: kubectl and its administrator's kubeconfig are on it.
control_plane() {
    docker ps --filter "label=io.x-k8s.kind.cluster=$KUBEDEV_CLUSTER" --filter label=io.x-k8s.kind.role=control-plane \
        --format '{{.Names}}' | sort | head -n 1
}
in_cluster() { docker exec "$(control_plane)" kubectl --kubeconfig /etc/kubernetes/admin.conf "$@"; }
