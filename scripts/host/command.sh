#!/bin/sh
# Runs one of the user's own scripts with the user's own environment.
#   KUBEDEV_EXPORTS      lines that export its variables
#   KUBEDEV_WORKING_DIR  directory that it runs in; may be empty
. ./prelude.sh

run_text() {
    unset LC_ALL
    umask 022
    eval "$KUBEDEV_EXPORTS"
    if [ -n "$KUBEDEV_WORKING_DIR" ]; then
        cd "$KUBEDEV_WORKING_DIR" || die "the command's working directory $KUBEDEV_WORKING_DIR does not exist"
    fi
    exec sh -c "$1"
}
