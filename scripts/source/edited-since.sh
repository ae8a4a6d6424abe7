#!/bin/sh
# Function that tells whether a target was edited while it was built: then the binary is made from something else than
# what the preview looked at, and nobody could say from what.

# Prints the files of the target that are newer than a file, one a line. In the tree, with GOOS and GOARCH set.
# shellcheck disable=SC2154 # go and tags are set by go-env.sh
edited_since() { # file target
    edited=$(find . \( -name .git -o -path ./_output \) -prune -o -type f -newer "$1" -print | sed 's|^\./||')
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
