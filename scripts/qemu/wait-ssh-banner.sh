#!/bin/sh
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
# Needs socat.
set -eu
LC_ALL=C
export LC_ALL
wait_sec=${KUBEDEV_WAIT_SEC:-120}
[ "${KUBEDEV_LEFT_SEC:-$wait_sec}" -ge "$wait_sec" ] || wait_sec=$KUBEDEV_LEFT_SEC
where=$KUBEDEV_ADDRESS:$KUBEDEV_PORT
# Milliseconds since boot: a clock may be set.
up_ms() {
    read -r up _ </proc/uptime
    echo "${up%.*}${up#*.}0"
}
begin=$(up_ms)

elapsed_ms() { echo $(($(up_ms) - begin)); }

give_up() { # give_up STATUS WHAT
    echo "machine: $2. It was to answer as an SSH server on $where within $((${KUBEDEV_WAITED_SEC:-0} + wait_sec)) s" >&2
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

hopeless='Kernel panic - not syncing|You are in emergency mode|kubedev-initrd:'
told_ms=0
while :; do
    if [ -n "${KUBEDEV_PID:-}" ] && ! process_runs; then
        give_up 3 "process $KUBEDEV_PID has ended"
    fi
    if [ -n "${KUBEDEV_SERIAL_LOG:-}" ] &&
        cause=$(grep -a -m 1 -o -E "($hopeless).*" "$KUBEDEV_SERIAL_LOG" 2>/dev/null); then
        give_up 3 "the guest cannot boot: $cause"
    fi
    now_ms=$(elapsed_ms)
    [ "$now_ms" -lt $((wait_sec * 1000)) ] || give_up 1 "$(why_silent)"
    if [ $((now_ms - told_ms)) -ge 5000 ]; then
        echo "machine: waiting for ssh on $where, $((now_ms / 1000)) of $wait_sec s" >&2
        told_ms=$now_ms
    fi
    # QEMU takes the connection before the guest can, and repeats its own attempt ever more
    # rarely: short tries find the guest sooner. On a slow machine the answer itself is slow.
    try_ms=$((now_ms / 10 + ${KUBEDEV_WAITED_SEC:-0} * 100))
    [ "$try_ms" -le 5000 ] || try_ms=5000
    # Not past the deadline, when there are words to be said.
    [ "$try_ms" -le $((wait_sec * 1000 - now_ms)) ] || try_ms=$((wait_sec * 1000 - now_ms))
    [ "$try_ms" -ge 500 ] || try_ms=500
    banner=$(timeout "$((try_ms / 1000)).$(printf '%03d' $((try_ms % 1000)))" \
        socat -u "TCP4:$where,readbytes=4" STDOUT 2>/dev/null) || :
    if [ "$banner" = SSH- ]; then
        printf '{"seconds":%s.%03d}\n' "$(($(elapsed_ms) / 1000))" "$(($(elapsed_ms) % 1000))"
        exit 0
    fi
    sleep 0.1
done
