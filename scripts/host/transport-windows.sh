#!/bin/sh
# Runs $kubedev_script, by name one of those that the program of agents/windows has, on a Windows host: transport.sh says
# what it takes. $kubedev_agent, set above it, is the digest by which the program lies on the host, below the user's own
# directory, and in the cache of this machine, from where it is sent when it is not there yet.
# shellcheck disable=SC2154 # kubedev_script and kubedev_agent come from the text that this is inlined into
. ./transport-begin.sh

# For cmd and for PowerShell: the one hands the program all that follows, of the other it is what keeps the exit status.
# shellcheck disable=SC1003,SC2016 # a backslash; expanded over there
kubedev_loader='.kubedev\agent\'"$kubedev_agent.exe run ${KUBEDEV_TIMEOUT_SEC:-600} "'; exit $LASTEXITCODE'

# The program greets on both streams. Without a greeting it was not there to be run, and what the shell said of that is
# kept instead of shown.
kubedev_after_greeting() { # file for what came instead
    if IFS= read -r kubedev_line; then
        case $kubedev_line in
        "kubedev-agent $kubedev_agent"*)
            : >"$kubedev_scratch/greeted"
            cat
            ;;
        *) { printf '%s\n' "$kubedev_line" && cat; } >"$1" ;;
        esac
    fi
}

# The same bytes as for a Linux host.
kubedev_call() {
    rm -f "$kubedev_scratch/greeted"
    {
        {
            {
                printf '%s %s\n%s%s' "$(kubedev_bytes "$kubedev_values")" "$(kubedev_bytes "$kubedev_script")" \
                    "$kubedev_values" "$kubedev_script"
                if [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
                    cat "$KUBEDEV_PAYLOAD_FILE"
                else
                    printf '%s' "$kubedev_stdin"
                fi
            } 2>/dev/null | {
                kubedev_status=0
                timeout --foreground "$((${KUBEDEV_TIMEOUT_SEC:-600} + 15))" \
                    ssh -E "$kubedev_scratch/log" -o PermitLocalCommand=yes \
                    -o LocalCommand="touch '$kubedev_scratch/connected'" "$@" "$kubedev_loader" 2>&5 || kubedev_status=$?
                echo "$kubedev_status" >"$kubedev_scratch/status"
            } | kubedev_after_greeting "$kubedev_scratch/instead" >&4
        } 5>&1 | kubedev_after_greeting "$kubedev_scratch/instead of errors" >&2
    } 4>&1
    return "$(cat "$kubedev_scratch/status")"
}

kubedev_dial() {
    kubedev_answer=0
    kubedev_call "$@" || kubedev_answer=$?
    if [ ! -e "$kubedev_scratch/connected" ] || [ -e "$kubedev_scratch/greeted" ]; then return "$kubedev_answer"; fi
    case $kubedev_answer in 124 | 255) return "$kubedev_answer" ;; esac
    kubedev_send_program "$@"
    kubedev_answer=0
    kubedev_call "$@" || kubedev_answer=$?
    [ -e "$kubedev_scratch/greeted" ] ||
        kubedev_die "the program for Windows hosts does not run on $KUBEDEV_HOST_NAME, where its shell says:" \
            "$(cat "$kubedev_scratch/instead" "$kubedev_scratch/instead of errors" 2>/dev/null | tr -d '\r' | tail -n 3)." \
            "Expected 64-bit Windows on x86, with cmd or PowerShell as the shell of its sshd"
    return "$kubedev_answer"
}

# By sftp, with the very same options as ssh; under another name until all of it is there.
kubedev_send_program() {
    case ${XDG_CACHE_HOME:-} in
    /*) kubedev_program=$XDG_CACHE_HOME/kubedev/windows-agent/$kubedev_agent.exe ;;
    *) kubedev_program=$HOME/.cache/kubedev/windows-agent/$kubedev_agent.exe ;;
    esac
    [ -r "$kubedev_program" ] ||
        kubedev_die "the program for Windows hosts is neither on $KUBEDEV_HOST_NAME nor in $kubedev_program; expected it" \
            "there: run pulumi preview, which makes it, and then the same command again"
    kubedev_count=$#
    while [ "$kubedev_count" -gt 0 ]; do
        kubedev_argument=$1
        shift
        kubedev_count=$((kubedev_count - 1))
        case $kubedev_count:$kubedev_argument in
        *:-p) kubedev_argument=-P ;;
        0:*:*) kubedev_argument="${kubedev_argument%@*}@[${kubedev_argument##*@}]" ;;
        esac
        set -- "$@" "$kubedev_argument"
    done
    kubedev_there=.kubedev/agent/$kubedev_agent
    # shellcheck disable=SC1003 # a backslash
    kubedev_here=$(printf '%s' "$kubedev_program" | sed 's/[\\"]/\\&/g')
    # Another run may have been quicker.
    printf '%s\n' '-mkdir .kubedev' '-mkdir .kubedev/agent' "put \"$kubedev_here\" $kubedev_there.${kubedev_scratch##*.}" \
        "-rename $kubedev_there.${kubedev_scratch##*.} $kubedev_there.exe" "-rm $kubedev_there.${kubedev_scratch##*.}" |
        timeout --foreground 300 sftp -q -b - "$@" >"$kubedev_scratch/sent" 2>&1 ||
        kubedev_die "cannot send the program for Windows hosts to $KUBEDEV_HOST_NAME by sftp:" \
            "$(tr -d '\r' <"$kubedev_scratch/sent" | tail -n 2). Expected an sshd with the sftp subsystem"
}

. ./transport-end.sh
