#!/bin/sh
# Part of personalise.sh and wait-personal.sh: removes the snapshot that the machine of the current directory was restored
# from, but not one that another machine has taken in its place, nor while another machine copies it.
drop_snapshot() {
    dropped=$(readlink warm/snapshot) || return 0
    # shellcheck disable=SC2016 # of the shell that has the lock
    flock -w 10 "$dropped.lock" sh -c '[ ! "$1" -ef "$0/state" ] || rm -rf "$0"' "$dropped" warm/state || :
}
