#!/bin/sh
# Prints, for every thing of one stack on one host, whether it lives, and its record. Reads only; always exits 0.
#   KUBEDEV_DIR    the stack's directory; empty: below this user's state directory, as KUBEDEV_SCOPE
# Output: `absent=<incarnation of a thing without a record>`, then per thing `[key]`, its record, `alive=true|false`.
set -eu
LC_ALL=C
dir=${KUBEDEV_DIR:-${XDG_STATE_HOME:-$HOME/.local/state}/kubedev/$KUBEDEV_SCOPE}
read -r boot </proc/sys/kernel/random/boot_id

# Without a record the incarnation must differ from any that a state file may hold, and yet be the same in preview and
# update: the age of the directory above does both, since removing a thing's directory changes it.
above=$dir
while [ ! -d "$above" ]; do above=${above%/*}; done
echo "absent=$(stat -c %Y "${above:-/}")"

process_lives() { # pid startTicks bootId
    [ "$3" = "$boot" ] || return 1
    read -r process_stat 2>/dev/null <"/proc/$1/stat" || return 1
    expected=$2
    # shellcheck disable=SC2086 # split on purpose
    set -- ${process_stat##*)}
    case $1 in Z | X) return 1 ;; esac
    [ "${20}" = "$expected" ]
}

file_lives() { # path size mtime
    [ -e "$1" ] && [ "$(stat -L -c '%s %.9Y' "$1" 2>/dev/null)" = "$2 $3" ]
}

for record in "$dir"/*/record; do
    [ -f "$record" ] || continue
    key=${record%/record}
    printf '[%s]\n' "${key##*/}"
    pid='' startTicks='' bootId='' path='' size='' mtime='' exists=''
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
        pid=*) pid=${line#*=} ;;
        startTicks=*) startTicks=${line#*=} ;;
        bootId=*) bootId=${line#*=} ;;
        path=*) path=${line#*=} ;;
        size=*) size=${line#*=} ;;
        mtime=*) mtime=${line#*=} ;;
        exists=*) exists=${line#*=} ;;
        esac
    done <"$record"
    alive=true
    [ -z "$pid" ] || process_lives "$pid" "$startTicks" "$bootId" || alive=false
    [ -z "$path" ] || file_lives "$path" "$size" "$mtime" || alive=false
    [ -z "$exists" ] || [ -e "$exists" ] || alive=false
    echo "alive=$alive"
done
