#!/bin/sh
# Runs a program under delve, in the foreground. Delve alone would outlive its program, whose death then would not show.
#   "$@"      delve and its arguments
#   attached  process that delve was attached to, empty: delve starts its own
# Where delve keeps its configuration: not in that of the user.
XDG_CONFIG_HOME=$KUBEDEV_SERVICE/config
export XDG_CONFIG_HOME
"$@" &
delve=$!

# What is debugged. Of the children of delve it is the one that is traced; another one counts for Go's telemetry.
debugged() {
    if [ -n "$attached" ]; then
        echo "$attached"
        return 0
    fi
    children=$(cat "/proc/$delve"/task/*/children 2>/dev/null)
    for child in $children; do
        if grep -qs '^TracerPid:.*[1-9]' "/proc/$child/status"; then echo "$child"; fi
    done
}
# State of a process, t while a debugger holds it; nothing of one that has ended.
state_of() {
    read -r process_stat 2>/dev/null <"/proc/$1/stat" || return 0
    # shellcheck disable=SC2086 # split on purpose
    set -- ${process_stat##*)}
    case $1 in Z | X) ;; *) echo "$1" ;; esac
}
is_there() {
    for one in $(debugged); do
        if [ -n "$(state_of "$one")" ]; then return 0; fi
    done
    return 1
}

# Ends delve when its program has ended. A client that starts the program anew takes less than three looks; a program that
# ends at once may never be seen.
watch_program() {
    missed=0
    limit=100
    pause=0.2
    while [ -n "$(state_of "$delve")" ]; do
        if is_there; then
            missed=0
            limit=3
            pause=0.5
        else
            missed=$((missed + 1))
        fi
        if [ "$missed" -ge "$limit" ]; then
            echo "kubedev: the program has ended, and delve with it" >&2
            kill -TERM "$delve" 2>/dev/null
            return 0
        fi
        sleep "$pause"
    done
}

# Delve kills its program when it ends. One that runs is asked first; one that is held at a breakpoint cannot answer.
# shellcheck disable=SC2317 # called by the trap
end_program() {
    trap '' TERM INT
    held=0
    asked=''
    while [ -z "$attached" ] && is_there && [ "$held" -lt 5 ]; do
        for one in $(debugged); do
            [ -n "$asked" ] || kill -TERM "$one" 2>/dev/null || :
            if [ "$(state_of "$one")" = t ]; then held=$((held + 1)); else held=0; fi
        done
        asked=1
        sleep 0.1
    done
    kill -TERM "$delve" 2>/dev/null || :
}
trap end_program TERM INT
watch_program &
watcher=$!
# A signal ends a wait, but not delve.
status=0
wait "$delve" || status=$?
while [ -n "$(state_of "$delve")" ]; do
    status=0
    wait "$delve" || status=$?
done
kill "$watcher" 2>/dev/null || :
exit "$status"
