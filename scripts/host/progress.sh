#!/bin/sh
# shellcheck disable=SC2154 # log is set by the script that this is put in front of
# Functions that run what takes long, and say how far it is.

# The process that works, the leader of a session of its own; empty: none. For a trap, with end_session.
worker=''

# Ends with the child's status. Every three seconds the words of a command are said; $waited_sec is for them.
wait_saying() { # pid command
    waited=0
    while kill -0 "$1" 2>/dev/null; do
        sleep 0.1
        waited=$((waited + 1))
        # shellcheck disable=SC2034 # for the command
        waited_sec=$((waited / 10))
        if [ $((waited % 30)) -eq 0 ]; then say "$("$2")"; fi
    done
    wait "$1"
}

last_words() { echo "$progress_what: $waited_sec s, $(grep . "$log" | tail -n 1 | cut -c 1-100)"; }

# Runs a program in a session of its own, with its words in $log. When it fails, shows how they end, and ends with its status.
with_progress() { # what program arguments...
    progress_what=$1
    shift
    (exec 7>&- 8>&- 9>&- && exec setsid "$@") >>"$log" 2>&1 </dev/null &
    worker=$!
    progress_status=0
    wait_saying "$worker" last_words || progress_status=$?
    worker=''
    [ "$progress_status" -eq 0 ] || tail -n 25 "$log" >&2
    return "$progress_status"
}
