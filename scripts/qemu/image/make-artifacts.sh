#!/bin/sh
# Turns the finished tree $1 into disk, kernel and initrd. Runs as the last mmdebstrap hook,
# because only there (in the user namespace, for a plain user) files have their true owners.
# The results go out as one tar through descriptor 3: the namespace cannot write to the caller's
# directories, and mmdebstrap's own scripts fail when more descriptors are taken (dash: 0 to 9).
# Environment: IMAGE_KERNEL_PACKAGE, IMAGE_ROOT_SIZE_MIB, IMAGE_INITRD_INIT (text of PID 1).
set -eu
umask 022
root=$1
work=$(mktemp -d "${root%/*}/kubedev-artifacts.XXXXXX")
trap 'umount "$work/tree" 2>/dev/null; rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM

# $1: package. Downloads it with the tree's own sources into the current directory.
download() {
    APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq -o APT::Sandbox::User=root download "$1"
}

# The kernel is unpacked, not installed: its package would bring an initrd generator that takes
# longer than all the rest, and an upgrade in the guest could not change what the host boots.
cd "$work"
kernel=$(APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-cache depends --important "$IMAGE_KERNEL_PACKAGE" |
    sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
download "${kernel:-$IMAGE_KERNEL_PACKAGE}"
download busybox-static
for package in ./*.deb; do
    dpkg-deb --field "$package" Package Version Architecture |
        sed 's/^[^:]*: //' | paste -s -d ' '
done >unpacked
mkdir kernel busybox
dpkg-deb --extract linux-image-*.deb kernel
dpkg-deb --extract busybox-static_*.deb busybox
rm -f ./*.deb

mkdir -p "$root/usr/lib/modules"
cp -a kernel/lib/modules/. "$root/usr/lib/modules/"
release=$(ls kernel/lib/modules)
chroot "$root" depmod "$release"

echo "initrd for kernel $release" >&2
mkdir -p initrd/bin initrd/dev initrd/sys initrd/root initrd/modules
cp "$(find busybox -type f -path '*bin/busybox')" initrd/bin/busybox
for applet in sh mount insmod usleep switch_root; do
    ln -s busybox "initrd/bin/$applet"
done
printf '#!/bin/sh\n%s\n' "$IMAGE_INITRD_INIT" >initrd/init
chmod 0755 initrd/init
# insmod does not follow dependencies, so they are written down in load order.
chroot "$root" modprobe --set-version "$release" --show-depends --all \
    virtio_pci virtio_scsi sd_mod qemu_fw_cfg virtio_net autofs4 | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
    while read -r module; do
        cp "$root$module" initrd/modules/
        basename "$module"
    done >order
mv order initrd/modules/order
find initrd -exec touch --no-dereference --date=@0 {} +
(cd initrd && find . | LC_ALL=C sort | bin/busybox cpio -o -H newc) 2>/dev/null >initrd.cpio
rm -r initrd
mv initrd.cpio initrd

echo "file system of $IMAGE_ROOT_SIZE_MIB MiB" >&2
# While it installs, mmdebstrap keeps services from being started; in the guest packages start theirs.
rm -f "$root/usr/sbin/policy-rc.d"
if [ -e "$root/sbin/start-stop-daemon.REAL" ]; then
    mv "$root/sbin/start-stop-daemon.REAL" "$root/sbin/start-stop-daemon"
fi
# During hooks /proc, /sys and /dev are mounted in the tree; a plain bind mount shows it without.
mkdir tree
mount --bind "$root" tree
# Inode tables are declared zeroed (a sparse file is): otherwise the guest writes 1.6 % of the
# disk in its first minutes.
mke2fs -q -t ext4 -L kubedev-root -m 1 -d tree \
    -E lazy_itable_init=1,assume_storage_prezeroed=1 root.ext4 "${IMAGE_ROOT_SIZE_MIB}M"
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd root.ext4 disk.qcow2

mv kernel/boot/vmlinuz-* vmlinuz
{
    cat unpacked
    # shellcheck disable=SC2016 # dpkg-query's own fields
    chroot "$root" dpkg-query -W -f '${Package} ${Version} ${Architecture}\n'
} | LC_ALL=C sort >packages
tar -c disk.qcow2 vmlinuz initrd packages >&3
