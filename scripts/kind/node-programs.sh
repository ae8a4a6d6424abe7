#!/bin/sh
# shellcheck disable=SC2154 # worker is set by progress.sh
# Function that builds the programs of a node, one after the other, from and into the cache of all stacks.
#   KUBEDEV_BUILD     text of source/build.sh, which takes what go-env.sh takes and flags of go
#   KUBEDEV_PROGRAMS  lines: name, key, platform, module@version, import path

# Prints nothing; the programs are in the directory, as the lines of $IMAGE_PROGRAMS say. Ends the shell if one fails: what
# the compiler said has been shown by then.
build_programs() { # directory
    IMAGE_PROGRAMS=''
    while read -r program key platform module target; do
        [ -n "$program" ] || continue
        (
            exec 7>&- 8>&- 9>&-
            export KUBEDEV_DIR="$1/$program" KUBEDEV_MODE=module KUBEDEV_TREE='' KUBEDEV_CLEAN=false \
                KUBEDEV_BINARY="$program" KUBEDEV_BUILD_KEY="$key" KUBEDEV_PLATFORM="$platform" \
                KUBEDEV_MODULE="$module" KUBEDEV_TARGET="$target"
            # In a session of its own, so that it can be ended with all that it has started.
            exec setsid sh -c "$KUBEDEV_BUILD"
        ) >/dev/null </dev/null &
        worker=$!
        build_status=0
        wait "$worker" || build_status=$?
        worker=''
        [ "$build_status" -eq 0 ] || exit "$build_status"
        IMAGE_PROGRAMS="$IMAGE_PROGRAMS$program $1/$program/$key/$program
"
    done <<LINES
$KUBEDEV_PROGRAMS
LINES
    export IMAGE_PROGRAMS
}
