#!/bin/sh
# Grows a machine's disk while the machine is off; the guest grows its file system when it boots.
# Prints {"virtualSizeMib","grown"}. Nothing is done when the disk has that size already.
#   KUBEDEV_DISK           absolute path of the disk
#   KUBEDEV_DISK_SIZE_MIB  wanted size
# Needs qemu-utils.
set -eu
LC_ALL=C
export LC_ALL
disk=$KUBEDEV_DISK
wanted_mib=$KUBEDEV_DISK_SIZE_MIB

fail() {
    echo "disk $disk: $*" >&2
    exit 1
}

# Without -U: fails while a QEMU has the disk open.
info=$(qemu-img info --output=json "$disk") ||
    fail "is in use or damaged (see above); a disk grows only while its machine is off"
bytes=$(printf '%s\n' "$info" | sed -n 's/^    "virtual-size": \([0-9]*\).*/\1/p')
wanted=$((wanted_mib * 1048576))
if [ "$wanted" -lt "$bytes" ]; then
    fail "has $((bytes / 1048576)) MiB, cannot shrink to $wanted_mib MiB: that would cut off the" \
        "guest's file system. Ask for at least $((bytes / 1048576)) MiB, or make a new machine"
fi
grown=false
if [ "$wanted" -gt "$bytes" ]; then
    qemu-img resize -q -f qcow2 "$disk" "${wanted_mib}M"
    grown=true
fi
printf '{"virtualSizeMib":%s,"grown":%s}\n' "$wanted_mib" "$grown"
