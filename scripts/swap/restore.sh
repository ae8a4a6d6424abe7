#!/bin/sh
# Puts the original program of a service back; see with-program.sh.
. ./with-program.sh
[ -d "$dir" ] || exit 0
take_lock
swap restore
forget
