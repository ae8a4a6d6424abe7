#!/bin/sh
# Says how the user's own container engine is. Only looks, and always ends with 0. Prints one of:
#   state=running
#   state=dead       this stack has one, which does not run
#   problem=<text>   this stack has none yet, and cannot have one
. ../host/prelude.sh
. ./engine.sh
if own_engine_runs; then
    echo state=running
elif [ -f "$record" ]; then
    echo state=dead
else
    own_engine_problem | sed 's/^/problem=/'
fi
