#!/bin/sh
# What swap.sh and restore.sh share: the program that swaps does all of it, in a process of its own, which a cut connection
# does not end. What it reads of the environment is KUBEDEV_SWAP and KUBEDEV_SHA256.
#   KUBEDEV_PROGRAM  key of the thing that program.sh has made    KUBEDEV_ARCHITECTURE  that it was built for
. ../host/prelude.sh
program=${dir%/*}/$KUBEDEV_PROGRAM/program
trap '[ -f "$record" ] || [ -f "$dir/ledger.json" ] || [ -f "$dir/journal.json" ] || forget' EXIT
trap 'exit 130' INT TERM HUP
# Where the connection is cut, what came of it is recorded all the same: the next run has nothing left to do, or knows by
# fact.turn that another program is there than the state of the engine says.
trap '' PIPE

swap() { # verb
    [ -x "$program" ] || die "the program that swaps is not there: expected it in $program; run pulumi up, and then the same again"
    swap_status=0
    "$program" "$1" "$dir" 9>&- || swap_status=$?
    [ "$swap_status" -ne 126 ] ||
        die "the program that swaps is for $KUBEDEV_ARCHITECTURE, and does not run on $(uname -m); correct architecture"
    return "$swap_status"
}
