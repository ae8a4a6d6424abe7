#!/bin/sh
# Removes what artifact-fetch.sh installed. The cache, which other stacks share, keeps the file.
#   KUBEDEV_PATH  absolute path, or empty
. ./parents.sh
take_lock
if [ -n "$KUBEDEV_PATH" ]; then
    rm -f "$KUBEDEV_PATH" "$KUBEDEV_PATH.kubedev-new"
    remove_parents "$KUBEDEV_PATH"
fi
forget
