#!/bin/sh
# Unmounts the further disks of a guest; what is on them stays.
#   GUEST_LINUX_DISKS  text of linux-disks.sh
. ../host/prelude.sh
. ./guest-disk-numbers.sh
[ -d "$dir" ] || exit 0
take_lock
mount_disks ''
forget
