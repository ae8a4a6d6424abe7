#!/bin/sh
# Stops a QEMU machine: power button, then, past the deadline, ever harder means.
# Prints {"stopped":"powerdown"|"quit"|"sigterm"|"sigkill"|"absent"}; fails if it still runs.
#   KUBEDEV_PID            process id of QEMU
#   KUBEDEV_START_TICKS    its start time (field 22 of /proc/PID/stat); default: what it has now.
#                          Another process that got the same id since then is left alone
#   KUBEDEV_QMP_SOCKET     its QMP socket; default qmp.sock in the current directory
#   KUBEDEV_POWERDOWN_SEC  how long the guest may take to shut down; default 30
# Needs socat.
set -eu
LC_ALL=C
export LC_ALL
pid=$KUBEDEV_PID
socket=${KUBEDEV_QMP_SOCKET:-qmp.sock}
powerdown_sec=${KUBEDEV_POWERDOWN_SEC:-30}

# Start time of the process; nothing if there is none or only its unreaped rest.
start_ticks() {
    read -r stat 2>/dev/null <"/proc/$pid/stat" || return 0
    # The name, in parentheses, may hold blanks: count from behind it.
    # shellcheck disable=SC2086
    set -- ${stat##*)}
    case $1 in Z | X) return 0 ;; esac
    echo "${20}"
}
ticks=${KUBEDEV_START_TICKS:-$(start_ticks)}
runs() { [ -n "$ticks" ] && [ "$(start_ticks)" = "$ticks" ]; }

# The path of a socket may have 107 bytes, a directory's more: so go there.
qmp() {
    (
        cd "$(dirname "$socket")" &&
            printf '{"execute":"qmp_capabilities"}\n{"execute":"%s"}\n' "$1" |
            timeout 5 socat -t 1 - "UNIX-CONNECT:./$(basename "$socket")"
    ) >/dev/null 2>&1
}

# Seconds since boot: a clock may be set.
seconds_up() {
    read -r up _ </proc/uptime
    echo "${up%.*}"
}

# wait_gone SECONDS
wait_gone() {
    end=$(($(seconds_up) + $1))
    while runs; do
        [ "$(seconds_up)" -lt "$end" ] || return 1
        sleep 0.1
    done
}

stopped() {
    printf '{"stopped":"%s"}\n' "$1"
    exit 0
}

runs || stopped absent

begin=$(seconds_up)
while :; do
    # Pressed again and again: a guest that is still booting does not see the button yet.
    qmp system_powerdown || { runs && echo "machine $pid: no answer on $socket" >&2; }
    left=$((begin + powerdown_sec - $(seconds_up)))
    [ "$left" -gt 0 ] || break
    if wait_gone "$((left < 5 ? left : 5))"; then stopped powerdown; fi
    echo "machine $pid: shutting down, $(($(seconds_up) - begin)) of $powerdown_sec s" >&2
done
echo "machine $pid: the guest did not shut down within $powerdown_sec s, so it is switched off" >&2
if qmp quit && wait_gone 5; then stopped quit; fi
if runs; then kill -TERM "$pid" 2>/dev/null || :; fi
if wait_gone 2; then stopped sigterm; fi
if runs; then kill -KILL "$pid" 2>/dev/null || :; fi
if wait_gone 5; then stopped sigkill; fi
echo "machine $pid: still runs after SIGKILL; see ps -o pid,stat,wchan -p $pid" >&2
exit 1
