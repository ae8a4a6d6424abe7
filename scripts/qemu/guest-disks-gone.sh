#!/bin/sh
# Takes disks that the machine has no more out of the guest's /etc/fstab, so that no boot waits for them. What mounts them
# there (linux-disks.sh) cannot do it: it goes with the machine that had them.
sed -n 's/^[^#].*[ ,]x-kubedev=\([^ ,]*\).*/\1/p' /etc/fstab 2>/dev/null | sort -u | while read -r gone_uuid; do
    if ! blkid --uuid "$gone_uuid" >/dev/null; then
        sed "/^[^#].*[ ,]x-kubedev=${gone_uuid}[ ,]/d" /etc/fstab >/etc/fstab.kubedev
        chmod 0644 /etc/fstab.kubedev
        mv -f /etc/fstab.kubedev /etc/fstab
    fi
done
