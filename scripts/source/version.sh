#!/bin/sh
# Functions that tell the version of a tree as Kubernetes' own build does (hack/lib/version.sh there): from the last tag
# v*, the commits since, and whether files were changed.

# True if all is as committed. Untracked files count too; to look for them takes longer. Not git diff, which writes the index.
tree_is_clean() { # directory of the tree
    [ -z "$(GIT_OPTIONAL_LOCKS=0 git -C "$1" status --porcelain --untracked-files=no 2>/dev/null | head -n 1)" ] &&
        [ -z "$(git -C "$1" ls-files --others --exclude-standard --directory 2>/dev/null | head -n 1)" ]
}

# Sets git_version, git_commit, git_tree_state, git_major, git_minor and build_date; empty outside of a repository.
read_version() { # directory of the tree, pid of a child that runs tree_is_clean
    git_version='' git_commit='' git_tree_state='' git_major='' git_minor='' build_date=''
    git_commit=$(git -C "$1" rev-parse --verify --quiet 'HEAD^{commit}') || return 0
    # The same source gives the same binary: the time is the commit's.
    build_date=$(TZ=UTC0 git -C "$1" log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)
    git_version=$(git -C "$1" describe --tags --match='v*' --abbrev=14 2>/dev/null) || git_version=v0.0.0-0-g$(printf %.14s "$git_commit")
    # v1.2.3-4-g<14 digits>: commits after a release count as build metadata, those after a pre-release as part of it.
    git_version=$(printf '%s\n' "$git_version" |
        sed -E 's/^(v[^-]*-[^-]*)-([0-9]+)-g([0-9a-f]{14})$/\1.\2+\3/; s/^(v[^-]*)-([0-9]+)-g([0-9a-f]{14})$/\1-\2+\3/')
    git_tree_state=clean
    wait "$2" || {
        git_tree_state=dirty
        git_version=$git_version-dirty
    }
    numbers=$(printf '%s\n' "$git_version" | sed -nE 's/^v([0-9]+)\.([0-9]+)(\.[0-9]+)?([-].*)?([+].*)?$/\1 \2\4/p')
    git_major=${numbers%% *}
    git_minor=${numbers#* }
    case $git_minor in
    *-*) git_minor=${git_minor%%-*}+ ;;
    esac
}

# Flags of the linker that put the version into a binary. Where a package is not linked in they have no effect.
version_flags() {
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        for pair in "gitVersion=$git_version" "gitCommit=$git_commit" "gitTreeState=$git_tree_state" \
            "gitMajor=$git_major" "gitMinor=$git_minor" "buildDate=$build_date"; do
            [ -z "${pair#*=}" ] || printf ' -X %s.%s' "$package" "$pair"
        done
    done
}
