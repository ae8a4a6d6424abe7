#!/bin/bash
# Functions that say who uses what is mounted, by /proc alone: fuser and lsof are in no image. At most ten each.

# Mount points below a path, and processes that have something there, as "PID (name)": those in namespaces of their own have
# such a path, too, to other devices.
mount_users() { # PATH
    local number
    findmnt --noheadings --list --output TARGET | grep "^$1/." | head -n 10 || :
    number=$(stat --format=%d "$1")
    { find /proc/[0-9]*/{cwd,root,exe,fd,map_files} -maxdepth 1 -type l \( -lname "$1" -o -lname "$1/*" \) -print0 2>/dev/null || :; } |
        { xargs -0 -r stat --dereference --format='%d %n' 2>/dev/null || :; } |
        sed -n "s|^$number /proc/\([0-9]*\)/.*|\1|p" | named_processes
}

# Processes in whose own mount namespace, as of a container, a device is mounted.
mounted_elsewhere() { # MAJ:MIN
    { grep -ls "^[0-9]* [0-9]* $1 " /proc/[0-9]*/mountinfo || :; } | cut -d / -f 3 | named_processes
}

named_processes() {
    local pid
    sort -nu | head -n 10 | while read -r pid; do
        [[ -z $pid ]] || printf '%s (%s)\n' "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)"
    done
}
