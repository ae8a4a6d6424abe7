#!/bin/bash
# Waits until a machine's sshd answers. Prints {"seconds"}: how long that took.
# Ends at once, with status 3, when waiting is of no use: the machine's process is gone, or its
# serial log shows a kernel panic or systemd's emergency mode. Status 1: the deadline has passed.
#   KUBEDEV_ADDRESS     IPv4 address
#   KUBEDEV_PORT        TCP port
#   KUBEDEV_WAIT_SEC    deadline; default 120
#   KUBEDEV_LEFT_SEC    the same, of who waits again and again; the shorter one counts
#   KUBEDEV_WAITED_SEC  how long it was waited before; default 0
#   KUBEDEV_PID         process id of the machine; default: not looked at
#   KUBEDEV_SERIAL_LOG  file with the machine's serial output; default: not looked at
# Needs bash, whose own connections cost no process: the guest that is waited for boots on the same CPUs.
set -eu
LC_ALL=C
export LC_ALL
wait_sec=${KUBEDEV_WAIT_SEC:-120}
[ "${KUBEDEV_LEFT_SEC:-$wait_sec}" -ge "$wait_sec" ] || wait_sec=$KUBEDEV_LEFT_SEC
where=$KUBEDEV_ADDRESS:$KUBEDEV_PORT

# Milliseconds since the start, by the time since boot: a clock may be set.
begin_ms=0
look_at_clock() {
    read -r up _ </proc/uptime
    now_ms=$((10#${up%.*}${up#*.} * 10 - begin_ms))
}
look_at_clock
begin_ms=$now_ms

give_up() { # give_up STATUS WHAT
    echo "machine: $2. It was to answer as an SSH server on $where within $((${KUBEDEV_WAITED_SEC:-0} + wait_sec)) s" >&"$said"
    exit "$1"
}

# What stands in the way of a guest that does not answer.
why_silent() {
    if [ -z "${KUBEDEV_SERIAL_LOG:-}" ]; then
        echo "no SSH banner"
    elif grep -a -q -E '(^|[[:space:]])login: ' "$KUBEDEV_SERIAL_LOG" 2>/dev/null; then
        echo "the guest has booted, its console offers a login, but no SSH server answers: its network or its sshd is not up"
    else
        echo "the guest has not booted to the end, its console offers no login"
    fi
}

process_runs() {
    read -r stat 2>/dev/null <"/proc/$KUBEDEV_PID/stat" || return 1
    # The name, in parentheses, may hold blanks: count from behind it.
    case ${stat##*)} in " Z"* | " X"*) return 1 ;; esac
}

# A connection that is not even refused takes longer than any deadline: who ends this then is told why all the same.
exec {said}>&2
trap 'give_up 1 "$(why_silent)"' TERM

hopeless='Kernel panic - not syncing|You are in emergency mode|kubedev-initrd:'
# Connections that have not been answered yet: by descriptor, when each is given up.
declare -A given_up_ms=()
# To wait for what never comes is to sleep without a process; older shells may wait for it without end.
pause() { sleep "$1"; }
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 502)); then
    exec {pulse}<> <(:)
    pause() { read -r -t "$1" -u "$pulse" || :; }
fi
told_ms=0
looked_ms=-1000
connect_ms=0
tries=0
while :; do
    look_at_clock
    if [ -n "${KUBEDEV_PID:-}" ] && ! process_runs; then
        give_up 3 "process $KUBEDEV_PID has ended"
    fi
    if [ -n "${KUBEDEV_SERIAL_LOG:-}" ] && [ $((now_ms - looked_ms)) -ge 1000 ]; then
        looked_ms=$now_ms
        if cause=$(grep -a -m 1 -o -E "($hopeless).*" "$KUBEDEV_SERIAL_LOG" 2>/dev/null); then
            give_up 3 "the guest cannot boot: $cause"
        fi
    fi
    [ "$now_ms" -lt $((wait_sec * 1000)) ] || give_up 1 "$(why_silent)"
    if [ $((now_ms - told_ms)) -ge 5000 ]; then
        echo "machine: waiting for ssh on $where, $((now_ms / 1000)) of $wait_sec s" >&2
        told_ms=$now_ms
    fi

    pause_sec=0.02
    if [ "$now_ms" -ge "$connect_ms" ]; then
        # QEMU takes the connection before the guest can, and repeats its own attempt ever more rarely: new ones find the
        # guest sooner. Not too soon after one another: each costs the guest an answer, also one that was given up. On a slow
        # machine the answers of all share its CPUs, so that some have more time than they take alone, and a few far more.
        gap_ms=$((now_ms / 40 + ${KUBEDEV_WAITED_SEC:-0} * 25))
        [ "$gap_ms" -le 1250 ] || gap_ms=1250
        [ "$gap_ms" -ge 250 ] || gap_ms=250
        if { exec {connection}<>"/dev/tcp/$KUBEDEV_ADDRESS/$KUBEDEV_PORT"; } 2>/dev/null; then
            tries=$((tries + 1))
            given_up_ms[$connection]=$((now_ms + (tries % 16 == 1 ? 48 : 4) * gap_ms))
            connect_ms=$((now_ms + gap_ms))
        else
            pause_sec=0.05
        fi
    fi
    for connection in "${!given_up_ms[@]}"; do
        read -r -t 0 -u "$connection" || {
            [ "$now_ms" -ge "${given_up_ms[$connection]}" ] || continue
            exec {connection}>&-
            unset "given_up_ms[$connection]"
            continue
        }
        word=''
        IFS= read -r -t 0.5 -n 4 -u "$connection" word || :
        if [ "$word" = SSH- ]; then
            look_at_clock
            printf '{"seconds":%s.%03d}\n' "$((now_ms / 1000))" "$((now_ms % 1000))"
            exit 0
        fi
        # The guest refuses, or something else answers.
        pause_sec=0.05
        connect_ms=$now_ms
        exec {connection}>&-
        unset "given_up_ms[$connection]"
    done
    pause "$pause_sec"
done
