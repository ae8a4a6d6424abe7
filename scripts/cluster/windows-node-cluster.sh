#!/bin/sh
# shellcheck disable=SC2154 # shared with the scripts that this is put in front of
# How scripts of this machine ask the cluster of a Windows node.
#   KUBEDEV_KUBECTL      program; without a slash it is found on the PATH
#   KUBEDEV_KUBECONFIG   file of an administrator
#   KUBEDEV_NODE_NAME    name of the node
. ../host/prelude.sh

in_cluster() { "$KUBEDEV_KUBECTL" --kubeconfig "$KUBEDEV_KUBECONFIG" --request-timeout=10s "$@"; }
ask_node() { in_cluster get node "$KUBEDEV_NODE_NAME" --ignore-not-found -o "jsonpath=$1"; }
can_ask() { [ -r "$KUBEDEV_KUBECONFIG" ] && command -v "$KUBEDEV_KUBECTL" >/dev/null; }
# A cluster that is gone takes its nodes with it.
remove_from_cluster() { # kind, name, options...
    timeout 40 "$KUBEDEV_KUBECTL" --kubeconfig "$KUBEDEV_KUBECONFIG" --request-timeout=10s delete "$@" --ignore-not-found \
        --timeout=30s >&2 || say "the cluster did not remove $1 $2; if it stays: kubectl delete $*"
}
