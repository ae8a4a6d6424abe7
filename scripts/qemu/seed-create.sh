#!/bin/sh
# Makes seed.iso in the current directory: what cloud-init of the guest asks for (NoCloud), and beside it the machine's
# keys, which are in no user data, since cloud-init keeps copies of that.
#   SEED_META_DATA, SEED_USER_DATA, SEED_NETWORK_CONFIG  texts of the files that cloud-init reads
#   MACHINE_HOST_KEY   private key that the guest's sshd proves itself with
#   MACHINE_LOGIN_KEY  public key that may log in as root
# Needs xorriso.
set -eu
umask 077

command -v xorrisofs >/dev/null || {
    echo "machine: xorrisofs is missing, which makes the seed of cloud-init; install it: apt-get install xorriso" >&2
    exit 1
}
# What an interrupted run left.
rm -rf seed seed.iso.new
trap 'rm -rf seed seed.iso.new' EXIT
mkdir seed
printf '%s' "$SEED_META_DATA" >seed/meta-data
printf '%s' "$SEED_USER_DATA" >seed/user-data
printf '%s' "$SEED_NETWORK_CONFIG" >seed/network-config
cp "$MACHINE_HOST_KEY" seed/host-key
cp "$MACHINE_LOGIN_KEY" seed/login-key
# Rock Ridge names and owners: root's alone in the guest, whatever user's they are here.
xorrisofs -quiet -volid cidata -joliet -rock -uid 0 -gid 0 -file-mode 0400 -dir-mode 0500 \
    -output seed.iso.new seed
mv -f seed.iso.new seed.iso
