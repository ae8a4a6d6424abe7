#!/bin/sh
# Makes room for a new log in the current directory: log becomes log.1, log.1 becomes log.2 and so on.
#   KUBEDEV_LOG_KEEP  how many old ones are kept
set -eu
[ -s log ] || exit 0
number=$KUBEDEV_LOG_KEEP
while [ "$number" -gt 1 ]; do
    newer=$((number - 1))
    if [ -e "log.$newer" ]; then mv -f "log.$newer" "log.$number"; fi
    number=$newer
done
mv -f log log.1
