#!/bin/sh
# Makes a machine's disk: a qcow2 file that holds what differs from a base image.
# Prints {"path","virtualSizeMib","created"}. A disk that stands on the same base is kept as it is;
# one that stands on another is refused, since it may hold somebody's work.
#   KUBEDEV_DISK           absolute path of the disk
#   KUBEDEV_BASE           absolute path of the base image
#   KUBEDEV_BASE_FORMAT    format of the base image; default qcow2. Never guessed: a guest could
#                          write another format's header into a raw disk
#   KUBEDEV_DISK_SIZE_MIB  size that the guest sees; default that of the base image
#   KUBEDEV_OVERWRITE      1: replace a disk that stands on another base
# Needs qemu-utils.
set -eu
LC_ALL=C
export LC_ALL
disk=$KUBEDEV_DISK
base=$KUBEDEV_BASE
format=${KUBEDEV_BASE_FORMAT:-qcow2}
size_mib=${KUBEDEV_DISK_SIZE_MIB:-}

fail() {
    echo "disk $disk: $*" >&2
    exit 1
}
# Only keys of the image itself: newer qemu-img also lists the files below it, further indented. A machine may run on it, as
# one whose stack's state was deleted.
image_info() { qemu-img info --force-share --output=json "$1"; }
size_of() { sed -n 's/^    "virtual-size": \([0-9]*\).*/\1/p'; }

report() {
    bytes=$(image_info "$disk" | size_of)
    printf '{"path":"%s","virtualSizeMib":%s,"created":%s}\n' \
        "$(printf '%s' "$disk" | sed 's/[\\"]/\\&/g')" "$((bytes / 1048576))" "$1"
}

if [ -e "$disk" ]; then
    present=$(image_info "$disk") || fail "is damaged (see above). Remove it if nothing on it is needed: rm $disk"
    stands_on=$(printf '%s\n' "$present" | sed -n 's/^    "backing-filename": "\(.*\)",*$/\1/p')
    if [ "$stands_on" = "$base" ]; then
        report false
        exit 0
    fi
    [ "${KUBEDEV_OVERWRITE:-}" = 1 ] ||
        fail "exists and stands on ${stands_on:-no base image}, expected $base." \
            "Remove it if nothing on it is needed: rm $disk"
    # Without --force-share it fails while a QEMU has the disk open.
    qemu-img info "$disk" >/dev/null || fail "is in use (see above); stop its machine first"
fi

base_info=$(qemu-img info --force-share --output=json -f "$format" "$base") ||
    fail "cannot read the base image $base as $format"
base_bytes=$(printf '%s\n' "$base_info" | size_of)
if [ -n "$size_mib" ] && [ "$((size_mib * 1048576))" -lt "$base_bytes" ]; then
    fail "$size_mib MiB is less than the base image's $((base_bytes / 1048576)) MiB, and a file" \
        "system cannot be cut off; give at least that"
fi

new=$disk.new
trap 'rm -f "$new"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -p "${disk%/*}"
rm -f "$new"
qemu-img create -q -f qcow2 -b "$base" -F "$format" "$new" ${size_mib:+"${size_mib}M"}
mv -f "$new" "$disk"
report true
