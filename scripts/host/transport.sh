#!/bin/sh
# Runs $kubedev_script where the host is: in this shell, or over ssh.
# Inlined into create, update, delete and probe by components/host/transport.ts, which sets kubedev_verb and
# kubedev_script above it.
#   KUBEDEV_SSH            ssh arguments, one a line; empty: this machine
#   KUBEDEV_HOST_NAME      the host in words, for messages
#   KUBEDEV_VARS           names of the environment variables that the script is to see over there
#   KUBEDEV_PAYLOAD_FILE   file sent as the script's standard input instead of our own
#   KUBEDEV_CONNECT_SEC    how long to go on dialling
#   KUBEDEV_TIMEOUT_SEC    how long the script may run over there
#   KUBEDEV_MANAGED        1: kubedev made the machine behind the host, so one that does not answer is gone
#   KUBEDEV_HOST_RUNNING   false: the machine is declared as stopped
#   KUBEDEV_SHADOW_DIR     remembers, here, which incarnations the things on a remote host last had
# shellcheck disable=SC2154 # kubedev_verb and kubedev_script come from the text that this is inlined into
set -eu
unset PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_ACCESS_TOKEN

if [ "${KUBEDEV_HOST_RUNNING:-true}" = false ] && [ "$kubedev_verb" != probe ]; then
    echo "the host is declared as stopped: nothing is done on it until it runs again" >&2
    echo '{"stopped":true}'
    exit 0
fi

if [ -z "${KUBEDEV_SSH:-}" ]; then
    if [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
        exec <"$KUBEDEV_PAYLOAD_FILE"
    fi
    exec sh -c "$kubedev_script"
fi

kubedev_quote() {
    if [ -n "$1" ]; then
        printf '%s' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"
    else
        printf "''"
    fi
}

kubedev_program() {
    for kubedev_name in $KUBEDEV_VARS; do
        eval "kubedev_value=\${$kubedev_name-}"
        printf 'export %s=%s\n' "$kubedev_name" "$(kubedev_quote "$kubedev_value")"
    done
    printf '%s\n' "$kubedev_script"
}

set --
while IFS= read -r kubedev_argument; do
    set -- "$@" "$kubedev_argument"
done <<KUBEDEV_ARGUMENTS
$KUBEDEV_SSH
KUBEDEV_ARGUMENTS

kubedev_text=$(kubedev_program)
kubedev_size=$(printf '%s' "$kubedev_text" | LC_ALL=C wc -c)
kubedev_stdin=
if [ -z "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
    # The x keeps trailing newlines, which $() would strip.
    kubedev_stdin=$(cat && printf x)
    kubedev_stdin=${kubedev_stdin%x}
fi
kubedev_scratch=$(mktemp -d)
trap 'rm -rf "$kubedev_scratch"' EXIT
trap 'exit 130' INT TERM HUP

# The remote shell reads how long the program is, then the program; what follows is the program's input.
# shellcheck disable=SC2016 # expanded over there
kubedev_loader='sh -c '\''IFS= read -r n; exec timeout -k 10 "$0" sh -c "$(head -c "$n")"'\'" ${KUBEDEV_TIMEOUT_SEC:-600}"

kubedev_dial() {
    {
        printf '%s\n%s' "$kubedev_size" "$kubedev_text"
        if [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
            cat "$KUBEDEV_PAYLOAD_FILE"
        else
            printf '%s' "$kubedev_stdin"
        fi
    } 2>/dev/null | ssh -E "$kubedev_scratch/log" -o PermitLocalCommand=yes \
        -o LocalCommand="touch '$kubedev_scratch/connected'" "$@" "$kubedev_loader"
}

kubedev_unreachable() {
    case $kubedev_verb in
    probe)
        echo unreachable
        cat "$KUBEDEV_SHADOW_DIR"/* 2>/dev/null || :
        exit 0
        ;;
    delete)
        if [ "${KUBEDEV_MANAGED:-}" = 1 ]; then
            echo "the machine does not answer any more: what was on it went with it" >&2
            kubedev_forget
            exit 0
        fi
        ;;
    esac
    tail -n 3 "$kubedev_scratch/log" >&2
    echo "kubedev: cannot log in to $KUBEDEV_HOST_NAME (tried for ${KUBEDEV_CONNECT_SEC:-60} s)." \
        "Expected a running machine and the right address, port, user, key and host key." >&2
    exit 1
}

kubedev_remember() {
    if [ -n "${KUBEDEV_INCARNATION:-}" ]; then
        mkdir -p "$KUBEDEV_SHADOW_DIR"
        printf '[%s]\nincarnation=%s\nalive=true\n' "$KUBEDEV_KEY" "$KUBEDEV_INCARNATION" \
            >"$KUBEDEV_SHADOW_DIR/$KUBEDEV_KEY"
    fi
}

kubedev_forget() {
    rm -f "$KUBEDEV_SHADOW_DIR/${KUBEDEV_KEY:-}"
    rmdir -p --ignore-fail-on-non-empty "$KUBEDEV_SHADOW_DIR" 2>/dev/null || :
}

kubedev_deadline=$(($(date +%s) + ${KUBEDEV_CONNECT_SEC:-60}))
while :; do
    kubedev_rc=0
    : >"$kubedev_scratch/log"
    kubedev_dial "$@" || kubedev_rc=$?
    # Only what never reached the host is tried again: a script is not run twice behind the user's back.
    if [ "$kubedev_rc" -ne 255 ] || [ -e "$kubedev_scratch/connected" ]; then
        break
    fi
    if grep -Eq 'Host key verification failed|Permission denied|No such identity' "$kubedev_scratch/log" ||
        [ "$(date +%s)" -ge "$kubedev_deadline" ]; then
        kubedev_unreachable
    fi
    sleep 1
done

case $kubedev_rc:$kubedev_verb in
0:create | 0:update) kubedev_remember ;;
0:delete) kubedev_forget ;;
0:*) ;;
124:*) echo "kubedev: $kubedev_verb on $KUBEDEV_HOST_NAME was stopped after ${KUBEDEV_TIMEOUT_SEC:-600} s" >&2 ;;
255:*)
    cat "$kubedev_scratch/log" >&2
    if [ "$kubedev_verb" = delete ] && [ "${KUBEDEV_MANAGED:-}" = 1 ]; then
        echo "the machine went away while it was cleaned up: what was on it went with it" >&2
        kubedev_forget
        exit 0
    fi
    echo "kubedev: the connection to $KUBEDEV_HOST_NAME broke off during $kubedev_verb; run the same command again" >&2
    ;;
esac
exit "$kubedev_rc"
