#!/bin/sh
# Begin of transport.sh, transport-windows.sh and transport-container.sh: what needs no connection, and what is to be sent by one: arguments of ssh,
# $kubedev_values, $kubedev_stdin. See transport.sh for what it takes.
# shellcheck disable=SC2034 # for what follows
# shellcheck disable=SC2154 # kubedev_verb and kubedev_script come from the text that this is inlined into
set -eu
unset PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_ACCESS_TOKEN
unset KUBEDEV_TRANSPORT KUBEDEV_SCRIPT_CREATE KUBEDEV_SCRIPT_UPDATE KUBEDEV_SCRIPT_DELETE

kubedev_die() {
    printf 'kubedev: %s\n' "$*" >&2
    exit 1
}

# What a probe says of a host that it cannot look at.
kubedev_last_seen() {
    echo "unreachable=$1"
    cat "$KUBEDEV_SHADOW_DIR"/* 2>/dev/null || :
    exit 0
}

if [ "${KUBEDEV_HOST_RUNNING:-true}" = false ]; then
    [ "$kubedev_verb" != probe ] || kubedev_last_seen ''
    echo "the host is declared as stopped: nothing is done on it until it runs again" >&2
    exit 0
fi

if [ "$kubedev_verb" = delete ]; then
    # What is removed needs no content.
    KUBEDEV_PAYLOAD_FILE=''
    exec </dev/null
elif [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ] && [ ! -r "$KUBEDEV_PAYLOAD_FILE" ]; then
    kubedev_die "cannot read $KUBEDEV_PAYLOAD_FILE; expected a readable file"
fi
if [ -z "${KUBEDEV_SSH:-}" ]; then
    if [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
        exec <"$KUBEDEV_PAYLOAD_FILE"
    fi
    exec sh -c "$kubedev_script"
fi

# The x keeps trailing newlines, which $() would strip.
kubedev_quote() {
    kubedev_quoted=$(printf "%sx" "$1" | LC_ALL=C sed "s/'/'\\\\''/g")
    printf "'%s'" "${kubedev_quoted%x}"
}

kubedev_exports() {
    for kubedev_name in $KUBEDEV_VARS; do
        eval "kubedev_value=\${$kubedev_name-}"
        printf 'export %s=%s\n' "$kubedev_name" "$(kubedev_quote "$kubedev_value")"
    done
}

kubedev_bytes() { printf '%s' "$1" | wc -c | tr -d ' '; }

set --
while IFS= read -r kubedev_argument; do
    set -- "$@" "$kubedev_argument"
done <<KUBEDEV_ARGUMENTS
$KUBEDEV_SSH
KUBEDEV_ARGUMENTS

kubedev_values=$(kubedev_exports)
kubedev_stdin=
if [ -z "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
    kubedev_stdin=$(cat && printf x)
    kubedev_stdin=${kubedev_stdin%x}
fi
kubedev_scratch=$(mktemp -d)
trap 'rm -rf "$kubedev_scratch"' EXIT
trap 'exit 130' INT TERM HUP

