#!/bin/sh
# Functions that end a process that was started with setsid, and all that it has started: what it starts may have process
# groups of its own, but no other session.

# The living processes of a session, one a line.
session_pids() { # pid of its leader
    for session_stat in /proc/[0-9]*/stat; do
        read -r session_process 2>/dev/null <"$session_stat" || continue
        session_pid=${session_process%% *}
        # The command name, in parentheses, may hold anything: count from behind it.
        # shellcheck disable=SC2086 # split on purpose
        set -- "$1" ${session_process##*)}
        case $2 in Z | X) continue ;; esac
        if [ "$5" = "$1" ]; then echo "$session_pid"; fi
    done
}

end_session() { # pid of its leader; may be empty
    [ -n "$1" ] || return 0
    # It may not have come as far as setsid.
    kill -TERM "$1" 2>/dev/null || :
    end_tries=0
    while session_left=$(session_pids "$1") && [ -n "$session_left" ] && [ "$end_tries" -lt 50 ]; do
        # shellcheck disable=SC2086 # words
        [ "$end_tries" -gt 0 ] || kill -TERM $session_left 2>/dev/null || :
        sleep 0.1
        end_tries=$((end_tries + 1))
    done
    # shellcheck disable=SC2086 # words
    [ -z "$session_left" ] || kill -KILL $session_left 2>/dev/null || :
}
