#!/bin/sh
# Says how a cluster is. Only looks, and always ends with 0. Prints nothing if there never was one, else:
#   state=running          all its nodes run
#   state=stopped          all nodes are there, but not all run
#   state=gone             nodes are missing
#   state=unknown reason=  the engine does not answer
#   KUBEDEV_CLUSTER  name of the cluster
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./nodes.sh
[ -f "$record" ] || exit 0
if [ "$KUBEDEV_ENGINE" = own ] && ! own_engine_runs; then
    # What an engine left behind ends when it is started again.
    echo state=stopped
elif all_nodes_run; then
    echo state=running
elif ! find_engine; then
    printf 'state=unknown\nreason=%s\n' "$said"
else
    ids=$(timeout 10 docker ps -aq --no-trunc --filter "label=io.x-k8s.kind.cluster=$KUBEDEV_CLUSTER")
    state=stopped
    while read -r id _; do
        [ "$id" = boot ] || printf '%s\n' "$ids" | grep -qxF "$id" || state=gone
    done <"$dir/nodes"
    echo "state=$state"
fi
