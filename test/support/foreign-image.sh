#!/bin/bash
# Makes a disk image as distributions publish them for clouds, from Debian packages: a partition table, a boot loader for UEFI
# alone, a kernel and an initrd of its own, cloud-init as it is packaged, NetworkManager. Nothing of kubedev is in it.
#   IMAGE_FILE    where the disk is made, in qcow2
#   IMAGE_SUITE   Debian release
#   IMAGE_MIRROR  package mirror; empty: as this machine's own apt sources
# Needs mmdebstrap, e2fsprogs and qemu-utils; as a plain user also uidmap.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../scripts/host/debian-sources.sh
. "$(dirname "$0")/../../scripts/host/debian-sources.sh"
export PATH="$PATH:/usr/sbin:/sbin"
: "${IMAGE_FILE:?}" "${IMAGE_SUITE:?}"

mode=root
[[ $EUID -eq 0 ]] || mode=unshare
# The namespace's users must be able to enter it, and a home may be closed.
work=$(mktemp -d /var/tmp/kubedev-foreign.XXXXXXXX)
cleanup() {
    if [[ $mode == unshare ]]; then mmdebstrap --unshare-helper rm -rf "$work/tree" 2>/dev/null || :; fi
    rm -rf --one-file-system "$work" "$IMAGE_FILE.new"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
chmod 0711 "$work"
mkdir -m 1777 "$work/tree"
apt_sources >"$work/sources.list"
chmod 0644 "$work/sources.list"
mapfile -t options < <(proxy_options)

# The initrd has what finds a disk of QEMU, not all that there is: it is made and unpacked by emulated CPUs.
# shellcheck disable=SC2016 # the hooks expand it
before='mkdir -p "$1/etc/initramfs-tools/conf.d"
printf "%s\n" MODULES=list COMPRESS=zstd >"$1/etc/initramfs-tools/conf.d/image"
printf "%s\n" virtio_pci virtio_scsi sd_mod ext4 >"$1/etc/initramfs-tools/modules"'

# shellcheck disable=SC2016 # the hook expands it
after='set -eu
root=$1
: >"$root/etc/machine-id"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root"/etc/ssh/ssh_host_* "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/usr/sbin/policy-rc.d"
if [ -e "$root/sbin/start-stop-daemon.REAL" ]; then mv "$root/sbin/start-stop-daemon.REAL" "$root/sbin/start-stop-daemon"; fi
echo "LABEL=cloudimg / ext4 rw,discard,errors=remount-ro 0 1" >"$root/etc/fstab"
# Python under an emulated CPU takes a minute for all modules; those that are left out do nothing here. There are no locales.
cat >"$root/etc/cloud/cloud.cfg.d/90-image.cfg" <<CONFIG
locale: false
cloud_init_modules: [bootcmd, write-files, growpart, resizefs, set_hostname, update_etc_hosts, users-groups, ssh]
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules: [scripts-user, final-message]
CONFIG
mkdir "$root/tmp/esp"
cp "$root"/boot/vmlinuz-* "$root/tmp/esp/linux"
cp "$root"/boot/initrd.img-* "$root/tmp/esp/initrd"
printf "%s\n" "title cloud" "linux /linux" "initrd /initrd" "options root=LABEL=cloudimg rw console=ttyS0 quiet systemd.show_status=1 norandmaps SYSTEMD_SECCOMP=0" >"$root/tmp/esp/cloud.conf"
chroot "$root" sh -euc "
    cd /tmp/esp
    truncate -s 1600M disk.raw
    printf \"%s\n\" \"label: gpt\" \"15: start=2048, size=131072, type=uefi\" \"1: start=133120, type=linux\" | sfdisk -q disk.raw
    esp=disk.raw@@1M
    mformat -i \$esp -F -T 131072 -v ESP ::
    mmd -i \$esp ::/EFI ::/EFI/BOOT ::/loader ::/loader/entries
    mcopy -i \$esp /usr/lib/systemd/boot/efi/systemd-bootx64.efi ::/EFI/BOOT/BOOTX64.EFI
    mcopy -i \$esp cloud.conf ::/loader/entries/cloud.conf
    mcopy -i \$esp linux initrd ::/"
disk=${root%/*}/disk.raw
mv "$root/tmp/esp/disk.raw" "$disk"
rm -r "$root/tmp/esp"
# During hooks /proc, /sys and /dev are mounted in the tree; a plain bind mount shows it without.
mkdir "$disk.tree"
mount --bind "$root" "$disk.tree"
mke2fs -q -F -t ext4 -L cloudimg -m 1 -d "$disk.tree" -E offset=$((133120 * 512)),lazy_itable_init=1 "$disk" 1534M
umount "$disk.tree"
rmdir "$disk.tree"
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd "$disk" "$disk.qcow2"
rm "$disk"
cat "$disk.qcow2" >&3
rm "$disk.qcow2"'

packages=systemd-sysv,dbus,udev,kmod,openssh-server,iproute2,iputils-ping,procps,e2fsprogs
packages+=,linux-image-cloud-amd64,initramfs-tools,zstd,systemd-boot-efi,mtools,fdisk
packages+=,cloud-init,cloud-guest-utils,network-manager
# In the order of descriptors: mmdebstrap's own scripts take those from 0 to 9.
TMPDIR=$work/tree mmdebstrap --quiet --mode="$mode" --variant=minbase --format=null \
    --include="$packages" --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    ${options[@]+"${options[@]}"} \
    --extract-hook="$before" --customize-hook="$after" \
    "$IMAGE_SUITE" - "$work/sources.list" 3>"$IMAGE_FILE.new" >&2
mv "$IMAGE_FILE.new" "$IMAGE_FILE"
