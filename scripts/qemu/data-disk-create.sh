#!/bin/sh
# Makes an empty disk, which takes room only for what is written to it. One that is there is never overwritten.
#   KUBEDEV_DISK_SIZE_MIB  its size; one that is there is left as large as it is
. ../host/prelude.sh
take_lock
disk=$dir/disk.qcow2
if [ ! -e "$disk" ]; then
    new=$disk.new
    trap 'rm -f "$new"' EXIT
    trap 'exit 130' INT TERM HUP
    qemu-img create -q -f qcow2 "$new" "${KUBEDEV_DISK_SIZE_MIB}M"
    mv -f "$new" "$disk"
fi
# A machine may run on it.
bytes=$(qemu-img info --force-share --output=json -f qcow2 "$disk" | jq -r '."virtual-size"')
size_mib=$((bytes / 1048576))
write_record "kind=disk" "exists=$disk" "fact.sizeMib=$size_mib"
printf '{"path":%s,"virtualSizeMib":%s}\n' "$(json_string "$disk")" "$size_mib"
