#!/bin/sh
# shellcheck disable=SC2154 # state_root is set by prelude.sh
# Functions that remove images of the engine by their names, which say what they are made from: stacks share them.

# True if the record of another thing names the image too.
used_elsewhere() { # tag
    for other in "$state_root"/*/*/*/record; do
        if [ "$other" != "$record" ] && grep -qsxF "fact.tag=$1" "$other"; then return 0; fi
    done
    return 1
}
