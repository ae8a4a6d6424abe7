# Makes the directory of a machine ready for what it shares: virtiofsd and the programs that start it. Behind
# machine-prepare.sh, whose functions it takes.
#   MACHINE_SHARES          a directory of this computer a line
#   MACHINE_FIND_VIRTIOFSD  text of virtiofsd-find.sh
#   MACHINE_SHARE, MACHINE_SHARE_SERVE, MACHINE_STOP   texts of host-share.pl, host-share-serve.pl, stop-machine.sh
# shellcheck shell=sh disable=SC2154 # see machine-prepare.sh
virtiofsd=$(sh -c "$MACHINE_FIND_VIRTIOFSD") ||
    fail "no virtiofsd: $virtiofsd; install it: apt-get install virtiofsd (Debian 12: qemu-system-common)"
ln -sfn "$virtiofsd" virtiofsd
printf '%s' "$MACHINE_SHARES" | while IFS= read -r shared; do
    [ -d "$shared" ] ||
        fail "got $shared as sourcePath of a share, which is no directory here; expected one that is there: make it, correct the path, or take the share away"
    # Its own user: root of a container may be kept out by the file system.
    ls "$shared" >/dev/null || fail "got $shared as sourcePath of a share, which $(id -un) may not read; expected one that it may read"
done
printf '%s' "$MACHINE_SHARE" >host-share.pl
printf '%s' "$MACHINE_SHARE_SERVE" >host-share-serve.pl
printf '%s' "$MACHINE_STOP" >stop-machine
