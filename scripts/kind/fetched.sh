#!/bin/sh
# Stands for ctr in a node image of kubedev's own while kind builds upon it: what its containerd has counts as fetched, and
# so do the images of kind's network and storage, in whose place the image has its own.
real=/kind/base/ctr
case " $* " in
*' content fetch '*)
    for image in "$@"; do :; done
    case $image in docker.io/kindest/*) exit 0 ;; esac
    if "$real" --namespace=k8s.io images list -q | grep -qxF "$image"; then exit 0; fi
    ;;
esac
exec "$real" "$@"
