#!/bin/sh
# Writes a file from standard input, by rename. A file that was there before is kept and put back by file-remove.sh.
#   KUBEDEV_PATH  absolute path    KUBEDEV_MODE  octal mode    KUBEDEV_OWNER  user[:group], or empty
#   KUBEDEV_OVERWRITE  true: a file that something else made may be replaced
. ./parents.sh
take_lock
path=$KUBEDEV_PATH
new=$path.kubedev-new

# Whether the file at the path is ours, also if the run that wrote it was killed before it wrote the record.
ours=false
if [ -f "$record" ] || [ -e "$dir/written" ]; then ours=true; fi
clean_up() {
    rm -f "$new"
    # A failed first write leaves nothing behind.
    if [ "$ours" = false ]; then
        remove_parents "$path"
        forget
    fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

if [ -d "$path" ]; then
    die "cannot write the file $path: got a directory of that name; expected a free path or a file"
fi
if [ "$ours" = false ] && { [ -e "$path" ] || [ -L "$path" ]; }; then
    [ "$KUBEDEV_OVERWRITE" = true ] ||
        die "$path is there already and was not made by kubedev; remove it, choose another path, or set overwrite: true (it is put back on destroy)"
    rm -f "$dir/original.new"
    cp -pP "$path" "$dir/original.new"
    mv -f "$dir/original.new" "$dir/original"
fi
make_parents "$path"
rm -f "$new"
(set -C && cat >"$new")
chmod "$KUBEDEV_MODE" "$new"
if [ -n "$KUBEDEV_OWNER" ]; then chown "$KUBEDEV_OWNER" "$new"; fi
if [ -L "$path" ] || ! cmp -s "$new" "$path" ||
    [ "$(stat -c '%a %u %g' "$new")" != "$(stat -c '%a %u %g' "$path")" ]; then
    : >"$dir/written"
    mv -f "$new" "$path"
fi
ours=true
write_record "kind=file" "$(file_facts "$path")"
printf '{"path":%s}\n' "$(json_string "$path")"
