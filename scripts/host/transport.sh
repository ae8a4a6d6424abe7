#!/bin/sh
# Runs $kubedev_script where the host is, over ssh; what is here does with transport-here.sh.
# Inlined into create, update, delete and probe by components/host/transport.ts, which sets kubedev_verb and
# kubedev_script above it.
#   KUBEDEV_SSH            ssh arguments, one a line; empty: this machine
#   KUBEDEV_HOST_NAME      the host in words, for messages
#   KUBEDEV_VARS           names of the environment variables that the script is to see over there
#   KUBEDEV_PAYLOAD_FILE   file sent as the script's standard input instead of our own
#   KUBEDEV_CONNECT_SEC    how long to go on dialling
#   KUBEDEV_TIMEOUT_SEC    how long the script may run over there
#   KUBEDEV_MANAGED        1: kubedev made the machine behind the host, so one that does not answer is gone
#   KUBEDEV_HOST_RUNNING   false: the machine is declared as stopped
#   KUBEDEV_SHADOW_DIR     remembers, here, which incarnations the things on a remote host last had
#   KUBEDEV_REMEMBER       lines that are remembered with it, as fact.name=value
# What all share is in transport-begin.sh and transport-end.sh; transport-windows.sh is this for Windows, and
# transport-container.sh for a container.
# shellcheck disable=SC2154 # kubedev_script comes from the text that this is inlined into, the rest from what it begins with
. ./transport-begin.sh

. ./transport-loader.sh

kubedev_dial() {
    kubedev_sent | timeout --foreground "$((${KUBEDEV_TIMEOUT_SEC:-600} + 15))" \
        ssh -E "$kubedev_scratch/log" -o PermitLocalCommand=yes \
        -o LocalCommand="touch '$kubedev_scratch/connected'" "$@" "$kubedev_loader"
}

. ./transport-end.sh
