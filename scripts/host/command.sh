#!/bin/sh
# Runs one of the user's own scripts with the user's own environment.
#   KUBEDEV_EXPORTS      lines that export its variables
#   KUBEDEV_WORKING_DIR  directory that it runs in; may be empty
. ./prelude.sh

run_text() { # name of the variable that holds the script
    take_lock
    # Nothing is kept of a command.
    trap forget EXIT
    trap 'exit 130' INT TERM HUP
    (
        # What the script starts and leaves running must not hold the lock.
        exec 9>&-
        if [ -n "$KUBEDEV_WORKING_DIR" ]; then
            cd "$KUBEDEV_WORKING_DIR" ||
                die "the command's working directory $KUBEDEV_WORKING_DIR cannot be entered; expected a directory on the host"
        fi
        unset LC_ALL
        umask 022
        eval "$KUBEDEV_EXPORTS"
        # The text is no argument, which others could read.
        exec sh -c "eval \"\$$1\""
    )
}
