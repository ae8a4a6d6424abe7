#!/bin/sh
# Writes a file from standard input, by rename. A file that was there before is kept and put back by file-remove.sh.
#   KUBEDEV_PATH  absolute path    KUBEDEV_MODE  octal mode    KUBEDEV_OWNER  user[:group], or empty
#   KUBEDEV_OVERWRITE  true: a file that something else made may be replaced
. ./prelude.sh
take_lock
path=$KUBEDEV_PATH
if [ -d "$path" ]; then
    die "cannot write the file $path: got a directory of that name; expected a free path or a file"
fi
if [ -e "$path" ] && [ ! -f "$record" ] && [ ! -e "$dir/written" ]; then
    [ "$KUBEDEV_OVERWRITE" = true ] ||
        die "$path is there already and was not made by kubedev; remove it, choose another path, or set overwrite: true (it is put back on destroy)"
    cp -p "$path" "$dir/original.new"
    mv -f "$dir/original.new" "$dir/original"
fi
# From here on the path is ours, also if this run is killed before its record is written.
: >"$dir/written"
parent=${path%/*}
made=''
missing=${parent:-/}
while [ ! -d "$missing" ]; do
    made=$missing
    missing=${missing%/*}
    missing=${missing:-/}
done
if [ -n "$made" ]; then
    (umask 022 && mkdir -p "$parent")
    echo "$made" >"$dir/made"
fi
new=$path.kubedev-new
trap 'rm -f "$new"' EXIT
cat >"$new"
chmod "$KUBEDEV_MODE" "$new"
if [ -n "$KUBEDEV_OWNER" ]; then chown "$KUBEDEV_OWNER" "$new"; fi
if ! cmp -s "$new" "$path" || [ "$(stat -c '%a %u %g' "$new")" != "$(stat -c '%a %u %g' "$path")" ]; then
    mv -f "$new" "$path"
fi
write_record "kind=file" "$(file_facts "$path")"
printf '{"path":%s}\n' "$(json_string "$path")"
