#!/bin/sh
# End of transport.sh, transport-windows.sh and transport-container.sh: calls their kubedev_dial until the host answers, says why it does not, and
# remembers what was done.
# shellcheck disable=SC2154 # of transport-begin.sh
kubedev_reason() { grep -v '^\(@\|Warning: Permanently\)' "$kubedev_scratch/log" | tail -n 1 | tr -d '\r'; }

# Of a machine that does not answer nobody knows more; of a container its engine does.
kubedev_is_gone() { [ -z "${kubedev_gone:-}" ] || grep -qF "$kubedev_gone" "$kubedev_scratch/log"; }

kubedev_cannot_log_in() {
    case $kubedev_verb in
    probe) kubedev_last_seen "$(kubedev_reason)" ;;
    delete)
        if [ "${KUBEDEV_MANAGED:-}" = 1 ] && kubedev_is_gone; then
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
    kubedev_die "$KUBEDEV_HOST_NAME does not answer (tried for $kubedev_patience s: $kubedev_why). Expected" \
        "${kubedev_expected:-a running machine whose sshd listens there; correct address or port, or start it}"
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

[ "$1" = here ] || command -v ssh >/dev/null ||
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
    *'Connection refused'* | *'no container of this name'*) kubedev_refusals=$((kubedev_refusals - 1)) ;;
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
