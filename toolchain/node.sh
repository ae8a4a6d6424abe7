#!/usr/bin/env bash
# Node and npm: the installed ones where they are recent enough, else the vendor's tarball, else the
# npm packages that carry the same release.
# usage: node.sh check | ensure
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"
# shellcheck source=lib/jobs.sh
. "$ROOT/toolchain/lib/jobs.sh"
# shellcheck source=lib/fetch.sh
. "$ROOT/toolchain/lib/fetch.sh"

home=$CACHE_DIR/toolchain/node-$NODE_VERSION-$ARCH_NODE
if [ "$ARCH_NODE" = x64 ]; then
    tarball_digest=$NODE_TARBALL_SHA256_X64 package_digest=$NODE_PACKAGE_SHA512_X64
else
    tarball_digest=$NODE_TARBALL_SHA256_ARM64 package_digest=$NODE_PACKAGE_SHA512_ARM64
fi
tarball=node-v$NODE_VERSION-linux-$ARCH_NODE.tar.gz
package=node-linux-$ARCH_NODE

check() {
    local node version why="none on PATH"
    if node=$(command -v node) && version=$(node --version 2>/dev/null); then
        version=${version#v}
        if ! version_at_least "$version" "$NODE_MIN_MAJOR"; then
            why="$node is $version, older than $NODE_MIN_MAJOR"
        elif ! command -v npm >/dev/null; then
            why="$node comes without npm"
        else
            row ready "$version" "$node"
            return
        fi
    fi
    row missing - "$why: take $NODE_VERSION from nodejs.org, else from the npm package $package"
}

# The registry that npm would use: its environment variable, its files, the public one.
npm_registry() {
    local file line
    line=${NPM_CONFIG_REGISTRY:-${npm_config_registry:-}}
    for file in "$ROOT/.npmrc" "$HOME/.npmrc" /etc/npmrc; do
        if [ -n "$line" ] || [ ! -r "$file" ]; then continue; fi
        line=$(sed -n 's/^[[:space:]]*registry[[:space:]]*=[[:space:]]*//p' "$file" | tail -n 1)
    done
    line=${line:-https://registry.npmjs.org}
    printf '%s\n' "${line%/}"
}

from_vendor() {
    local url=https://nodejs.org/dist/v$NODE_VERSION/$tarball
    reachable "$url" || return 1
    job node-download "downloading Node $NODE_VERSION from nodejs.org" fetch "$url" "$tarball_digest" "$tarball" || return 1
    mkdir "$1" &&
        tar -xzf "$(download_path "$tarball_digest" "$tarball")" -C "$1" --strip-components=1 --no-same-owner
}

from_npm() {
    local registry
    registry=$(npm_registry)
    reachable "$registry" || return 1
    say "taking Node $NODE_VERSION from the npm registry"
    job_start node-download "downloading the npm package $package" \
        fetch "$registry/$package/-/$package-$NODE_VERSION.tgz" "$package_digest" "$package-$NODE_VERSION.tgz"
    job_start npm-download "downloading npm $NPM_VERSION" \
        fetch "$registry/npm/-/npm-$NPM_VERSION.tgz" "$NPM_PACKAGE_SHA512" "npm-$NPM_VERSION.tgz"
    jobs_wait || return 1
    mkdir -p "$1/bin" "$1/lib/node_modules/npm" &&
        tar -xzf "$(download_path "$package_digest" "$package-$NODE_VERSION.tgz")" -C "$1" \
            --strip-components=1 --no-same-owner package/bin/node &&
        tar -xzf "$(download_path "$NPM_PACKAGE_SHA512" "npm-$NPM_VERSION.tgz")" \
            -C "$1/lib/node_modules/npm" --strip-components=1 --no-same-owner &&
        chmod 755 "$1/bin/node" "$1"/lib/node_modules/npm/bin/*-cli.js &&
        ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/bin/npm" &&
        ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/bin/npx"
}

ensure() {
    ! check >/dev/null || return 0
    run_dir_open
    jobs_clean_up_at_exit
    if [ ! -x "$home/bin/node" ]; then
        mkdir -p "$(dirname "$home")"
        rm -rf "$home"
        half=$home.partial-$$
        trap 'jobs_abort; rm -rf "$half"; run_dir_close' EXIT
        from_vendor "$half" || { rm -rf "$half" && from_npm "$half"; } ||
            die "Node $NODE_VERSION cannot be had: neither nodejs.org nor the npm registry gave it" \
                "install Node $NODE_MIN_MAJOR or newer, or set NPM_CONFIG_REGISTRY to a registry that answers"
        place_tree "$home" "$half"
    fi
    local name
    for name in node npm npx; do ln -sfn "$home/bin/$name" "$BIN_DIR/$name"; done
    hash -r
    check >/dev/null || die "Node from $home does not run: $("$home/bin/node" --version 2>&1 | head -n 1)"
}

"$1"
