#!/usr/bin/env bash
# Makes sure of what one environment runs beside what all of them do.
# usage: environment-tools.sh ENVIRONMENT
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

case $1 in
    kind)
        "$ROOT/toolchain/os-packages.sh" ensure kind
        # Its nodes are made of Go modules.
        "$ROOT/toolchain/go.sh" ensure
        ;;
esac
