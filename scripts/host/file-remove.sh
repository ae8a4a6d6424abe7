#!/bin/sh
# Removes the file of file-write.sh, and the directories that were made for it; puts back what was there before.
#   KUBEDEV_PATH  absolute path
. ./prelude.sh
[ -d "$dir" ] || exit 0
take_lock
path=$KUBEDEV_PATH
rm -f "$path.kubedev-new"
if [ -f "$dir/original" ]; then
    mv -f "$dir/original" "$path"
else
    rm -f "$path"
fi
if [ -f "$dir/made" ]; then
    top=$(cat "$dir/made")
    parent=${path%/*}
    while [ "${#parent}" -ge "${#top}" ] && rmdir "$parent" 2>/dev/null; do parent=${parent%/*}; done
fi
forget
