#!/bin/sh
# shellcheck disable=SC2034,SC2154 # shared with the scripts that this is put in front of
# Functions that say what a host lacks for building, and what may be installed on it.
#   KUBEDEV_PROGRAMS        lines: a program or the path of a file, and the Debian package that has it
#   KUBEDEV_FETCH_PROGRAMS  the same, wanted where Go has to be fetched
#   KUBEDEV_PACKAGES        lines: further Debian packages
#   KUBEDEV_GO_VERSION      wanted version of Go; empty: any that can be used
#   KUBEDEV_FREE_MIB        MiB that must be free where caches are
. ./go-version.sh

# Oldest Go that will do where none is asked for (it gets newer ones by itself), and the one that is fetched then.
go_min_minor=21
go_default=1.26.8

# Packages that are missing, one a line.
missing_packages() { # lines as KUBEDEV_PROGRAMS
    printf '%s\n' "$1" | while read -r program package; do
        case $program in
        '') ;;
        /*) [ -e "$program" ] || echo "$package" ;;
        *) command -v "$program" >/dev/null || echo "$package" ;;
        esac
    done
    printf '%s\n' "$KUBEDEV_PACKAGES" | while read -r package; do
        if [ -n "$package" ] && ! is_installed "$package"; then echo "$package"; fi
    done
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c 1-2)" = ii ]; }

# Puts the Go that will do into $go and its version into $go_has; fails if there is none, with $go_has as what is there.
usable_go() {
    go_has=none
    for candidate in "$(command -v go || :)" /usr/local/go/bin/go "$cache_root"/go/*/bin/go; do
        [ -x "$candidate" ] || continue
        go_has=$(version_of_go "$candidate") || continue
        go_has=${go_has#go}
        go=$candidate
        if [ -n "$KUBEDEV_GO_VERSION" ]; then
            [ "$go_has" != "$KUBEDEV_GO_VERSION" ] || return 0
        else
            go_minor=${go_has#1.}
            go_minor=${go_minor%%[!0-9]*}
            [ "${go_minor:-0}" -lt "$go_min_minor" ] || return 0
        fi
    done
    return 1
}

# Sets $as_root: the words in front of a command that runs it as root. Fails where there is no right to.
may_install() {
    command -v apt-get >/dev/null || return 1
    as_root=''
    [ "$(id -u)" -ne 0 ] || return 0
    as_root='sudo -n'
    sudo -n true 2>/dev/null
}

# What is wrong that no installation mends; nothing if all is well.
lasting_problem() { # missing packages, whether something is to be put on the disk
    if [ -n "$1" ] && { [ "$KUBEDEV_INSTALL" != true ] || ! may_install; }; then
        names=$(printf '%s\n' "$1" | sort -u | tr '\n' ' ')
        why='this user may not install it'
        [ "$KUBEDEV_INSTALL" = true ] || why='install is false'
        command -v apt-get >/dev/null || why='there is no apt-get to install it with'
        echo "got no $names(by the names of Debian packages); expected it to be there, since $why; run: sudo apt-get install ${names% }"
        return 0
    fi
    # Builds fill the disk; that it was full once is no reason to stop them.
    [ "$2" = true ] || return 0
    above=$cache_root
    while [ ! -d "$above" ]; do above=$(dirname "$above"); done
    free_mib=$(free_mib_at "$above")
    [ "$free_mib" -ge "$KUBEDEV_FREE_MIB" ] ||
        echo "got $free_mib MiB of free disk at $cache_root; expected $KUBEDEV_FREE_MIB MiB; remove what is no longer needed, or set freeMib to what your builds take"
}
