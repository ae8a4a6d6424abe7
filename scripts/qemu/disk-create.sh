#!/bin/sh
# Makes a machine's disk over its base image. A disk that is there is never overwritten.
#   KUBEDEV_IMAGE_DIR       directory of the base image
#   KUBEDEV_IMAGE_DIGEST    what the image is made from
#   KUBEDEV_BASE_FORMAT     format of the image's disk
#   KUBEDEV_CREATE_OVERLAY  text of create-overlay.sh
. ../host/prelude.sh
take_lock
made=$(KUBEDEV_DISK=$dir/disk.qcow2 KUBEDEV_BASE=$KUBEDEV_IMAGE_DIR/disk sh -c "$KUBEDEV_CREATE_OVERLAY" 9>&-)
size_mib=$(printf '%s' "$made" | jq -r .virtualSizeMib)
write_record "kind=disk" "exists=$dir/disk.qcow2" "fact.sizeMib=$size_mib" "fact.baseImage=$KUBEDEV_IMAGE_DIGEST"
printf '%s\n' "$made"
