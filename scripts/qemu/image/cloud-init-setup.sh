#!/bin/sh
# Settings of cloud-init in an image that is built: $1 is the root of its file tree. Runs behind guest-setup.sh.
# Here-documents hold no comments: see components/internal/scripts.ts.
set -eu
umask 022
# Nothing but the machine's seed is looked for; the image has no locales to choose from.
mkdir -p "$1/etc/cloud/cloud.cfg.d"
cat >"$1/etc/cloud/cloud.cfg.d/90-kubedev.cfg" <<'TEXT'
datasource_list: [NoCloud, None]
locale: false
TEXT
