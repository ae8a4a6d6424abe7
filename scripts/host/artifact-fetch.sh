#!/bin/sh
# Gets a file by its digest into the cache, from a URL or from standard input, and installs it where it is wanted.
#   KUBEDEV_SHA256  64 hexadecimal digits    KUBEDEV_URL  where it comes from; empty: standard input
#   KUBEDEV_PATH    absolute path to install it at; empty: it stays in the cache alone    KUBEDEV_MODE  octal mode
. ./prelude.sh
take_lock
store=$cache_root/artifacts
cached=$store/$KUBEDEV_SHA256
mkdir -p "$store"
# Shared by all stacks and users' runs: one download at a time for each file.
exec 8>"$cached.lock"
if ! flock -n 8; then
    say "waiting for another download of the same file"
    flock 8
fi

digest() { sha256sum "$1" | cut -d ' ' -f 1; }

download() {
    curl -fsSL --retry 3 --connect-timeout 20 -C - -o "$cached.partial" "$KUBEDEV_URL" 8>&- 9>&- &
    loader=$!
    trap 'kill "$loader" 2>/dev/null; exit 130' INT TERM HUP
    waited=0
    while kill -0 "$loader" 2>/dev/null; do
        sleep 0.2
        waited=$((waited + 1))
        if [ $((waited % 15)) -eq 0 ]; then
            say "downloading $KUBEDEV_URL: $(($(stat -c %s "$cached.partial" 2>/dev/null || echo 0) / 1048576)) MiB"
        fi
    done
    trap - INT TERM HUP
    wait "$loader" || die "cannot download $KUBEDEV_URL (curl exit status $?); what was fetched is kept, a new run goes on from there"
}

if [ ! -f "$cached" ]; then
    if [ -n "$KUBEDEV_URL" ]; then
        download
    else
        cat >"$cached.partial"
    fi
    got=$(digest "$cached.partial")
    if [ "$got" != "$KUBEDEV_SHA256" ]; then
        rm -f "$cached.partial"
        die "wrong digest of ${KUBEDEV_URL:-the given file}: got sha256 $got; expected $KUBEDEV_SHA256; correct sha256 if the file is the right one"
    fi
    chmod 0755 "$cached.partial"
    mv -f "$cached.partial" "$cached"
fi
rm -f "$cached.lock"

if [ -z "$KUBEDEV_PATH" ]; then
    write_record "kind=artifact" "exists=$cached"
    printf '{"path":%s}\n' "$(json_string "$cached")"
    exit 0
fi
if [ -e "$KUBEDEV_PATH" ] && [ ! -e "$dir/installed" ]; then
    [ "$(digest "$KUBEDEV_PATH")" = "$KUBEDEV_SHA256" ] ||
        die "$KUBEDEV_PATH is there already and is another file; remove it or choose another path"
fi
: >"$dir/installed"
(umask 022 && mkdir -p "${KUBEDEV_PATH%/*}")
new=$KUBEDEV_PATH.kubedev-new
trap 'rm -f "$new"' EXIT
cp "$cached" "$new"
chmod "$KUBEDEV_MODE" "$new"
mv -f "$new" "$KUBEDEV_PATH"
write_record "kind=artifact" "$(file_facts "$KUBEDEV_PATH")"
printf '{"path":%s}\n' "$(json_string "$KUBEDEV_PATH")"
