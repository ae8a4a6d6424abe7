#!/bin/sh
# Functions that load a file into $partial, and say how far they are. For artifact-cache.sh.
#   KUBEDEV_SHA256  64 hexadecimal digits    KUBEDEV_URL  where it comes from
# shellcheck disable=SC2154 # partial is set by the script that this is put into
has_digest() { [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$KUBEDEV_SHA256" ]; }

how_far() { echo "$what: $(($(stat -c %s "$partial" 2>/dev/null || echo 0) / 1048576)) MiB"; }

# Runs what writes to $partial, and says how far it is.
load_saying() { # what command...
    what=$1
    shift
    "$@" 8>&- 9>&- &
    getter=$!
    getter_status=0
    wait_saying "$getter" how_far || getter_status=$?
    getter=''
    return "$getter_status"
}

load() { load_saying "downloading $KUBEDEV_URL" curl -fsSL --retry 3 --connect-timeout 20 "$@" -o "$partial" "$KUBEDEV_URL"; }

download() {
    status=0
    if [ -s "$partial" ] && ! has_digest "$partial"; then
        load -C - || status=$?
        case $status in
        # What was there may have been the beginning of another file.
        0) has_digest "$partial" || rm -f "$partial" ;;
        # The server cannot go on in the middle.
        22 | 33 | 36)
            rm -f "$partial"
            status=0
            ;;
        esac
    fi
    if [ "$status" -eq 0 ] && [ ! -s "$partial" ]; then load || status=$?; fi
    [ "$status" -ne 22 ] || die "cannot download $KUBEDEV_URL: its server answers with an error; correct url, or log in where it wants that"
    [ "$status" -eq 0 ] ||
        die "cannot download $KUBEDEV_URL (curl exit status $status); what was fetched is kept, a new run goes on from there"
}
