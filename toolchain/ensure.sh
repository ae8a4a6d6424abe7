#!/usr/bin/env bash
# Makes sure that a set of tools is there; quick and silent when it is.
# usage: ensure.sh base | up | addons | azure | test
#   base    Node, npm packages and what fetching takes
#   up      base, what the environments run, Pulumi with its plugins
#   addons  up, and the plugins that only add-ons take
#   azure   up, and the plugin for what is in Azure
#   test    addons, azure, Go, and what only tests need; OS packages that cannot be installed here are named, and
#           the tests that need them are left to say so
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"
# shellcheck source=lib/jobs.sh
. "$ROOT/toolchain/lib/jobs.sh"
# shellcheck source=lib/fetch.sh
. "$ROOT/toolchain/lib/fetch.sh"
# shellcheck source=lib/ready.sh
. "$ROOT/toolchain/lib/ready.sh"

set_name=${1:-up}
here=$ROOT/toolchain
export PULUMI_SKIP_UPDATE_CHECK=true

case $set_name in
    base) package_sets=(base) ;;
    up | addons | azure) package_sets=(base up) ;;
    test) package_sets=(base up kind test) ;;
    *) die "ensure.sh: $set_name is not one of base, up, addons, azure, test" ;;
esac

! is_ready "$set_name" "${package_sets[@]}" || exit 0

mkdir -p "$TOOLCHAIN_DIR"
exec 9>"$TOOLCHAIN_DIR/lock"
if ! flock -n 9; then
    say "another make prepares the toolchain of this clone; waiting for it"
    flock 9
    ! is_ready "$set_name" "${package_sets[@]}" || exit 0
fi
# What a killed run left; nobody else can be using it under this lock.
rm -rf "$TOOLCHAIN_DIR"/run.????????
run_dir_open
# The CLI logs every property of every call for its makers, which takes a tenth of a small preview and half of a large one.
# No setting ends that, but where no directory can be made it does without.
if [ ! -f "$TOOLCHAIN_DIR/pulumi/logs" ]; then
    mkdir -p "$TOOLCHAIN_DIR/pulumi"
    rm -rf "$TOOLCHAIN_DIR/pulumi/logs"
    : >"$TOOLCHAIN_DIR/pulumi/logs"
fi
jobs_clean_up_at_exit

# --- one after the other: what the rest stands on
soft_failure=
if [ "$set_name" = test ]; then
    "$here/os-packages.sh" ensure base
    "$here/os-packages.sh" ensure up kind test || soft_failure=1
else
    "$here/os-packages.sh" ensure "${package_sets[@]}"
fi
"$here/node.sh" ensure

# --- decide what must be built; ask the network before anything long begins
builds=()
later=()
if [ "$set_name" != base ]; then
    "$here/pulumi.sh" check >/dev/null || "$here/pulumi.sh" fetch || builds+=(cli language-nodejs)
    plugins=("${PLUGINS[@]}")
    case $set_name in addons | test) plugins+=("${ADDON_PLUGINS[@]}") ;; esac
    case $set_name in azure | test) plugins+=("${AZURE_PLUGINS[@]}") ;; esac
    for plugin in "${plugins[@]}"; do
        name=${plugin%%:*} version=${plugin#*:}
        ! "$here/plugin.sh" check "$name" "$version" >/dev/null || continue
        if ((${#builds[@]} == 0)); then
            "$here/plugin.sh" fetch "$name" "$version" || builds+=("plugin:$plugin")
        elif reachable https://get.pulumi.com; then
            later+=("$plugin")
        else
            builds+=("plugin:$plugin")
        fi
    done
fi
if ((${#builds[@]})) || [ "$set_name" = test ]; then
    "$here/go.sh" ensure
fi

# --- side by side: what takes long
build_text() {
    case $1 in
        cli) echo "building the Pulumi CLI from Go modules (about 3 min)" ;;
        language-nodejs) echo "building Pulumi's Node language host from Go modules (about 20 s)" ;;
        plugin:*) echo "building the drop-in for the plugin $(cut -d: -f2 <<<"$1") from toolchain/providers (1 to 4 min)" ;;
    esac
}

if "$here/npm.sh" check >/dev/null; then
    "$here/npm.sh" ensure # notes that all is there
else
    job_start npm "installing npm packages" "$here/npm.sh" ensure
fi
for build in "${builds[@]}"; do
    job_start "build-${build//:/-}" "$(build_text "$build")" "$here/go-build.sh" "$build"
done
jobs_wait || die "the toolchain is not complete" "what was made is kept: the same command goes on from here"
for plugin in "${later[@]}"; do
    "$here/plugin.sh" fetch "${plugin%%:*}" "${plugin#*:}" && continue
    "$here/go.sh" ensure
    job "build-plugin" "$(build_text "plugin:$plugin")" "$here/go-build.sh" "plugin:$plugin" ||
        die "the plugin $plugin cannot be had"
done

[ -n "$soft_failure" ] || mark_ready "$set_name"
