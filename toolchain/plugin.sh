#!/usr/bin/env bash
# One provider plugin: the real one where it can be had, else (go-build.sh) the project's drop-in.
# usage: plugin.sh check NAME VERSION | fetch NAME VERSION
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/jobs.sh
. "$ROOT/toolchain/lib/jobs.sh"
# shellcheck source=lib/fetch.sh
. "$ROOT/toolchain/lib/fetch.sh"
# shellcheck source=lib/origin.sh
. "$ROOT/toolchain/lib/origin.sh"

verb=$1 name=$2 version=$3
dir=$PLUGIN_DIR/resource-$name-v$version
program=$dir/pulumi-resource-$name
# Beside a drop-in lies this file, with the fingerprint of the sources that it was built from.
mark=$dir/DROP-IN

check() {
    if [ ! -x "$program" ] || [ -e "$dir.partial" ]; then
        row missing - "not in $PLUGIN_DIR: pulumi plugin install, else build the drop-in from toolchain/providers"
    elif [ ! -e "$mark" ]; then
        row ready "$version" "$program (real)"
    elif [ "$(<"$mark")" != "$(fingerprint_of "plugin:$name")" ]; then
        row missing - "the drop-in's sources changed since it was built: build it again"
    else
        row ready "$version" "$program (drop-in, built from toolchain/providers)"
    fi
}

# The real plugin that the user's own Pulumi has already; it is only read.
copy_of_user() {
    local theirs=${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-$name-v$version
    [ -x "$theirs/pulumi-resource-$name" ] && [ ! -e "$theirs.partial" ] && [ ! -e "$theirs/DROP-IN" ] || return 1
    say "taking the plugin $name $version from $theirs"
    mkdir -p "$PLUGIN_DIR" &&
        cp -R "$theirs" "$KUBEDEV_RUN_DIR/plugin-$name" &&
        rm -rf "$dir" "$dir.partial" &&
        mv "$KUBEDEV_RUN_DIR/plugin-$name" "$dir"
}

install_official() {
    reachable https://get.pulumi.com || return 1
    export PULUMI_HOME=$TOOLCHAIN_DIR/pulumi PULUMI_SKIP_UPDATE_CHECK=true
    job "plugin-$name" "installing the plugin $name $version" \
        timeout 180 pulumi plugin install resource "$name" "$version" --reinstall || return 1
    rm -f "$mark"
}

fetch_real() {
    run_dir_open
    jobs_clean_up_at_exit
    copy_of_user || install_official || return 1
    check >/dev/null
}

case $verb in
    check) check ;;
    fetch) fetch_real ;;
esac
