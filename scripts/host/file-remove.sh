#!/bin/sh
# Removes the file of file-write.sh, and the directories that were made for it; puts back what was there before.
#   KUBEDEV_PATH  absolute path
. ./parents.sh
take_lock
rm -f "$KUBEDEV_PATH" "$KUBEDEV_PATH.kubedev-new"
if [ -e "$dir/original" ] || [ -L "$dir/original" ]; then
    mv -f "$dir/original" "$KUBEDEV_PATH"
fi
remove_parents "$KUBEDEV_PATH"
forget
