#!/bin/sh
# Lets the nodes of a cluster pull from a registry in the same engine, by the name under which people push to it, and tells
# tools of it as sig-cluster-lifecycle has it (KEP-1755).
#   KUBEDEV_CLUSTER        name of the cluster, and of its network
#   KUBEDEV_REGISTRY       container of the registry
#   KUBEDEV_REGISTRY_HOST  what names of its images begin with
#   KUBEDEV_NODE_REGISTRY  text of node-registry.sh, which runs in the nodes
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./nodes.sh
. ./registry.sh
take_lock
use_engine
trap '[ -f "$record" ] || forget' EXIT
trap 'exit 130' INT TERM HUP
before=$(field fact.registry)
if [ -n "$before" ] && [ "$before" != "$KUBEDEV_REGISTRY" ]; then
    docker network disconnect -f "$KUBEDEV_CLUSTER" "$before" >/dev/null 2>&1 || :
fi
is_connected "$KUBEDEV_CLUSTER" || docker network connect "$KUBEDEV_CLUSTER" "$KUBEDEV_REGISTRY" >/dev/null ||
    die "the container $KUBEDEV_REGISTRY of the registry cannot be put into the network of $KUBEDEV_CLUSTER"
for node in $(node_ids); do
    why=$(docker exec "$node" sh -c "$KUBEDEV_NODE_REGISTRY" node-registry put "$KUBEDEV_REGISTRY_HOST" "$KUBEDEV_REGISTRY:5000") ||
        die "a node of $KUBEDEV_CLUSTER does not take the registry: ${why:-it does not answer}"
done
docker exec -i "$(control_plane)" kubectl --kubeconfig /etc/kubernetes/admin.conf apply --server-side --force-conflicts \
    --field-manager=kubedev -f - >/dev/null <<MANIFEST
apiVersion: v1
kind: ConfigMap
metadata: {name: local-registry-hosting, namespace: kube-public}
data:
  localRegistryHosting.v1: |
    host: "$KUBEDEV_REGISTRY_HOST"
    hostFromClusterNetwork: "$KUBEDEV_REGISTRY:5000"
    hostFromContainerRuntime: "$KUBEDEV_REGISTRY:5000"
    help: "https://kind.sigs.k8s.io/docs/user/local-registry/"
MANIFEST
write_record "kind=node-registry" "fact.registry=$KUBEDEV_REGISTRY"
printf '{"registry":"%s"}\n' "$KUBEDEV_REGISTRY"
