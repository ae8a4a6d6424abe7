#!/bin/sh
# Prints what a Kustomize folder makes, in base64: one line `manifest=`. Only looks, and always ends with 0.
#   problem=<text>     it cannot be made
#   KUBEDEV_FOLDER     folder of the kustomization
#   KUBEDEV_KUBECTL    kubectl, or the program kustomize
#   KUBEDEV_BOUND_SEC  longest that it may take
if ! command -v "$KUBEDEV_KUBECTL" >/dev/null; then
    echo "problem=there is no $KUBEDEV_KUBECTL; expected kubectl or kustomize on the PATH, or kubectlPath: a Build of k8s.io/kubernetes with the target cmd/kubectl has it"
    exit 0
fi
if [ ! -d "$KUBEDEV_FOLDER" ]; then
    echo "problem=$KUBEDEV_FOLDER is no folder; expected one with a kustomization.yaml"
    exit 0
fi
case ${KUBEDEV_KUBECTL##*/} in
    kustomize*) verb=build ;;
    *) verb=kustomize ;;
esac
# What it says goes beside what it makes: both are needed.
said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
made=$(timeout "$KUBEDEV_BOUND_SEC" "$KUBEDEV_KUBECTL" "$verb" "$KUBEDEV_FOLDER" 2>"$said") || status=$?
case $status in
    0) printf 'manifest=%s\n' "$(printf '%s\n' "$made" | base64 | tr -d '\n')" ;;
    124) echo "problem=$KUBEDEV_KUBECTL $verb $KUBEDEV_FOLDER did not end within $KUBEDEV_BOUND_SEC s; a base that is fetched from elsewhere may be the reason" ;;
    *) echo "problem=$KUBEDEV_KUBECTL $verb $KUBEDEV_FOLDER failed: $(tr '\n' ' ' <"$said" | tail -c 600)" ;;
esac
