#!/bin/sh
# Lets the API server ask kubelets, for logs and exec, as kubeadm init does beside its phases certs and kubeconfig.
#   KUBEDEV_KUBECTL, KUBEDEV_STATE  see node-credentials.sh
. ../host/prelude.sh
# Its own directory is made after this.
allowed() { "$KUBEDEV_KUBECTL" --kubeconfig "${dir%/*}/${KUBEDEV_STATE#../}/kubeconfig" --request-timeout=10s "$@"; }
binding=kubeadm:apiserver-kubelet-client
[ -n "$(allowed get clusterrolebinding "$binding" --ignore-not-found -o name)" ] ||
    allowed create clusterrolebinding "$binding" --clusterrole=system:kubelet-api-admin --user=kube-apiserver-kubelet-client >&2 ||
    [ -n "$(allowed get clusterrolebinding "$binding" --ignore-not-found -o name)" ]
