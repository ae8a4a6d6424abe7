#!/bin/sh
# Settings of the guest: $1 is the root of its file tree. Runs as an mmdebstrap hook, where root
# is real or that of a user namespace. Nothing in here is particular to one machine: host name,
# keys and files come from the host at each boot.
# Here-documents hold no comments: see components/internal/scripts.ts.
set -eu
umask 022
root=$1

write() { # write PATH: a text file from standard input
    mkdir -p "$root${1%/*}"
    cat >"$root$1"
    chmod 0644 "$root$1"
}

# An empty machine-id is filled in at the first boot, from the machine's UUID; a missing one would
# also start first-boot presets and questions.
: >"$root/etc/machine-id"
# fstab: the initrd mounts the root file system as it has to be.
rm -f "$root/etc/fstab" "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/update-motd.d/"* \
    "$root/var/lib/dbus/machine-id" "$root"/etc/ssh/ssh_host_* "$root"/var/log/*.log \
    "$root/etc/apt/apt.conf.d/99mmdebstrap"

write /etc/hosts <<'TEXT'
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
TEXT

# --- network: any wired card gets its address by DHCP ---
# UseHostname: the host name is the host's decision (systemd.hostname=).
# ClientIdentifier: one address for a MAC, whatever machine-id the disk has.
# IPv6AcceptRA: these networks have no router, and waiting for one delays "online" by seconds.
write /etc/systemd/network/80-kubedev.network <<'TEXT'
[Match]
Type=ether
Kind=!*

[Network]
DHCP=ipv4
IPv6AcceptRA=no

[DHCPv4]
UseHostname=no
ClientIdentifier=mac
TEXT
# The resolver's upstream list, not its stub on 127.0.0.53: a cluster DNS that forwards to the
# stub would ask itself.
ln -s ../run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
write /etc/systemd/resolved.conf.d/kubedev.conf <<'TEXT'
[Resolve]
LLMNR=no
MulticastDNS=no
TEXT
# The resolver is ready before whatever needs names, but the rest of the boot does not wait for it.
sed -e 's/^Before=.*/Before=nss-lookup.target shutdown.target/' \
    -e 's/^WantedBy=.*/WantedBy=multi-user.target/' \
    "$root/lib/systemd/system/systemd-resolved.service" |
    write /etc/systemd/system/systemd-resolved.service
# A cluster's routes are not networkd's to remove.
write /etc/systemd/networkd.conf.d/kubedev.conf <<'TEXT'
[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
TEXT

# --- keys of this machine, from credentials (see components/qemu/credentials.ts) ---
# Rewritten at each boot; those that a user adds in ~/.ssh stay.
write /etc/tmpfiles.d/kubedev-credentials.conf <<'TEXT'
f+^ /etc/ssh/ssh_host_ed25519_key 0600 root root - kubedev.ssh-host-key
f+^ /etc/ssh/authorized_keys.d/root 0644 root root - kubedev.ssh-login-keys
TEXT
write /etc/systemd/system/systemd-tmpfiles-setup.service.d/kubedev-credentials.conf <<'TEXT'
[Service]
LoadCredential=kubedev.ssh-host-key
LoadCredential=kubedev.ssh-login-keys
TEXT
mkdir -p "$root/etc/ssh/authorized_keys.d"
write /etc/ssh/sshd_config.d/10-kubedev.conf <<'TEXT'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
PrintLastLog no
TEXT
# Start at once: sshd listens on any address, whether there is a network yet or not, and its check
# of its own configuration would be a second run of the program.
sed -e '/^After=/d' -e '/^ExecStartPre=/d' "$root/lib/systemd/system/ssh.service" |
    write /etc/systemd/system/ssh.service
# No session of its own for root: starting one with its own systemd doubles the time of a login.
sed -i 's/^session.*pam_systemd.so.*/session [success=1 default=ignore] pam_succeed_if.so quiet uid = 0\n&/' \
    "$root/etc/pam.d/common-session"

# --- the system disk may be larger than the image: the file system grows while it is mounted ---
write /etc/systemd/system/kubedev-grow-root.service <<'TEXT'
[Unit]
Description=Grow the root file system to the size of its disk
DefaultDependencies=no
After=local-fs.target
Before=ssh.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/lib/systemd/systemd-growfs /

[Install]
WantedBy=multi-user.target
TEXT

for unit in systemd-networkd systemd-resolved ssh kubedev-grow-root; do
    chroot "$root" systemctl --quiet reenable "$unit.service"
done

# --- what a machine for development does not need, and an emulated CPU feels at each boot ---
mask() {
    for unit in "$@"; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
}
# Housekeeping behind the user's back; the root file system discards as it goes.
mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer
# There is no screen, only the serial console.
mask getty@tty1.service
# Kernel modules that are loaded on first use anyway, and file systems that only control them.
mask modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service \
    modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service \
    sys-fs-fuse-connections.mount sys-kernel-config.mount
# Records of logins and run levels, entropy over reboots (there is virtio-rng), crash storage.
mask systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-initctl.socket \
    systemd-random-seed.service systemd-pstore.service systemd-journald-audit.socket \
    systemd-network-generator.service

# The initrd mounts the root file system for writing.
mask systemd-remount-fs.service
# Generators for what is not there; each is a program that runs at every boot.
mkdir -p "$root/etc/systemd/system-generators"
for generator in cryptsetup gpt-auto hibernate-resume integritysetup rc-local run system-update \
    sysv veritysetup; do
    ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done
# At boot udev looks at devices, not at drivers and modules (40 % of its events); of the 100
# terminals at the serial console alone; and not at CPUs, whose crypto and KVM modules load on use.
write /etc/systemd/system/systemd-udev-trigger.service.d/kubedev.conf <<'TEXT'
[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add --type=devices --prioritized-subsystem=net,block --subsystem-nomatch=tty --subsystem-nomatch=vc --subsystem-nomatch=memory --subsystem-nomatch=workqueue --subsystem-nomatch=wakeup --subsystem-nomatch=event_source --subsystem-nomatch=cpu
ExecStart=-udevadm trigger --action=add --subsystem-match=tty --sysname-match=ttyS0 --sysname-match=hvc0
TEXT

# Say that /etc and /var are as new as /usr: the first boot then skips rebuilding caches.
touch -r "$root/usr" "$root/etc/.updated" "$root/var/.updated"
