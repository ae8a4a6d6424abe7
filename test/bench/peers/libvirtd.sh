#!/bin/bash
# Runs libvirt's daemon for nobody but who enters these namespaces: its directories are empty, and what it changes of accounts
# and mounts is seen by nobody else. As root, behind `unshare --mount --pid --fork --kill-child --mount-proc`; with --net it may
# also have networks. Says "ready" once it answers.
#   LIBVIRTD_LOG     where its own log goes
#   LIBVIRTD_IMAGES  directory that it keeps disks in
set -euo pipefail
: "${LIBVIRTD_LOG:?}" "${LIBVIRTD_IMAGES:?}"
mount --make-rprivate /
# /var/run is a link to /run.
for dir in /etc/libvirt /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
    mkdir -p "$dir"
    mount -t tmpfs tmpfs "$dir"
done
mkdir /var/lib/libvirt/boot /var/lib/libvirt/images
mount --bind "$LIBVIRTD_IMAGES" /var/lib/libvirt/images
# The account that libvirt's own packages for a whole system make; QEMU does not run as it here.
add_account() { # file line
    cp "/etc/$1" "/run/libvirt/$1"
    grep -q '^libvirt-qemu:' "/run/libvirt/$1" || echo "$2" >>"/run/libvirt/$1"
    mount --bind "/run/libvirt/$1" "/etc/$1"
}
add_account passwd libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin
add_account group libvirt-qemu:x:64055:
cat >/etc/libvirt/qemu.conf <<'CONF'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
dynamic_ownership = 0
CONF
echo 'auth_unix_rw = "none"' >/etc/libvirt/libvirtd.conf
ip link set lo up
libvirtd --pid-file /run/libvirt/libvirtd.pid >>"$LIBVIRTD_LOG" 2>&1 &
for ((try = 0; try < 300; try++)); do
    if virsh -q -c qemu:///system list >/dev/null 2>&1; then
        echo ready
        wait
        exit
    fi
    kill -0 "$!" || break
    sleep 0.1
done
tail -n 20 "$LIBVIRTD_LOG" >&2
exit 1
