#!/bin/sh
# Functions that stop a service, for service-start.sh and service-remove.sh.
#   KUBEDEV_STOP      shell text that asks the process to end (KUBEDEV_PID is set); empty: SIGTERM
#   KUBEDEV_STOP_SEC  how long it may take before it is killed, with all that it started
. ./prelude.sh

manager() {
    if [ "$(id -u)" -eq 0 ]; then systemctl "$@"; else systemctl --user "$@"; fi
}

lingers() { [ "$(loginctl show-user "$(id -un)" -p Linger --value 2>/dev/null)" = yes ]; }

unit_name() { printf 'kubedev-%s.service' "$(printf '%s/%s' "$KUBEDEV_SCOPE" "$KUBEDEV_KEY" | tr -c 'A-Za-z0-9_.' '-')"; }

# A transient unit: nothing of it is left on disk.
run_unit() {
    scope=''
    [ "$(id -u)" -eq 0 ] || scope=--user
    # shellcheck disable=SC2086 # empty or one word
    systemd-run $scope --quiet --collect --unit="$1" -p KillMode=mixed -p "TimeoutStopSec=$KUBEDEV_STOP_SEC" \
        -p "Description=kubedev $KUBEDEV_SCOPE $KUBEDEV_KEY" --setenv=KUBEDEV_SERVICE="$dir" \
        --setenv=KUBEDEV_LOG_MIB="$KUBEDEV_LOG_MIB" --setenv=KUBEDEV_LOG_KEEP="$KUBEDEV_LOG_KEEP" \
        --setenv=PATH="$PATH" --setenv=HOME="$HOME" /bin/sh "$dir/launcher"
}

# Processes that carry the service's mark in their environment: all that it started, also without a record.
marked_pids() {
    grep -lsFxz "KUBEDEV_SERVICE=$dir" /proc/[0-9]*/environ 2>/dev/null | sed 's|/proc/\([0-9]*\)/environ|\1|' || :
}

# The service's own process among them: it leads a session.
marked_leader() {
    for marked in $(marked_pids); do
        read -r process_stat 2>/dev/null <"/proc/$marked/stat" || continue
        # shellcheck disable=SC2086 # split on purpose
        set -- ${process_stat##*)}
        if [ "$4" = "$marked" ]; then
            echo "$marked"
            return 0
        fi
    done
}

kill_marked() {
    for marked in $(marked_pids); do kill "-$1" "$marked" 2>/dev/null || :; done
}

stop_service() {
    stop_pid=$(living_pid)
    # A lost record is no reason to pull the plug.
    stop_pid=${stop_pid:-$(marked_leader)}
    if [ -n "$stop_pid" ]; then
        stop_ticks=$(start_ticks "$stop_pid")
        say "stopping process $stop_pid (up to $KUBEDEV_STOP_SEC s)"
        if [ -n "$KUBEDEV_STOP" ]; then
            (cd "$dir" && exec 9>&- && KUBEDEV_PID=$stop_pid timeout "$KUBEDEV_STOP_SEC" sh -c "$KUBEDEV_STOP" >&2) || :
        else
            kill -TERM "$stop_pid" 2>/dev/null || :
        fi
        stop_end=$(($(date +%s) + KUBEDEV_STOP_SEC))
        while is_process "$stop_pid" "$stop_ticks" && [ "$(date +%s)" -lt "$stop_end" ]; do sleep 0.1; done
        if is_process "$stop_pid" "$stop_ticks"; then
            say "process $stop_pid did not end within $KUBEDEV_STOP_SEC s: it is killed"
            kill -KILL "$stop_pid" 2>/dev/null || :
        fi
    fi
    if [ "$(field supervisor)" = systemd ]; then
        manager stop "$(field unit)" 2>/dev/null || :
    fi
    # What the process left behind. The log's reader ends by itself.
    stop_tries=0
    while [ -n "$(marked_pids)" ]; do
        stop_tries=$((stop_tries + 1))
        case $stop_tries in
        5) kill_marked TERM ;;
        30) kill_marked KILL ;;
        60) die "processes of $dir do not end: $(marked_pids | tr '\n' ' ')" ;;
        esac
        sleep 0.1
    done
}
