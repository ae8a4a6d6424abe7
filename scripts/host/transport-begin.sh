#!/bin/sh
# Begin of transport.sh, transport-windows.sh and transport-container.sh: what is to be sent by a connection: arguments of
# ssh, $kubedev_values, $kubedev_stdin. See transport.sh for what it takes.
# shellcheck disable=SC2034 # for what follows
# shellcheck disable=SC2154 # what is set by eval, or in transport-first.sh
. ./transport-first.sh

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

