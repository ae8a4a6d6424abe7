#!/bin/sh
# Prints the version of a Go, as go1.26.2, from the file that its releases have where there is one: quicker than to ask it.
version_of_go() { # path of go
    go_root=$(readlink -f "$1") && go_root=${go_root%/bin/go}
    if [ -r "$go_root/VERSION" ]; then
        read -r released _ <"$go_root/VERSION" || :
        case $released in go1.*)
            echo "$released"
            return 0
            ;;
        esac
    fi
    (cd / && GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null)
}
