#!/bin/sh
# Functions that make the directories above a file and remove them again, for things that install a file.
. ./prelude.sh

# Several things may be in a directory that the first one made: each remembers its topmost such directory in $dir/made,
# and the last one to go removes it.
make_parents() { # path
    parent=${1%/*}
    made=''
    missing=${parent:-/}
    while [ ! -d "$missing" ]; do
        made=$missing
        missing=${missing%/*}
        missing=${missing:-/}
    done
    for other in "${dir%/*/*/*}"/*/*/*/made; do
        [ -f "$other" ] || continue
        theirs=$(cat "$other")
        case $parent/ in "$theirs"/*) made=$theirs ;; esac
    done
    if [ -n "$made" ]; then
        # Before they are made: then who finds them there also finds this.
        printf '%s\n' "$made" >"$dir/made"
        (umask 022 && mkdir -p "$parent")
    fi
}

remove_parents() { # path
    [ -f "$dir/made" ] || return 0
    made=$(cat "$dir/made")
    parent=${1%/*}
    while [ "${#parent}" -ge "${#made}" ] && rmdir "$parent" 2>/dev/null; do parent=${parent%/*}; done
}
