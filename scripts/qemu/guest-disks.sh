#!/bin/sh
# Makes the further disks of a guest usable: each is found by its serial number, all else is done by linux-disks.sh, which
# takes them by numbers, in the order of the list, and unmounts those that are listed no more.
#   GUEST_DISKS        a line each: serial number, and where it is mounted; nothing: none
#   GUEST_LINUX_DISKS  text of linux-disks.sh
. ../host/prelude.sh
take_lock

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

command -v bash >/dev/null ||
    die "bash is missing in this guest, by which disks are mounted; take a base image with it, or leave out mountPath"
numbers=$dir/numbers
rm -rf "$numbers"
mkdir -p "$numbers"
number=0
wanted=''
marks=''
while read -r serial path; do
    [ -n "$serial" ] || continue
    number=$((number + 1))
    device=$(device_with "$serial")
    ln -s "$device" "$numbers/$number"
    wanted="$wanted$number $path ext4
"
    marks="$marks
mount=$path"
done <<DISKS
$GUEST_DISKS
DISKS
made=$(KUBEDEV_DISKS=$wanted KUBEDEV_SIZES='' KUBEDEV_LUN_DIRS=$numbers bash -c "$GUEST_LINUX_DISKS" 9>&-)

# What is freed is given back to the host: now, and by the file system's own word at each mount.
printf '%s' "$wanted" | while read -r number path _; do
    tune2fs -o discard "$numbers/$number" >/dev/null
    mount -o remount,discard "$path"
done
write_record "kind=disks$marks"
printf '%s\n' "$made"
