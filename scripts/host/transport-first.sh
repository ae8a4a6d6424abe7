#!/bin/sh
# What all transports begin with: it runs $kubedev_script if that is to be run on the machine that runs Pulumi, and comes to what
# is behind it otherwise. See transport.sh for what it takes.
# shellcheck disable=SC2154 # kubedev_verb and kubedev_script come from the text that this is inlined into
set -eu
unset PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_ACCESS_TOKEN
unset KUBEDEV_TRANSPORT KUBEDEV_SCRIPT_BEGIN KUBEDEV_SCRIPT_CREATE KUBEDEV_SCRIPT_UPDATE KUBEDEV_SCRIPT_DELETE

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
