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
    [ "$status" -eq 0 ] ||
        die "cannot download $KUBEDEV_URL (curl exit status $status); what was fetched is kept, a new run goes on from there"
}

receive() { cat <&7 >"$partial"; }

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
