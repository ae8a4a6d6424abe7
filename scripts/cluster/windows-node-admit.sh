#!/bin/sh
# Lets a Windows node into a cluster of kubeadm's, and tells what the node has to know of it: a bootstrap token of a day, and
# a binding by which its kube-proxy and flanneld see Services and nodes as the node itself. Nothing is made twice.
#   see windows-node-cluster.sh
. ./windows-node-cluster.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

command -v "$KUBEDEV_KUBECTL" >/dev/null || die "there is no program $KUBEDEV_KUBECTL; expected kubectl on the PATH of this machine, or the argument kubectlPath"
[ -r "$KUBEDEV_KUBECONFIG" ] || die "cannot read $KUBEDEV_KUBECONFIG; expected the kubeconfig of an administrator of the cluster"
version=$(in_cluster get --raw /version) || die "the cluster of $KUBEDEV_KUBECONFIG does not answer; expected one that this machine reaches"
of_cluster() { # namespace, ConfigMap, key, what it is
    in_cluster get configmap "$2" -n "$1" -o "jsonpath={.data.$3}" || die "the cluster has no ConfigMap $2 in $1; expected $4"
}
configuration=$(of_cluster kube-system kubeadm-config ClusterConfiguration 'a cluster that kubeadm made')
info=$(of_cluster kube-public cluster-info kubeconfig 'a cluster that kubeadm made')
network=$(of_cluster kube-flannel kube-flannel-cfg 'net-conf\.json' 'the network add-on flannel, by its manifest kube-flannel.yml')
if [ ! -f "$record" ] && [ -n "$(ask_node '{.metadata.name}')" ]; then
    die "the cluster has a node $KUBEDEV_NODE_NAME already; expected none: take another nodeName, or kubectl delete node $KUBEDEV_NODE_NAME"
fi

random() { LC_ALL=C tr -dc a-z0-9 </dev/urandom | head -c "$1"; }
if [ -f "$dir/token" ]; then token=$(cat "$dir/token"); else token=; fi
# The cluster forgets it after a day.
if [ -z "$token" ] || [ -z "$(in_cluster get secret "bootstrap-token-${token%.*}" -n kube-system --ignore-not-found -o name)" ]; then
    token=$(random 6).$(random 16)
    printf '%s' "$token" >"$dir/token.new"
    mv -f "$dir/token.new" "$dir/token"
fi
in_cluster apply -f - >&2 <<END || die 'the cluster did not take a bootstrap token and a binding; expected the kubeconfig of an administrator'
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Secret", "type": "bootstrap.kubernetes.io/token",
   "metadata": {"name": "bootstrap-token-${token%.*}", "namespace": "kube-system"},
   "stringData": {"token-id": "${token%.*}", "token-secret": "${token#*.}", "usage-bootstrap-authentication": "true",
     "usage-bootstrap-signing": "true", "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
     "expiration": "$(date -u -d '+24 hours' +%Y-%m-%dT%H:%M:%SZ)", "description": "kubedev: node $KUBEDEV_NODE_NAME"}},
  {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
   "metadata": {"name": "kubedev:windows-node:$KUBEDEV_NODE_NAME"},
   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier"},
   "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:node:$KUBEDEV_NODE_NAME"}]}
]}
END
write_record "kind=windows-node-admit" "exists=$dir/token"
# Into an encrypted output.
printf '{"token":%s,"version":%s,"configuration":%s,"info":%s,"network":%s}\n' "$(json_string "$token")" \
    "$(json_string "$version")" "$(json_string "$configuration")" "$(json_string "$info")" "$(json_string "$network")"
