#!/bin/sh
# Function that mounts the disks of a guest, and unmounts those that are no longer listed.
#   GUEST_LINUX_DISKS  text of linux-disks.sh
# shellcheck disable=SC2034,SC2154 # `dir` is prelude.sh's, `mounted` is for who calls

# Which device has a serial number: by what it says itself, since udev of small images makes no names of it.
device_with() { # SERIAL
    for page in /sys/block/*/device/vpd_pg80; do
        [ -r "$page" ] || continue
        if [ "$(tail -c +5 "$page" | tr -d ' \0')" = "$1" ]; then
            page=${page#/sys/block/}
            echo "/dev/${page%%/*}"
            return 0
        fi
    done
    die "this guest has no disk with the serial number $1; expected one on its SCSI controller; restart the machine"
}

# As linux-disks.sh takes them: by numbers, in the order of the list.
mount_disks() { # LINES, each SERIAL and PATH
    command -v bash >/dev/null ||
        die "bash is missing in this guest, by which disks are mounted; take a base image with it, or leave out mountPath"
    numbers=$dir/numbers
    rm -rf "$numbers"
    mkdir -p "$numbers"
    number=0
    wanted=''
    while read -r serial path; do
        [ -n "$serial" ] || continue
        number=$((number + 1))
        device=$(device_with "$serial")
        ln -s "$device" "$numbers/$number"
        wanted="$wanted$number $path ext4
"
    done <<DISKS
$1
DISKS
    mounted=$(KUBEDEV_DISKS=$wanted KUBEDEV_SIZES='' KUBEDEV_LUN_DIRS=$numbers bash -c "$GUEST_LINUX_DISKS" 9>&-)
}
