#!/bin/sh
# Says how a registry is. Only looks, and always ends with 0. Prints nothing if there never was one, else one of:
#   state=running
#   state=dead
. ../host/prelude.sh
. ./registry.sh
[ -f "$record" ] || exit 0
if registry_runs; then echo state=running; else echo state=dead; fi
