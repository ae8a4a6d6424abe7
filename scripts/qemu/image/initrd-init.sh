#!/bin/sh
# PID 1 of the initrd: loads the few modules that reach the system disk, mounts it, hands over.
# It runs in busybox. When it gives up the kernel panics, which the host sees on the serial line.

fail() {
    echo "kubedev-initrd: $1"
    exit 1
}

mount -t devtmpfs dev /dev
mount -t sysfs sysfs /sys

while read -r module; do
    insmod "/modules/$module" || fail "cannot load module $module"
done </modules/order

# The system disk is SCSI target 0, LUN 0 of the first controller. The address is used because
# names such as sda depend on the order in which disks are found.
# Probing is asynchronous; 20 s is far above the 0.1 s that it takes on a slow emulated CPU.
tries=1000
until set -- /sys/class/scsi_device/0:0:0:0/device/block/*/dev && [ -e "$1" ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "no disk at SCSI address 0:0:0:0 within 20 s"
    usleep 20000
done
disk=${1%/dev}
disk=/dev/${disk##*/}

mount -t ext4 -o rw,noatime,discard "$disk" /root || fail "cannot mount $disk"
mount -o move /dev /root/dev
mount -o move /sys /root/sys
exec switch_root /root /sbin/init
