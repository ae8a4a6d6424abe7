#!/bin/sh
# Waits until a machine's sshd answers. Prints {"seconds"}: how long that took.
# Ends at once, with status 2, when waiting is of no use: the machine's process is gone, or its
# serial log shows a kernel panic or systemd's emergency mode. Status 1: the deadline has passed.
#   KUBEDEV_ADDRESS     IPv4 address
#   KUBEDEV_PORT        TCP port
#   KUBEDEV_WAIT_SEC    deadline; default 120
#   KUBEDEV_PID         process id of the machine; default: not looked at
#   KUBEDEV_SERIAL_LOG  file with the machine's serial output; default: not looked at
# Needs socat.
#
# QEMU's user network takes a connection before the guest can, keeps trying to pass it on, at
# intervals that double, and does so even when the client has long gone. Connecting early is thus
# found out late, and each early try is one more login for the guest to begin and drop: 8 s of a
# boot of 10 s. So the serial log is asked first, whether sshd has started.
set -eu
LC_ALL=C
export LC_ALL
wait_sec=${KUBEDEV_WAIT_SEC:-120}
log=${KUBEDEV_SERIAL_LOG:-}
where=$KUBEDEV_ADDRESS:$KUBEDEV_PORT
begin_ms=$(($(date +%s%N) / 1000000))
started='Started .*sshd?\.service|Started .*(OpenBSD Secure Shell|OpenSSH)| login: '
hopeless='Kernel panic - not syncing|You are in emergency mode|kubedev-initrd:'

elapsed_ms() { echo $(($(date +%s%N) / 1000000 - begin_ms)); }

give_up() { # give_up STATUS WHAT
    echo "machine: $2. It was to answer as an SSH server on $where within $wait_sec s" >&2
    if [ -n "$log" ]; then
        echo "last lines of $log:" >&2
        # Without colours and carriage returns.
        tail -n 30 "$log" 2>/dev/null |
            sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g; s/^/    /' >&2
    fi
    exit "$1"
}

# Prints for how many milliseconds the machine has been running; fails when it is not.
machine_age_ms() {
    read -r stat 2>/dev/null <"/proc/$KUBEDEV_PID/stat" || return 1
    # The name, in parentheses, may hold blanks: count from behind it.
    # shellcheck disable=SC2086
    set -- ${stat##*)}
    case $1 in Z | X) return 1 ;; esac
    read -r uptime _ </proc/uptime
    echo $((${uptime%.*} * 1000 - ${20} * 1000 / ticks_per_sec))
}
ticks_per_sec=$(getconf CLK_TCK)

# Tries once, for as long as $1 milliseconds.
answers() {
    banner=$(timeout "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))" \
        socat -u "TCP4:$where,readbytes=4" STDOUT 2>/dev/null) || :
    [ "$banner" = SSH- ]
}

told_ms=0
blind_try_ms=15000
while :; do
    now_ms=$(elapsed_ms)
    age_ms=$now_ms
    if [ -n "${KUBEDEV_PID:-}" ]; then
        age_ms=$(machine_age_ms) || give_up 2 "process $KUBEDEV_PID has ended"
    fi
    if [ -n "$log" ] && cause=$(grep -a -m 1 -o -E "($hopeless).*" "$log" 2>/dev/null); then
        give_up 2 "the guest cannot boot: $cause"
    fi
    [ "$now_ms" -lt $((wait_sec * 1000)) ] || give_up 1 "no SSH banner"
    if [ $((now_ms - told_ms)) -ge 5000 ]; then
        echo "machine: waiting for ssh on $where, $((now_ms / 1000)) of $wait_sec s" >&2
        told_ms=$now_ms
    fi
    # sshd may have started before the network. A machine that is slow to boot is slow to answer.
    try_ms=$((age_ms / 10))
    [ "$try_ms" -ge 500 ] || try_ms=500
    [ "$try_ms" -le 5000 ] || try_ms=5000
    if [ -n "$log" ] && ! grep -a -q -E "$started" "$log" 2>/dev/null; then
        # The console of some images says nothing: try now and then all the same.
        if [ "$age_ms" -lt "$blind_try_ms" ]; then
            sleep 0.1
            continue
        fi
        blind_try_ms=$((age_ms + 15000))
    fi
    if answers "$try_ms"; then
        ms=$(elapsed_ms)
        printf '{"seconds":%s.%03d}\n' $((ms / 1000)) $((ms % 1000))
        exit 0
    fi
    sleep 0.1
done
