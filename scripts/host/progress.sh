#!/bin/sh
# Function that waits for a child and says how far it is.

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
