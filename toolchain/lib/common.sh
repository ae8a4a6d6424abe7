# shellcheck shell=bash disable=SC2034 # places and names are for the files that source this one
# What every verb of toolchain/ begins with: strict mode, places, messages.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
TOOLCHAIN_DIR=$ROOT/.toolchain
BIN_DIR=$TOOLCHAIN_DIR/bin
LOG_DIR=$TOOLCHAIN_DIR/log
PLUGIN_DIR=$TOOLCHAIN_DIR/pulumi/plugins

# Progress and errors go to stderr: stdout belongs to the result (`make env`, `make outputs`).
say() { printf '%s\n' "$*" >&2; }

# die WHAT [HOW-TO-FIX]
die() {
    printf 'kubedev: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '         %s\n' "$2" >&2
    exit 1
}

# Services and cron run without HOME; the account's own directory is what is meant.
if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
    export HOME
fi
if [ ! -d "$HOME" ] || [ ! -w "$HOME" ]; then
    die "HOME is ${HOME:-empty}, which is not a directory that can be written" \
        "set HOME to one: npm, Go and the state of the environments keep their files below it"
fi

# By the XDG rules a path that is not absolute counts as not set.
case ${XDG_STATE_HOME:-} in
    /*) STATE_DIR=$XDG_STATE_HOME/kubedev ;;
    *) STATE_DIR=$HOME/.local/state/kubedev ;;
esac
case ${XDG_CACHE_HOME:-} in
    /*) CACHE_DIR=$XDG_CACHE_HOME/kubedev ;;
    *) CACHE_DIR=$HOME/.cache/kubedev ;;
esac

# A plain user's PATH lacks the places of mkfs.ext4, sshd and ip.
PATH=$BIN_DIR:${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# Names of this machine's architecture: Node and Pulumi say x64, Go says amd64.
case $(uname -sm) in
    "Linux x86_64") ARCH_NODE=x64 ARCH_GO=amd64 ;;
    "Linux aarch64") ARCH_NODE=arm64 ARCH_GO=arm64 ;;
    *) die "this machine is $(uname -sm); kubedev runs on Linux x86_64 and aarch64" ;;
esac

# version_at_least HAVE WANT: both like 3.259.0, compared number by number; the rest after - or + is ignored.
version_at_least() {
    local -a have want
    IFS=. read -r -a have <<<"${1%%[-+]*}"
    IFS=. read -r -a want <<<"${2%%[-+]*}"
    local i
    for i in 0 1 2; do
        [[ ${have[i]:-0} =~ ^[0-9]+$ ]] || return 1
        ((${have[i]:-0} == ${want[i]:-0})) || return $((${have[i]:-0} < ${want[i]:-0}))
    done
}

# row STATE VERSION DETAIL: one line of what `check` finds. Ready rows return 0, all others 1.
row() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3"
    [ "$1" = ready ]
}

# A directory for what is half-made and for what is known about this run alone. The first script of
# a run makes it, those that it calls use it, and it goes with the first one.
run_dir_open() {
    [ -z "${KUBEDEV_RUN_DIR:-}" ] || return 0
    mkdir -p "$TOOLCHAIN_DIR" "$LOG_DIR" "$BIN_DIR"
    KUBEDEV_RUN_DIR=$(mktemp -d "$TOOLCHAIN_DIR/run.XXXXXXXX")
    export KUBEDEV_RUN_DIR
    RUN_DIR_MINE=1
}

run_dir_close() {
    [ -z "${RUN_DIR_MINE:-}" ] || rm -rf "$KUBEDEV_RUN_DIR"
}
