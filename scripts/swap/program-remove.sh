#!/bin/sh
# Removes the program that swaps.
. ../host/prelude.sh
[ -d "$dir" ] || exit 0
take_lock
forget
