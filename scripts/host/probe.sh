#!/bin/sh
# Prints, for every thing of one stack on one host, whether it lives, and its record. Reads only.
#   KUBEDEV_DIR    the stack's directory; empty: below this user's state directory, as KUBEDEV_SCOPE
# Output: `absent=<incarnation of a thing without a directory>`, then per thing `[key]`, its record, `alive=true|false`.
set -eu
LC_ALL=C
case ${XDG_STATE_HOME:-} in
/*) dir=$XDG_STATE_HOME/kubedev/$KUBEDEV_SCOPE ;;
*) dir=$HOME/.local/state/kubedev/$KUBEDEV_SCOPE ;;
esac
dir=${KUBEDEV_DIR:-$dir}
read -r boot </proc/sys/kernel/random/boot_id

# Without a record the incarnation must differ from any that a state file may hold, and yet be the same in preview and
# update: the age of the directory does both, in milliseconds, since to remove what is in it changes it.
age_of() {
    age=$(stat -c %.3Y "$1" 2>/dev/null || echo 0.001)
    echo "${age%.*}${age#*.}"
}

process_lives() { # pid startTicks bootId
    [ "$3" = "$boot" ] || return 1
    read -r process_stat 2>/dev/null <"/proc/$1/stat" || return 1
    expected=$2
    # shellcheck disable=SC2086 # split on purpose
    set -- ${process_stat##*)}
    case $1 in Z | X) return 1 ;; esac
    [ "${20:-}" = "$expected" ]
}

file_lives() { # path size mtime
    [ "$(stat -L -c '%s %.9Y' "$1" 2>/dev/null)" = "$2 $3" ]
}

# No path of a mount of ours has a blank.
is_mounted() { # path
    while read -r _ _ _ _ place _; do
        [ "$place" != "$1" ] || return 0
    done </proc/self/mountinfo
    return 1
}

# A run that still works on a thing has not left it yet: the next one waits for its end.
is_worked_on() { # lock
    [ -e "$1" ] && ! flock -s -n "$1" true
}

look_at() { # record
    pid='' startTicks='' bootId='' path='' size='' mtime='' busy='' name='' alive=true
    while IFS= read -r line; do
        case $line in
        fact.fingerprint=*)
            name=$line
            continue
            ;;
        esac
        printf '%s\n' "$line"
        case $line in
        pid=*) pid=${line#*=} ;;
        startTicks=*) startTicks=${line#*=} ;;
        bootId=*) bootId=${line#*=} ;;
        path=*) path=${line#*=} ;;
        size=*) size=${line#*=} ;;
        mtime=*) mtime=${line#*=} ;;
        busy=*) busy=${line#*=} ;;
        exists=*) [ -e "${line#*=}" ] || alive=false ;;
        mount=*) is_mounted "${line#*=}" || alive=false ;;
        esac
    done <"$1" || return 1
    [ -z "$pid" ] || process_lives "$pid" "$startTicks" "$bootId" || alive=false
    [ -z "$path" ] || file_lives "$path" "$size" "$mtime" || alive=false
    # The record is written after the lock of the work itself is given back. What is called by its name until then may be
    # another one when the run ends.
    if [ -n "$busy" ] && { is_worked_on "$busy" || is_worked_on "${busy%/*}/lock"; }; then
        alive=true
    elif [ -n "$name" ]; then
        printf '%s\n' "$name"
    fi
    echo "alive=$alive"
}

above=$dir
while [ ! -d "$above" ]; do
    above=${above%/*}
    above=${above:-/}
done
echo "absent=$(age_of "$above")"

for thing in "$dir"/*/; do
    [ -d "$thing" ] || continue
    thing=${thing%/}
    printf '[%s]\n' "${thing##*/}"
    # It may go away while it is looked at: then it is dead.
    if [ ! -f "$thing/record" ] || ! look_at "$thing/record" 2>/dev/null; then
        printf 'incarnation=%s\nalive=false\n' "$(age_of "$thing")"
    fi
done
