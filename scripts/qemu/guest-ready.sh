#!/bin/sh
# Says what runs in the guest, once a real login works and its networks are joined.
. ../host/prelude.sh
. ./guest-networks.sh
# shellcheck disable=SC1091 # the guest's
. /etc/os-release
printf '{"kernel":"%s","os":%s}\n' "$(uname -r)" "$(json_string "$PRETTY_NAME")"
