#!/bin/sh
# Becomes the service: its output goes to a reader that rotates the log, so that nothing that runs for weeks fills the
# disk. Written to the service's directory by service-start.sh, and run there by it or by systemd.
#   KUBEDEV_SERVICE  that directory; also marks all that the service starts
#   KUBEDEV_LOG_MIB, KUBEDEV_LOG_KEEP  see service-start.sh
set -eu
cd "$KUBEDEV_SERVICE"
# The reader ends when the last writer does, by no signal: the last lines count most. It is no child of the service,
# which may wait for its children. SHELL is what split runs the filter with.
(
    trap '' TERM INT HUP
    SHELL=/bin/sh split -b "${KUBEDEV_LOG_MIB}M" --filter='sh ./log-rotate && exec cat >>log' - log. <log.pipe >/dev/null 2>&1 &
)
exec >log.pipe 2>&1
echo "$$" >pid.new
mv -f pid.new pid
umask 022
exec sh ./run
