#!/bin/sh
# Puts the keys of the machine's seed in their place. cloud-init of the guest runs it at every boot before sshd starts
# (a boothook), so that other keys count after a restart, on the same disk.
set -eu
umask 077
device=$(findfs LABEL=cidata)
seed=$(mktemp -d)
trap 'umount "$seed" 2>/dev/null || :; rmdir "$seed"' EXIT
mount -o ro "$device" "$seed"

# Those of an image are everybody's.
done=/var/lib/cloud/instance/kubedev-keys
if [ ! -e "$done" ]; then
    for key in /etc/ssh/ssh_host_*; do
        case $key in */ssh_host_ed25519_key) ;; *) rm -f "$key" ;; esac
    done
fi
host_key=/etc/ssh/ssh_host_ed25519_key
cp "$seed/host-key" "$host_key.new"
chmod 0600 "$host_key.new"
mv -f "$host_key.new" "$host_key"
ssh-keygen -y -f "$host_key" >"$host_key.pub.new"
chmod 0644 "$host_key.pub.new"
mv -f "$host_key.pub.new" "$host_key.pub"

# What the user added stays.
keys=/root/.ssh/authorized_keys
mkdir -p "${keys%/*}"
{
    grep -v ' kubedev-login$' "$keys" 2>/dev/null || :
    sed -n 's/^\([^ ]* [^ ]*\).*/\1 kubedev-login/p' "$seed/login-key"
} >"$keys.new"
mv -f "$keys.new" "$keys"
if command -v restorecon >/dev/null; then restorecon -R /etc/ssh /root/.ssh || :; fi
: >"$done"
