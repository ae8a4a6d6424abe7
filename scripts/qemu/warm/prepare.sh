#!/bin/sh
# Makes the current directory, a machine's, ready for a warm start: warm/ has what it is restored from, and its new disk
# is that of the snapshot. Without warm/ it starts cold: on a disk that has been used, or where no snapshot can be had.
#   WARM_KEY         digest of all in the snapshot that the program decides
#   WARM_MAKE        text of snapshot-make.sh, which takes SNAPSHOT_*, MACHINE_IMAGE_DIR, MACHINE_BASE_FORMAT, WARM_*
#   WARM_PERSONALISE text of personalise.sh
#   SNAPSHOT_LIMIT_SEC how long the machine may take to answer
#   WARM_HOSTNAME, WARM_UUID, WARM_LINE_KVM, WARM_LINE_TCG   what the machine is to be; its kernel line by accelerator
#   MACHINE_DISK_DIR directory of its disk
# Runs behind machine-prepare.sh. Needs jq, qemu-utils, util-linux.
set -eu
LC_ALL=C
export LC_ALL
umask 077

say() { echo "warm start: $*" >&2; }
cold() {
    say "$*; the machine starts cold"
    exit 0
}

rm -rf warm warm.new
disk=$MACHINE_DISK_DIR/disk.qcow2
# Without its base image: only what is on the disk itself. What a guest has used goes with no other memory than its own.
used=$(qemu-img map --output=json "json:{\"driver\":\"qcow2\",\"backing\":null,\"file\":{\"driver\":\"file\",\"filename\":$(jq -n --arg f "$disk" '$f')}}" |
    jq 'any(.[]; .present)')
[ "$used" = false ] || exit 0

missing=''
for tool in socat setpriv ssh-keygen; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || cold "missing:$missing (apt-get install socat util-linux openssh-client)"

accelerator=$(cat accelerator)
line=$WARM_LINE_TCG
[ "$accelerator" != kvm ] || line=$WARM_LINE_KVM
host_facts() {
    # Its version takes QEMU longer to say than all else here. Some systems give each file the same time, none the same inode.
    stat -c '%n %s %.9Y %i %.9Z' "$(readlink -f "$(command -v qemu-system-x86_64)")"
    # An image by its files: two of one recipe may have been built of different packages.
    (cd "$MACHINE_IMAGE_DIR" && stat -L -c '%n %s %.9Y' disk kernel initrd 2>/dev/null) || :
    echo "$accelerator"
    [ "$accelerator" != kvm ] || {
        uname -r
        sed -n '/^$/q; /^\(vendor_id\|cpu family\|model\|stepping\|microcode\|flags\)/p' /proc/cpuinfo
    }
}
key=$({
    echo "$WARM_KEY"
    host_facts
} | sha256sum | cut -c 1-32)
case ${XDG_CACHE_HOME:-} in
/*) snapshots=$XDG_CACHE_HOME/kubedev/snapshots ;;
*) snapshots=$HOME/.cache/kubedev/snapshots ;;
esac
snapshot=$snapshots/$key
{ mkdir -p "$snapshots" && : >>"$snapshot.lock"; } 2>/dev/null || cold "cannot write to $snapshots"
exec 8>"$snapshot.lock"
if ! flock -n 8; then
    say "waiting for a snapshot that another run takes"
    flock 8
    # One after the other would run out of time.
    [ -e "$snapshot" ] || cold "the run that was waited for could take none"
fi

is_intact() {
    (cd "$snapshot" && sha256sum --quiet --strict -c intact >/dev/null 2>&1 &&
        [ "$(stat -c '%s %.9Y' memory)" = "$(cat memory-facts)" ])
}
if [ -e "$snapshot" ] && ! is_intact; then
    say "the snapshot $snapshot is damaged: it is taken anew"
    rm -rf "$snapshot"
fi
if [ ! -e "$snapshot" ]; then
    SNAPSHOT_DIR=$snapshot sh -c "$WARM_MAKE" 8>&- || cold "no snapshot could be taken, see above"
fi

# Whoever takes one removes those that nobody has used for a month.
find "$snapshots" -mindepth 1 -maxdepth 1 -type d -mtime +30 ! -path "$snapshot" -exec rm -rf {} +
touch "$snapshot"

# A copy by rename: the disk of a run that is killed here is an empty one or this.
trap 'rm -f "$disk.new"' EXIT
trap 'exit 130' INT TERM HUP
cp --reflink=auto --sparse=always "$snapshot/disk" "$disk.new"
qemu-img rebase -q -u -f qcow2 -b "$MACHINE_IMAGE_DIR/disk" -F "$MACHINE_BASE_FORMAT" "$disk.new"
mkdir warm.new
for file in memory state; do
    ln "$snapshot/$file" "warm.new/$file" 2>/dev/null || ln -s "$snapshot/$file" "warm.new/$file"
done
ln -s "$snapshot" warm.new/snapshot
printf '%s\n' '{"execute":"qmp_capabilities"}' \
    '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"x-ignore-shared","state":true}]}}' \
    '{"execute":"migrate-incoming","arguments":{"uri":"fd:3"}}' >warm.new/commands
printf '%s' "$WARM_PERSONALISE" >warm.new/personalise
# Before who waits for the machine gives up, so that the snapshot is known to be bad.
echo "$((SNAPSHOT_LIMIT_SEC * 2 / 3))" >warm.new/limit
part() { # part NAME FILE: as guest-agent.pl reads it
    printf '%s %s\n' "$1" "$(stat -L -c %s "$2")"
    cat "$2"
    echo
}
text() { # text NAME TEXT: of ASCII
    printf '%s %s\n%s\n' "$1" "${#2}" "$2"
}
read -r boot_id </proc/sys/kernel/random/uuid
{
    text hostname "$WARM_HOSTNAME"
    text uuid "$WARM_UUID"
    text boot-id "$boot_id"
    text entropy "$(od -An -v -tx1 -N 64 /dev/urandom | tr -d ' \n')"
    text kernel-line "$line"
    part tmpfiles credential-tmpfiles
    echo end
} >warm.new/document
rm -f personal.sock
mv -f "$disk.new" "$disk"
mv -T warm.new warm
