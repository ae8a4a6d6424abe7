#!/bin/sh
# Removes what artifact-fetch.sh installed. The cache, which other stacks share, keeps the file.
#   KUBEDEV_PATH  absolute path, or empty
. ./prelude.sh
[ -d "$dir" ] || exit 0
take_lock
if [ -n "$KUBEDEV_PATH" ] && [ -e "$dir/installed" ]; then
    rm -f "$KUBEDEV_PATH" "$KUBEDEV_PATH.kubedev-new"
fi
forget
