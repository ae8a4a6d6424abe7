#!/bin/sh
# shellcheck disable=SC2154 # go and tags are set by go-env.sh, new by build.sh
# Function that tells whether a target was edited while it was built: then the binary is made from something else than
# what the preview looked at, and nobody could say from what.

# Files of the tree that are newer than a file. git is asked for the few that can be, unless a commit or another branch has
# come meanwhile: then every file is looked at.
newer_files() { # file
    # shellcheck disable=SC3013 # not in POSIX, but in dash, bash, busybox, ksh and zsh
    if git diff-files --diff-filter=d --name-only --relative --ignore-submodules -z >"$new/changed" 2>/dev/null &&
        [ ! "$(git rev-parse --git-path index)" -nt "$1" ]; then
        wait "$untracked_pid" || :
        # shellcheck disable=SC2016 # of the inner shell
        cat "$new/changed" "$new/untracked" |
            xargs -0 -r sh -c 'marker=$1; shift; find "$@" -maxdepth 0 -type f -newer "$marker" 2>/dev/null' sh "$1" || :
    else
        find . \( -name .git -o -path ./_output \) -prune -o -type f -newer "$1" -print | sed 's|^\./||'
    fi
}

# Prints the files of the target that are newer than a file, one a line. In the tree, with GOOS and GOARCH set.
edited_since() { # file target
    # Side by side: each takes a while in a large tree.
    git ls-files -o --exclude-standard -z >"$new/untracked" 2>/dev/null &
    untracked_pid=$!
    newer_files "$1" >"$new/newer"
    wait "$untracked_pid" || :
    edited=$(cat "$new/newer")
    rm -f "$new/changed" "$new/untracked" "$new/newer"
    [ -n "$edited" ] || return 0
    pattern=$2
    if [ -d "./$2" ]; then pattern=./$2; fi
    old_ifs=$IFS
    IFS='
'
    # shellcheck disable=SC2016,SC2086 # a template of Go; lines
    set -- -tags "$tags" -f '{{if not .Standard}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}
{{end}}{{range .CgoFiles}}{{$dir}}/{{.}}
{{end}}{{range .SFiles}}{{$dir}}/{{.}}
{{end}}{{range .HFiles}}{{$dir}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}
{{end}}{{end}}' $KUBEDEV_GO_FLAGS "$pattern"
    IFS=$old_ifs
    {
        # What cannot be listed any more was edited.
        "$go" list -deps "$@" 2>/dev/null || printf '%s\n' "$edited" | sed "s|^|$(pwd -P)/|"
        for name in go.mod go.work go.sum vendor/modules.txt; do printf '%s/%s\n' "$(pwd -P)" "$name"; done
    } | sed "s|^$(pwd -P)/||" | sort -u >"$new/files"
    printf '%s\n' "$edited" | sort -u | comm -12 - "$new/files"
    rm -f "$new/files"
}
