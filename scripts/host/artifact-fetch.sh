#!/bin/sh
# Gets a file by its digest into the cache, from a URL or from standard input, and installs it where it is wanted.
#   KUBEDEV_SHA256  64 hexadecimal digits    KUBEDEV_URL  where it comes from; empty: standard input
#   KUBEDEV_PATH    absolute path to install it at; empty: it stays in the cache alone    KUBEDEV_MODE  octal mode
. ./parents.sh
. ./progress.sh
take_lock
store=$cache_root/artifacts
cached=$store/$KUBEDEV_SHA256
partial=$cached.partial
new=$KUBEDEV_PATH.kubedev-new
getter=''
ours=false
if [ -f "$record" ] || [ -e "$dir/installed" ]; then ours=true; fi
clean_up() {
    [ -z "$getter" ] || kill "$getter" 2>/dev/null || :
    if [ -n "$KUBEDEV_PATH" ]; then rm -f "$new"; fi
    # A failed first installation leaves nothing behind but what it fetched.
    if [ "$ours" = false ]; then
        if [ -n "$KUBEDEV_PATH" ]; then remove_parents "$KUBEDEV_PATH"; fi
        forget
    fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

installed=${KUBEDEV_PATH:-$cached}
report() { printf '{"path":%s}\n' "$(json_string "$installed")"; }

if is_as_wanted && [ -n "$KUBEDEV_PATH" ] && file_is_as_left; then
    chmod "$KUBEDEV_MODE" "$KUBEDEV_PATH"
    report
    exit 0
fi

. ./artifact-load.sh

receive() { cat <&7 >"$partial"; }
. ./artifact-cache.sh

if [ -z "$KUBEDEV_PATH" ]; then
    ours=true
    write_record "kind=artifact" "exists=$cached"
    report
    exit 0
fi
if [ -d "$KUBEDEV_PATH" ]; then
    die "cannot install $KUBEDEV_PATH: got a directory of that name; expected the path of a file"
fi
if [ "$ours" = false ] && { [ -e "$KUBEDEV_PATH" ] || [ -L "$KUBEDEV_PATH" ]; }; then
    die "$KUBEDEV_PATH is there already and was not installed by kubedev; remove it or choose another path"
fi
make_parents "$KUBEDEV_PATH"
: >"$dir/installed"
rm -f "$new"
cp --reflink=auto "$cached" "$new"
chmod "$KUBEDEV_MODE" "$new"
mv -f "$new" "$KUBEDEV_PATH"
ours=true
write_record "kind=artifact" "$(file_facts "$KUBEDEV_PATH")"
report
