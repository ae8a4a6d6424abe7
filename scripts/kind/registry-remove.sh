#!/bin/sh
# Removes a registry with all that was pushed to it, if it is there.
. ../host/prelude.sh
. ./engine.sh
take_lock
name=$(field fact.name)
if [ -n "$name" ]; then
    if find_engine; then
        docker rm -f "$name" >/dev/null 2>&1 || :
        docker volume rm "$name" >/dev/null 2>&1 || :
        docker network rm "$name" >/dev/null 2>&1 || :
    elif [ "$KUBEDEV_ENGINE" = own ]; then
        say "the container engine does not run; what it keeps goes away with it"
    else
        die "cannot remove the registry $name: $said; start the engine and run it again, or take it out of the state (pulumi state delete)"
    fi
fi
forget
