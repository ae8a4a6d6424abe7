#!/bin/sh
# Functions that find Go on a host and set the environment in which packages are listed and built.
#   KUBEDEV_GO_VERSION  wanted version, as 1.26.2; empty: any
#   KUBEDEV_CGO         0 or 1: CGO_ENABLED
#   KUBEDEV_TAGS        build tags, comma-separated; "default": those of the repository's own build
#   KUBEDEV_DEBUG       true: for a debugger
. ./go-version.sh

# shellcheck disable=SC2154 # cache_root is set by the prelude
# Puts the Go to use into $go. Version by version as a login shell, a vendor's tarball and BuildHost leave it.
find_go() {
    go=''
    for candidate in "$(command -v go || :)" /usr/local/go/bin/go "$cache_root"/go/*/bin/go; do
        [ -x "$candidate" ] || continue
        found=$(version_of_go "$candidate") || continue
        if [ -n "$KUBEDEV_GO_VERSION" ]; then
            if [ "$found" = "go$KUBEDEV_GO_VERSION" ]; then
                go=$candidate
                GOTOOLCHAIN=local
                export GOTOOLCHAIN
                return 0
            fi
        fi
        # From 1.21 on it can get another version of itself; an older one is better than none.
        minor=${found#go1.}
        minor=${minor%%[!0-9]*}
        if [ "${minor:-0}" -ge 21 ]; then
            go=$candidate
            [ -n "$KUBEDEV_GO_VERSION" ] || return 0
        else
            go=${go:-$candidate}
        fi
    done
    [ -n "$go" ] || return 1
    [ -n "$KUBEDEV_GO_VERSION" ] || return 0
    # Not installed: Go gets it as a toolchain module, from the same proxy as all modules.
    GOTOOLCHAIN=go$KUBEDEV_GO_VERSION
    export GOTOOLCHAIN
}

module_of() { sed -n "s/^module //p" "$1/go.mod" 2>/dev/null | head -n 1; }

# Each tree says in .go-version, or else in go.mod, what it wants; Go itself sees to go.mod.
set_go() { # module path
    if [ -z "$KUBEDEV_GO_VERSION" ]; then
        GOTOOLCHAIN=${GOTOOLCHAIN:-auto}
        export GOTOOLCHAIN
    fi
    find_go || return 1
    CGO_ENABLED=$KUBEDEV_CGO
    # Flags and a workspace of the user's shell are not part of what was declared.
    GOFLAGS=''
    unset GOWORK
    export CGO_ENABLED GOFLAGS
    tags=$KUBEDEV_TAGS
    if [ "$tags" = default ]; then
        tags=''
        if [ "$1" = k8s.io/kubernetes ]; then
            # hack/lib/golang.sh: a debugger wants the traces that grpcnotrace leaves out.
            tags=selinux,notest
            [ "$KUBEDEV_DEBUG" = true ] || tags=$tags,grpcnotrace
        fi
    fi
}
