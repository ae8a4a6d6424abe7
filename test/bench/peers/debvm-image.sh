#!/bin/bash
# Makes debvm.ext4 in the current directory by debvm-create, from this machine's own package sources.
#   IMAGE_SUITE      Debian release
#   PEER_PUBLIC_KEY  file with the key that may log in as root
# Needs debvm.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../../../scripts/host/debian-sources.sh
. "$(dirname "$0")/../../../scripts/host/debian-sources.sh"
: "${IMAGE_SUITE:?}" "${PEER_PUBLIC_KEY:?}"
apt_sources >sources.list
mapfile -t options < <(proxy_options)
debvm-create -h peer -k "$PEER_PUBLIC_KEY" -o debvm.ext4 -r "$IMAGE_SUITE" -z 4G -- \
    sources.list ${options[@]+"${options[@]}"}
