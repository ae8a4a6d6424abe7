#!/usr/bin/env bash
# Go, asked for only where something must be built: the installed one where it is recent enough, else
# the vendor's tarball, else the toolchain module of a Go module proxy.
# usage: go.sh check | ensure
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"
# shellcheck source=lib/jobs.sh
. "$ROOT/toolchain/lib/jobs.sh"
# shellcheck source=lib/fetch.sh
. "$ROOT/toolchain/lib/fetch.sh"

home=$CACHE_DIR/toolchain/go-$GO_VERSION-$ARCH_GO
if [ "$ARCH_GO" = amd64 ]; then
    tarball_digest=$GO_TARBALL_SHA256_AMD64 module_digest=$GO_MODULE_SHA256_AMD64
else
    tarball_digest=$GO_TARBALL_SHA256_ARM64 module_digest=$GO_MODULE_SHA256_ARM64
fi

# The newest Go that one of our modules asks for.
wanted() {
    sed -n 's/^go \([0-9.]*\)$/\1/p' "$ROOT"/toolchain/*/go.mod | sort -V | tail -n 1
}

check() {
    local go version want why="none on PATH"
    want=$(wanted)
    # GOTOOLCHAIN=local: what is installed, not what it would download in its place.
    if go=$(command -v go) && version=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null); then
        version=${version#go}
        if version_at_least "${version%%[!0-9.]*}" "$want"; then
            row ready "$version" "$go"
            return
        fi
        why="$go is $version, older than $want"
    fi
    row missing - "$why: take $GO_VERSION from go.dev, else from the Go module proxy"
}

from_vendor() {
    local name=go$GO_VERSION.linux-$ARCH_GO.tar.gz
    reachable https://go.dev || return 1
    job go-download "downloading Go $GO_VERSION from go.dev" \
        fetch "https://go.dev/dl/$name" "$tarball_digest" "$name" || return 1
    mkdir "$1" &&
        tar -xzf "$(download_path "$tarball_digest" "$name")" -C "$1" --strip-components=1 --no-same-owner
}

from_proxy() {
    local name=v0.0.1-go$GO_VERSION.linux-$ARCH_GO.zip proxy proxies
    IFS=',|' read -r -a proxies <<<"${GOPROXY:-https://proxy.golang.org}"
    for proxy in "${proxies[@]}"; do
        case $proxy in http://* | https://*) ;; *) continue ;; esac
        reachable "$proxy" || continue
        job go-download "downloading Go $GO_VERSION as a module from ${proxy#*://}" \
            fetch "${proxy%/}/golang.org/toolchain/@v/$name" "$module_digest" "$name" || continue
        # A module's zip carries no modes.
        mkdir "$1" &&
            unzip -q "$(download_path "$module_digest" "$name")" -d "$1/zip" &&
            mv "$1/zip/golang.org/toolchain@${name%.zip}"/* "$1" &&
            rm -r "$1/zip" &&
            chmod 755 "$1"/bin/* "$1"/pkg/tool/*/*
        return
    done
    return 1
}

ensure() {
    ! check >/dev/null || return 0
    run_dir_open
    jobs_clean_up_at_exit
    if [ ! -x "$home/bin/go" ]; then
        mkdir -p "$(dirname "$home")"
        rm -rf "$home"
        half=$home.partial-$$
        trap 'jobs_abort; rm -rf "$half"; run_dir_close' EXIT
        from_vendor "$half" || { rm -rf "$half" && from_proxy "$half"; } ||
            die "Go $GO_VERSION cannot be had: neither go.dev nor a module proxy gave it" \
                "install Go $(wanted) or newer, or set GOPROXY to a proxy that answers"
        place_tree "$home" "$half"
    fi
    local name
    for name in go gofmt; do ln -sfn "$home/bin/$name" "$BIN_DIR/$name"; done
    hash -r
    check >/dev/null || die "Go from $home does not run: $("$home/bin/go" version 2>&1 | head -n 1)"
}

"$1"
