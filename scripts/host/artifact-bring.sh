#!/bin/sh
# Brings a file from a host into the cache of this machine, by its digest; what is there is not asked for again.
#   KUBEDEV_SHA256       64 hexadecimal digits
#   KUBEDEV_SOURCE_SSH   ssh arguments of the host where it is, one a line; empty: this machine
#   KUBEDEV_SOURCE_HOST  that host in words    KUBEDEV_SOURCE_PATH  absolute path there
. ./prelude.sh
. ./progress.sh
take_lock
store=$cache_root/artifacts
cached=$store/$KUBEDEV_SHA256
partial=$cached.partial
getter=''
getter_status=0
KUBEDEV_URL=''
clean_up() {
    [ -z "$getter" ] || kill "$getter" 2>/dev/null || :
    if [ "$getter_status" -ne 0 ]; then
        say "kubedev: cannot read $KUBEDEV_SOURCE_PATH on $KUBEDEV_SOURCE_HOST; expected a file there, and a host that answers"
    fi
    # A failed first run leaves nothing behind.
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

. ./artifact-load.sh

receive() {
    if [ -z "$KUBEDEV_SOURCE_SSH" ]; then exec cat "$KUBEDEV_SOURCE_PATH" >"$partial"; fi
    while IFS= read -r argument; do
        set -- "$@" "$argument"
    done <<KUBEDEV_ARGUMENTS
$KUBEDEV_SOURCE_SSH
KUBEDEV_ARGUMENTS
    # For the shell over there. On the way programs shrink to half.
    exec ssh -C "$@" "cat '$(printf '%s' "$KUBEDEV_SOURCE_PATH" | sed "s/'/'\\\\''/g")'" </dev/null >"$partial"
}
. ./artifact-cache.sh

write_record "kind=artifact" "exists=$cached"
printf '{"path":%s}\n' "$(json_string "$cached")"
