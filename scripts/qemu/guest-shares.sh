#!/bin/sh
# Mounts what the machine shares with its guest, by lines of /etc/fstab: each boot has it again. Lines of shares that are gone
# are taken out.
#   GUEST_SHARES  a line for each: its tag, the directory in the guest, ro or rw; empty or unset: none
#   GUEST_ETC     where fstab is; default /etc
share_mark=x-kubedev-share
share_table=${GUEST_ETC:-/etc}/fstab
share_lines=$(printf '%s' "${GUEST_SHARES:-}" | while read -r tag path mode; do
    # nofail: a boot does not stop without it. before: what the guest starts finds it.
    printf '%s %s virtiofs %s,nosuid,nodev,nofail,x-systemd.before=local-fs.target,%s 0 0\n' "$tag" "$path" "$mode" "$share_mark"
done)
# Without shares, before and now, the file is none of our business.
share_before=$(sed -n "/^[^#].*[ ,]${share_mark}[ ,]/p" "$share_table" 2>/dev/null || :)
if [ "$share_lines" != "$share_before" ]; then
    {
        sed "/^[^#].*[ ,]${share_mark}[ ,]/d" "$share_table" 2>/dev/null || :
        [ -z "$share_lines" ] || printf '%s\n' "$share_lines"
    } >"$share_table.kubedev"
    chmod 0644 "$share_table.kubedev"
    mv -f "$share_table.kubedev" "$share_table"
    if command -v systemctl >/dev/null; then
        systemctl daemon-reload
        # This boot has tried to mount what the machine has no more.
        printf '%s\n' "$share_before" | while read -r _tag path _; do
            [ -z "$path" ] || systemctl reset-failed "$(systemd-escape --path --suffix=mount "$path")" 2>/dev/null || :
        done
    fi
fi
printf '%s' "${GUEST_SHARES:-}" | while read -r tag path mode; do
    if grep -q "^$tag $path virtiofs " /proc/self/mounts; then
        # This boot went by the lines from before.
        mount -o "remount,$mode" "$path"
        continue
    fi
    mkdir -p "$path"
    if ! share_said=$(mount "$path" 2>&1); then
        modprobe virtiofs 2>/dev/null || :
        grep -qw virtiofs /proc/filesystems ||
            die "the kernel of this guest ($(uname -r)) has no virtiofs, by which it sees directories of the machine that runs it; expected CONFIG_VIRTIO_FS (Linux 5.4): take a base image whose kernel has it, or leave out shares"
        die "$path could not be mounted: $share_said"
    fi
done
