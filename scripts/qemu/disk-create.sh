#!/bin/sh
# Makes a machine's disk: a qcow2 overlay over its base image. A disk that is there is never overwritten.
#   KUBEDEV_IMAGE_DIR     directory of the base image
#   KUBEDEV_IMAGE_DIGEST  what the image is made from
. ../host/prelude.sh
take_lock
disk=$dir/disk.qcow2
backing=$KUBEDEV_IMAGE_DIR/disk
# Without a record it is what a broken-off run left, which no machine has used.
if [ ! -f "$record" ] || [ ! -e "$disk" ]; then
    format=$(qemu-img info -U --output=json "$backing" | jq -r .format)
    # -F: a backing file without a stated format is a security hole, and refused by newer QEMU.
    qemu-img create -q -f qcow2 -F "$format" -b "$backing" "$disk.new"
    mv -f "$disk.new" "$disk"
fi
size=$(qemu-img info -U --output=json "$disk" | jq -r '."virtual-size"')
write_record "kind=disk" "exists=$disk" "fact.sizeMib=$((size / 1048576))" "fact.baseImage=$KUBEDEV_IMAGE_DIGEST"
printf '{"path":%s,"sizeMib":%s}\n' "$(json_string "$disk")" "$((size / 1048576))"
