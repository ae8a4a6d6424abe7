#!/bin/sh
# Functions that stop a service, for service-start.sh and service-remove.sh.
#   KUBEDEV_STOP      shell text that asks the process to end (KUBEDEV_PID is set); empty: SIGTERM
#   KUBEDEV_STOP_SEC  how long it may take before it is killed, with all that it started
. ./prelude.sh

manager() {
    if [ "$(id -u)" -eq 0 ]; then systemctl "$@"; else systemctl --user "$@"; fi
}

# Processes that carry the service's mark in their environment: what it started, also without a record.
marked_pids() {
    grep -lsFxz "KUBEDEV_SERVICE=$dir" /proc/[0-9]*/environ 2>/dev/null | sed 's|/proc/\([0-9]*\)/environ|\1|' || :
}

# The service's own process: the oldest that leads a session with a marked one in it. It may have overwritten its own
# environment, as those do that show a title; the reader of its log has not.
marked_leader() {
    oldest_leader=''
    oldest_ticks=''
    for marked in $(marked_pids); do
        read -r process_stat 2>/dev/null <"/proc/$marked/stat" || continue
        # shellcheck disable=SC2086 # split on purpose
        set -- ${process_stat##*)}
        leader_ticks=$(start_ticks "${4:-0}")
        if [ -n "$leader_ticks" ] && [ "$leader_ticks" -lt "${oldest_ticks:-$((leader_ticks + 1))}" ]; then
            oldest_leader=$4
            oldest_ticks=$leader_ticks
        fi
    done
    echo "$oldest_leader"
}

# Processes below the given one or in its session, as pid:startTicks: a program may clear its environment.
tree_of() {
    cat /proc/[0-9]*/stat 2>/dev/null | awk -v root="$1" '
        { pid = $1; sub(/^.*\) /, ""); parent[pid] = $2; session[pid] = $4; ticks[pid] = $20 }
        END {
            in_tree[root] = 1
            do {
                found = 0
                for (pid in parent)
                    if (!(pid in in_tree) && (parent[pid] in in_tree || session[pid] == root)) {
                        in_tree[pid] = 1
                        found = 1
                        print pid ":" ticks[pid]
                    }
            } while (found)
        }'
}

# What is left of the given processes, and of the marked ones.
left_over() {
    for one in "$@"; do
        if is_process "${one%:*}" "${one#*:}"; then echo "${one%:*}"; fi
    done
    marked_pids
}

ask_to_end() { # pid startTicks
    say "stopping process $1 (up to $KUBEDEV_STOP_SEC s)"
    stop_end=$(($(seconds_up) + KUBEDEV_STOP_SEC))
    if [ -n "$KUBEDEV_STOP" ]; then
        # shellcheck disable=SC2016 # the text is no argument, which others could read
        (cd "$dir" && exec 9>&- && KUBEDEV_PID=$1 timeout "$KUBEDEV_STOP_SEC" sh -c 'eval "$KUBEDEV_STOP"' >&2) ||
            say "the stop command failed (exit status $?)"
    else
        kill -TERM "$1" 2>/dev/null || :
    fi
    while is_process "$1" "$2"; do
        if [ "$(seconds_up)" -ge "$stop_end" ]; then
            say "process $1 did not end within $KUBEDEV_STOP_SEC s: it is killed"
            kill -KILL "$1" 2>/dev/null || :
            return 0
        fi
        sleep 0.1
    done
}

stop_service() {
    stop_pid=$(living_pid)
    # A lost record is no reason to pull the plug.
    stop_pid=${stop_pid:-$(marked_leader)}
    stop_tree=''
    if [ -n "$stop_pid" ]; then
        stop_ticks=$(start_ticks "$stop_pid")
        stop_tree="$stop_pid:$stop_ticks $(tree_of "$stop_pid")"
        ask_to_end "$stop_pid" "$stop_ticks"
    fi
    if [ "$(field supervisor)" = systemd ]; then
        manager stop "$(field unit)" 2>/dev/null || :
    fi
    # What the process left behind; the log's reader ends by itself.
    stop_tries=0
    while :; do
        # shellcheck disable=SC2086 # one word each
        stop_left=$(left_over $stop_tree)
        [ -n "$stop_left" ] || break
        stop_tries=$((stop_tries + 1))
        # shellcheck disable=SC2086 # one word each
        case $stop_tries in
        5) kill -TERM $stop_left 2>/dev/null || : ;;
        30) kill -KILL $stop_left 2>/dev/null || : ;;
        60) die "processes of $dir do not end: $(echo "$stop_left" | tr '\n' ' ')" ;;
        esac
        sleep 0.1
    done
}
