#!/bin/sh
# Takes a registry from the nodes of a cluster that still runs. What containerd pulled stays.
#   KUBEDEV_CLUSTER        name of the cluster, and of its network
#   KUBEDEV_NODE_REGISTRY  text of node-registry.sh
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./nodes.sh
take_lock
before=$(field fact.registry)
if [ -n "$before" ] && find_engine; then
    for node in $(docker ps -q --filter "label=io.x-k8s.kind.cluster=$KUBEDEV_CLUSTER"); do
        docker exec "$node" sh -c "$KUBEDEV_NODE_REGISTRY" node-registry drop >/dev/null 2>&1 || :
    done
    timeout 20 docker exec "$(control_plane)" kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-public \
        delete configmap local-registry-hosting --ignore-not-found --wait=false >/dev/null 2>&1 || :
    docker network disconnect -f "$KUBEDEV_CLUSTER" "$before" >/dev/null 2>&1 || :
fi
forget
