#!/bin/sh
# Settings of the guest: $1 is the root of its file tree. Runs as an mmdebstrap hook, where root
# is real or that of a user namespace. Nothing in here is particular to one machine: host name,
# keys and files come at each boot as systemd credentials.
set -eu
umask 022
root=$1

write() { # write PATH: a text file from standard input
    mkdir -p "$root$(dirname "$1")"
    cat >"$root$1"
    chmod 0644 "$root$1"
}

# An empty machine-id is filled in at the first boot; a missing one would also start the
# first-boot presets and questions.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
rm -f "$root/etc/resolv.conf" "$root/etc/apt/apt.conf.d/99mmdebstrap"

write /etc/hosts <<'TEXT'
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
TEXT

# The resolver's upstream list, not its stub on 127.0.0.53: a cluster DNS that forwards to the
# stub would ask itself.
ln -s ../run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"

write /etc/systemd/network/80-kubedev-ethernet.network <<'TEXT'
[Match]
Type=ether
Kind=!*

[Network]
DHCP=ipv4
# No router advertisements on these networks: waiting for one delays "online" by seconds.
IPv6AcceptRA=no

[DHCPv4]
# The host name is the host's decision (systemd.hostname=).
UseHostname=no
# One address per MAC, whatever machine-id the disk has.
ClientIdentifier=mac
TEXT

write /etc/ssh/sshd_config.d/10-kubedev.conf <<'TEXT'
# The only host key is the one that the host made and pins.
HostKey /etc/ssh/ssh_host_ed25519_key
# The host's keys are rewritten at each boot; those a user adds in ~/.ssh stay.
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
TEXT
mkdir -p "$root/etc/ssh/authorized_keys.d"

# Keys of this machine, from credentials that the host hands over at each boot: what the host
# replaced is replaced here, and a guest without the credential keeps what it has.
write /etc/tmpfiles.d/kubedev-credentials.conf <<'TEXT'
f+^ /etc/ssh/ssh_host_ed25519_key 0600 root root - kubedev.ssh-host-key
f+^ /etc/ssh/authorized_keys.d/root 0644 root root - kubedev.ssh-login-keys
TEXT
write /etc/systemd/system/systemd-tmpfiles-setup.service.d/kubedev-credentials.conf <<'TEXT'
[Service]
LoadCredential=kubedev.ssh-host-key
LoadCredential=kubedev.ssh-login-keys
TEXT

# The system disk may be larger than the image: grow the file system while it is mounted.
mkdir -p "$root/etc/systemd/system/local-fs.target.wants"
ln -sf /lib/systemd/system/systemd-growfs-root.service \
    "$root/etc/systemd/system/local-fs.target.wants/systemd-growfs-root.service"

for unit in systemd-networkd.service systemd-resolved.service ssh.service; do
    chroot "$root" systemctl --quiet enable "$unit"
done

# Say that /etc and /var are as new as /usr: the first boot then skips rebuilding caches.
touch -r "$root/usr" "$root/etc/.updated" "$root/var/.updated"
