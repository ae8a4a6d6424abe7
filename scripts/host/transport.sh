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
#   KUBEDEV_REMEMBER       lines that are remembered with it, as fact.name=value
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

# The remote shell reads two sizes, that many bytes of values, and that many of the script; what follows is the script's
# input. The values are no arguments over there, which others could read.
# shellcheck disable=SC2016 # expanded over there
kubedev_loader='sh -c '\''read -r v s; eval "$(head -c "$v")"; exec timeout -k 10 "$0" sh -c "$(head -c "$s")"'\'" ${KUBEDEV_TIMEOUT_SEC:-600}"

kubedev_dial() {
    {
        printf '%s %s\n%s%s' "$(kubedev_bytes "$kubedev_values")" "$(kubedev_bytes "$kubedev_script")" \
            "$kubedev_values" "$kubedev_script"
        if [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
            cat "$KUBEDEV_PAYLOAD_FILE"
        else
            printf '%s' "$kubedev_stdin"
        fi
    } 2>/dev/null | timeout --foreground "$((${KUBEDEV_TIMEOUT_SEC:-600} + 15))" \
        ssh -E "$kubedev_scratch/log" -o PermitLocalCommand=yes \
        -o LocalCommand="touch '$kubedev_scratch/connected'" "$@" "$kubedev_loader"
}

kubedev_reason() { grep -v '^\(@\|Warning: Permanently\)' "$kubedev_scratch/log" | tail -n 1 | tr -d '\r'; }

kubedev_cannot_log_in() {
    case $kubedev_verb in
    probe) kubedev_last_seen "$(kubedev_reason)" ;;
    delete)
        if [ "${KUBEDEV_MANAGED:-}" = 1 ]; then
            echo "the machine does not answer any more: what was on it went with it" >&2
            kubedev_forget
            exit 0
        fi
        ;;
    esac
    kubedev_why=$(kubedev_reason)
    case $(cat "$kubedev_scratch/log") in
    *'Host key verification failed'*)
        grep '^The fingerprint for' -A 1 "$kubedev_scratch/log" >&2 || :
        kubedev_die "$KUBEDEV_HOST_NAME has another host key than the expected one. If it was really made anew, correct" \
            "hostKey or knownHostsPath (on the host itself: cat /etc/ssh/ssh_host_ed25519_key.pub)"
        ;;
    *'Permission denied'*)
        kubedev_die "$KUBEDEV_HOST_NAME refused the login ($kubedev_why). Expected a user that may log in with the key" \
            "of privateKeyPath, or with one of the ssh agent"
        ;;
    esac
    kubedev_die "$KUBEDEV_HOST_NAME does not answer (tried for $kubedev_patience s: $kubedev_why). Expected a" \
        "running machine whose sshd listens there; correct address or port, or start it"
}

kubedev_remember() {
    if [ -n "${KUBEDEV_INCARNATION:-}" ]; then
        mkdir -p "$KUBEDEV_SHADOW_DIR"
        {
            printf '[%s]\nincarnation=%s\nalive=true\n' "$KUBEDEV_KEY" "$KUBEDEV_INCARNATION"
            [ -z "${KUBEDEV_REMEMBER:-}" ] || printf '%s\n' "$KUBEDEV_REMEMBER"
        } >"$KUBEDEV_SHADOW_DIR/$KUBEDEV_KEY"
        # It goes with the machine; see sweep in prelude.sh.
        if [ "${KUBEDEV_MANAGED:-}" = 1 ]; then : >"$KUBEDEV_SHADOW_DIR/.managed"; fi
    fi
}

kubedev_forget() {
    rm -f "$KUBEDEV_SHADOW_DIR/$KUBEDEV_KEY"
    for kubedev_other in "$KUBEDEV_SHADOW_DIR"/*; do
        if [ -e "$kubedev_other" ]; then return 0; fi
    done
    rm -f "$KUBEDEV_SHADOW_DIR/.managed"
    # That of the host, of remote hosts, of stack, project and kubedev, once they are empty.
    kubedev_emptied=$KUBEDEV_SHADOW_DIR
    for _ in host remote stack project kubedev; do
        rmdir "$kubedev_emptied" 2>/dev/null || return 0
        kubedev_emptied=${kubedev_emptied%/*}
    done
}

command -v ssh >/dev/null ||
    kubedev_die "the OpenSSH client is missing on this machine; install it: apt-get install openssh-client"

kubedev_begin=$(date +%s)
kubedev_said=$kubedev_begin
kubedev_patience=${KUBEDEV_CONNECT_SEC:-30}
kubedev_refusals=60
if [ "$kubedev_verb" = delete ] && [ "${KUBEDEV_MANAGED:-}" = 1 ]; then
    # A machine of ours answers at once while it runs; where nothing even listens, it does not.
    kubedev_patience=$((kubedev_patience < 10 ? kubedev_patience : 10))
    kubedev_refusals=1
fi
while :; do
    kubedev_rc=0
    : >"$kubedev_scratch/log"
    kubedev_dial "$@" || kubedev_rc=$?
    # Only what never reached the host is tried again: a script is not run twice behind the user's back.
    if [ "$kubedev_rc" -eq 0 ] || [ -e "$kubedev_scratch/connected" ]; then
        break
    fi
    kubedev_now=$(date +%s)
    case $(cat "$kubedev_scratch/log") in
    *'Host key verification failed'* | *'Permission denied'* | *'No such identity'*) kubedev_cannot_log_in ;;
    *'Connection refused'*) kubedev_refusals=$((kubedev_refusals - 1)) ;;
    esac
    if [ "$kubedev_refusals" -lt 0 ] || [ "$((kubedev_now - kubedev_begin))" -ge "$kubedev_patience" ]; then
        kubedev_cannot_log_in
    fi
    if [ "$((kubedev_now - kubedev_said))" -ge 3 ]; then
        kubedev_said=$kubedev_now
        echo "waiting for $KUBEDEV_HOST_NAME to answer: $((kubedev_now - kubedev_begin)) of $kubedev_patience s" >&2
    fi
    sleep 1
done

case $kubedev_rc:$kubedev_verb in
0:create | 0:update) kubedev_remember ;;
0:delete) kubedev_forget ;;
0:*) ;;
124:probe | 255:probe) kubedev_last_seen "the connection broke off" ;;
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
