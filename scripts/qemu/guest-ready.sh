#!/bin/sh
# Says what runs in the guest, once a real login works, its networks are joined, it sees what is shared with it, and it has
# forgotten disks that are gone.
. ../host/prelude.sh
. ./guest-networks.sh
. ./guest-disks-gone.sh
. ./guest-shares.sh
# shellcheck disable=SC1091 # the guest's
. /etc/os-release
printf '{"kernel":"%s","os":%s}\n' "$(uname -r)" "$(json_string "$PRETTY_NAME")"
