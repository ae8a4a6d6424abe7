#!/bin/sh
# Makes the current directory ready for QEMU: links, credentials, a disk of the wanted size, free ports.
#   MACHINE_IMAGE_DIR, MACHINE_DISK_DIR  directories of base image and disk
#   MACHINE_DISK_SIZE_MIB                wanted size of the disk
#   MACHINE_HOST_KEY                     private key that the guest's sshd proves itself with
#   MACHINE_LOGIN_KEY                    public key that may log in as root
#   MACHINE_PORTS                        address:port that must be free, separated by blanks
#   MACHINE_SSH_CONFIG                   text of a file with which a person logs in
#   MACHINE_GROW_OVERLAY, MACHINE_PROBE_ACCEL   texts of grow-overlay.sh and probe-accel.sh
set -eu
umask 077

fail() {
    echo "machine: $*" >&2
    exit 1
}

command -v qemu-system-x86_64 >/dev/null || fail "qemu-system-x86_64 is missing; install it: apt-get install qemu-system-x86"
for port in $MACHINE_PORTS; do
    # shellcheck disable=SC2016 # expanded by that bash
    if timeout 2 bash -c 'exec 3<>"/dev/tcp/${0%:*}/${0##*:}"' "$port" 2>/dev/null; then
        fail "something else listens on $port; end it, or give the machine another address or port"
    fi
done

rm -f serial.sock qmp.sock
for file in kernel initrd; do
    if [ -e "$MACHINE_IMAGE_DIR/$file" ]; then ln -sfn "$MACHINE_IMAGE_DIR/$file" "$file"; fi
done
ln -sfn "$MACHINE_DISK_DIR/disk.qcow2" disk

# A record that says the size was written once the disk had it.
if ! grep -qx "fact.sizeMib=$MACHINE_DISK_SIZE_MIB" "$MACHINE_DISK_DIR/record"; then
    KUBEDEV_DISK=$MACHINE_DISK_DIR/disk.qcow2 KUBEDEV_DISK_SIZE_MIB=$MACHINE_DISK_SIZE_MIB sh -c "$MACHINE_GROW_OVERLAY" >/dev/null
    # The next preview refuses a smaller size than this.
    sed "s/^fact.sizeMib=.*/fact.sizeMib=$MACHINE_DISK_SIZE_MIB/" "$MACHINE_DISK_DIR/record" >"$MACHINE_DISK_DIR/record.new"
    mv -f "$MACHINE_DISK_DIR/record.new" "$MACHINE_DISK_DIR/record"
fi

printf '%s' "$MACHINE_SSH_CONFIG" >ssh_config

# tmpfiles.d(5) lines, written by the guest early in each boot; see components/qemu/credentials.ts.
{
    printf 'f+~ /etc/ssh/ssh_host_ed25519_key 0600 root root - %s\n' "$(base64 -w 0 "$MACHINE_HOST_KEY")"
    printf 'f+~ /etc/ssh/authorized_keys.d/root 0644 root root - %s\n' "$(base64 -w 0 "$MACHINE_LOGIN_KEY")"
} >credential-tmpfiles

verdict=$(KUBEDEV_ACCEL_CACHE=1 sh -c "$MACHINE_PROBE_ACCEL")
case $verdict in
'{"accelerator":"kvm",'*) accelerator=kvm ;;
*) accelerator=tcg ;;
esac
echo "$accelerator" >accelerator
