#!/bin/sh
# Makes the further disks of a guest usable: each is found by its serial number, all else is done by linux-disks.sh.
#   GUEST_DISKS        a line each: serial number, and where it is mounted; nothing: none
#   GUEST_LINUX_DISKS  text of linux-disks.sh
. ../host/prelude.sh
. ./guest-disk-numbers.sh
take_lock
mount_disks "$GUEST_DISKS"
marks=''
while read -r _serial path; do
    [ -n "$path" ] || continue
    # What is freed is given back to the host: now, and by the file system's own word at each mount.
    tune2fs -o discard "$(findmnt --noheadings --mountpoint "$path" --output SOURCE)" >/dev/null
    mount -o remount,discard "$path"
    marks="$marks
mount=$path"
done <<DISKS
$GUEST_DISKS
DISKS
write_record "kind=disks$marks"
printf '%s\n' "$mounted"
