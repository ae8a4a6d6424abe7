#!/bin/sh
# Gets a file into the cache by its digest, unless it is there: from KUBEDEV_URL; where that is empty by the function receive
# of the script that this is put into, which writes it to $partial.
# shellcheck disable=SC2154 # store, cached and partial are set by that script
if ! has_digest "$cached"; then
    mkdir -p "$store"
    # Shared by all stacks of this user: one download at a time for each file.
    exec 8>"$cached.lock"
    if ! flock -n 8; then
        say "waiting for another download of the same file"
        flock 8
    fi
    if ! has_digest "$cached"; then
        if [ -n "$KUBEDEV_URL" ]; then
            download
        else
            exec 7<&0
            load_saying "receiving" receive
        fi
        if ! has_digest "$partial"; then
            got=$(sha256sum <"$partial" | cut -d ' ' -f 1)
            rm -f "$partial" "$cached.lock"
            die "wrong digest of ${KUBEDEV_URL:-the given file}: got sha256 $got; expected $KUBEDEV_SHA256; correct sha256 if the file is the right one"
        fi
        chmod 0755 "$partial"
        mv -f "$partial" "$cached"
    fi
    rm -f "$cached.lock"
fi
