#!/bin/sh
# Removes a thing that is nothing but its directory.
. ./prelude.sh
[ -d "$dir" ] || exit 0
take_lock
forget
