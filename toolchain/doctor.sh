#!/usr/bin/env bash
# What is there, and what `make up` would do about the rest. Changes nothing, asks no network.
# Exit code 0 when everything is ready.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"

here=$ROOT/toolchain
bad=0

# show NAME: prints the rows of stdin under that name.
show() {
    local state version detail
    while IFS=$'\t' read -r state version detail; do
        printf '%-24s %-8s %-9s %s\n' "$1" "$state" "$version" "$detail"
        case $state in missing) bad=1 ;; esac
    done
}

# The free space of the file system that will hold a directory.
free_gib() {
    local dir=$1
    while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
    echo $(($(stat --file-system --format '%a * %S' "$dir") / 1024 / 1024 / 1024))
}

disk() {
    local free
    free=$(free_gib "$1")
    # The caches of a build from Go modules take 3 GiB, an image and a machine's disk some more.
    if ((free >= 10)); then
        row ready "$free GiB" "free at $1"
    else
        row missing "$free GiB" "free at $1: 10 GiB are wanted"
    fi
}

# Whether a CPU really runs on /dev/kvm: what opens is not always what runs.
accelerator() {
    local probe=$ROOT/scripts/qemu/probe-accel.sh
    if command -v qemu-system-x86_64 jq >/dev/null; then
        sh "$probe" 2>/dev/null | jq --raw-output '"ready\t\(.accelerator)\t\(.reason)"'
    else
        row ready - "tried once QEMU is there"
    fi
}

needs_go() {
    ! { "$here/pulumi.sh" check && plugins; } >/dev/null
}

plugins() {
    local plugin code=0
    for plugin in "${PLUGINS[@]}"; do "$here/plugin.sh" check "${plugin%%:*}" "${plugin#*:}" || code=1; done
    return "$code"
}

printf '%-24s %-8s %-9s %s\n' what state version "where it is, or what make up would do"
show "OS packages (up)" < <("$here/os-packages.sh" check base up)
show "OS packages (test)" < <("$here/os-packages.sh" check test | sed "s/^missing/tests only/")
show node < <("$here/node.sh" check)
show "npm packages" < <("$here/npm.sh" check)
{
    IFS= read -r cli
    IFS= read -r host
} < <("$here/pulumi.sh" check)
show pulumi <<<"$cli"
show pulumi-language-nodejs <<<"$host"
for plugin in "${PLUGINS[@]}"; do
    show "plugin ${plugin%%:*}" < <("$here/plugin.sh" check "${plugin%%:*}" "${plugin#*:}")
done
if needs_go; then
    show go < <("$here/go.sh" check)
else
    show go < <("$here/go.sh" check | sed "s/^missing\t-\t/unused\t-\tonly builds and make test need it; /")
fi
show accelerator < <(accelerator)
show "disk (state)" < <(disk "$STATE_DIR")
[ "$(stat -c %d "$HOME")" = "$(stat -c %d "$ROOT")" ] || show "disk (clone)" < <(disk "$ROOT")

if [ "$bad" = 0 ]; then
    echo "ready"
else
    echo "not ready: make up does what is named above"
    exit 1
fi
