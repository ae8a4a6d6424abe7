#!/bin/sh
# Gives the stack its own names (hard links) for the files of a base image, building the image first if need be. The
# cache may be emptied at any time: a disk that stands on the image keeps what it needs.
#   KUBEDEV_IMAGE_FORMAT    format of the disk
#   KUBEDEV_IMAGE_CACHE     name of the directory in the cache; empty: the files below are given
#   KUBEDEV_IMAGE_BUILD     text of build-base-image.sh, which takes IMAGE_*
#   KUBEDEV_IMAGE_DISK, KUBEDEV_IMAGE_KERNEL, KUBEDEV_IMAGE_INITRD   absolute paths; the last two may be empty
. ../host/prelude.sh
take_lock

if [ -n "$KUBEDEV_IMAGE_CACHE" ]; then
    source=$cache_root/images/$KUBEDEV_IMAGE_CACHE
else
    source=''
fi

report() {
    printf '{"disk":%s,"sizeMib":%s}\n' "$(json_string "$dir/disk")" "$(field fact.sizeMib)"
}

if is_as_wanted && [ -e "$dir/disk" ]; then
    report
    exit 0
fi
rm -f "$record"
trap '[ -f "$record" ] || [ -e "$dir/disk" ] || forget' EXIT
trap 'exit 130' INT TERM HUP

if [ -n "$source" ]; then
    command -v bash >/dev/null || die "bash is missing, which builds images; install it: apt-get install bash"
    IMAGE_DIR=$source bash -c "$KUBEDEV_IMAGE_BUILD" 9>&- >/dev/null
    KUBEDEV_IMAGE_DISK=$source/disk.qcow2
    KUBEDEV_IMAGE_KERNEL=$source/vmlinuz
    KUBEDEV_IMAGE_INITRD=$source/initrd
fi

link_file() { # link_file SOURCE NAME
    rm -f "$dir/$2"
    [ -n "$1" ] || return 0
    ln "$1" "$dir/$2" 2>/dev/null && return 0
    # Another file system, or a source that is not ours.
    cp --reflink=auto "$1" "$dir/$2.new"
    mv -f "$dir/$2.new" "$dir/$2"
}
link_file "$KUBEDEV_IMAGE_KERNEL" kernel
link_file "$KUBEDEV_IMAGE_INITRD" initrd
link_file "$KUBEDEV_IMAGE_DISK" disk

got=$(qemu-img info -U --output=json "$dir/disk" | jq -r '"\(.format) \(.["virtual-size"])"')
[ "${got% *}" = "$KUBEDEV_IMAGE_FORMAT" ] ||
    die "the base image $KUBEDEV_IMAGE_DISK is of format ${got% *}; expected $KUBEDEV_IMAGE_FORMAT; correct the format argument"
write_record "kind=base-image" "exists=$dir/disk" "fact.sizeMib=$((${got#* } / 1048576))"
report
