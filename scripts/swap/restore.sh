#!/bin/sh
# Puts the original program of a service back; see with-program.sh.
. ./with-program.sh
[ -d "$dir" ] || exit 0
take_lock
# First: from now on the program is not what the record says, wherever this is broken off. The ledger has what is needed.
rm -f "$record"
swap restore
forget
