#!/bin/sh
# shellcheck disable=SC2154 # go, tags and cache_root are set by what is put in front
# Functions that say what the packages of a tree are made from. They only look: nothing is written but to $work, not even
# git's index. Before: prelude.sh, git-env.sh, go-env.sh.
#   KUBEDEV_TREE      directory of the tree
#   KUBEDEV_GO_FLAGS  lines: flags that decide which files count, as -race
#   KUBEDEV_FILES     lines: files below the tree that count always

# Ends with an error line if there is no tree or no Go.
enter_tree() {
    # -P: Go names directories as it was called.
    cd -P "$KUBEDEV_TREE" 2>/dev/null || {
        echo "error=there is no directory $KUBEDEV_TREE; expected the source tree"
        exit 0
    }
    tree=$(pwd -P)
    set_go "$(module_of "$tree")" || {
        echo "error=there is no Go: expected one on the PATH or in /usr/local/go; a BuildHost installs it"
        exit 0
    }
    work=$(mktemp -d)
    trap 'wait; rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    : >"$work/extra"
    GIT_OPTIONAL_LOCKS=0
    export GIT_OPTIONAL_LOCKS
    top=$(git rev-parse --show-toplevel 2>/dev/null) || top=''
    export top tree
    # Beside go list, which takes longer.
    read_index &
    reading=$!
}

# What git knows, into $work/index: blob and path of every file that is in the work tree as it is in the index.
read_index() {
    : >"$work/index"
    # Where git fails nothing is vouched for, and every file is read. Names in quotes, which have odd characters, match no
    # file of go list: those are read too.
    if [ -n "$top" ] &&
        git -C "$top" -c core.quotePath=false diff-files --name-only --ignore-submodules >"$work/dirty" 2>/dev/null &&
        git -C "$top" -c core.quotePath=false ls-files -v --stage >"$work/stage" 2>/dev/null; then
        sed 's/^/dirty	/' "$work/dirty" >"$work/index"
        # H: neither assumed unchanged nor skipped. Modes: a link's blob is its target's name, a submodule has none.
        sed -n 's/^H 100[67][45][45] \([0-9a-f]*\) 0	/\1	/p' "$work/stage" >>"$work/index"
    fi
}

# One line for each package, one for each of its files, one for all that a target needs.
# shellcheck disable=SC2016 # a template of Go
list_format='{{if not .Standard}}package	{{.ImportPath}}	{{with .Module}}{{.Path}}@{{.Version}} {{with .Replace}}{{.Path}}@{{.Version}} {{end}}{{.GoVersion}}{{end}}
{{if or (not .Module) (not .Module.Version) (not .Module.Dir) (and .Module.Replace (not .Module.Replace.Version))}}{{$dir := .Dir}}{{range .GoFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .CgoFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .CFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .CXXFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .MFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .HFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .FFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .SFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .SwigFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .SwigCXXFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .SysoFiles}}file	{{$dir}}/{{.}}
{{end}}{{range .EmbedFiles}}file	{{$dir}}/{{.}}
{{end}}{{end}}{{end}}{{if not .DepOnly}}target	{{.Dir}}	{{.ImportPath}}	{{.DefaultGODEBUG}}	{{range .Deps}}{{.}} {{end}}
{{end}}'

# Lists packages with all that they need, for the platform in the environment, into $work/list.$1; where go list fails
# its words are in $said.
list_packages() { # name argument...
    list_name=$1
    shift
    old_ifs=$IFS
    IFS='
'
    # shellcheck disable=SC2086 # lines
    set -- $KUBEDEV_GO_FLAGS -tags "$tags" -f "$list_format" "$@"
    IFS=$old_ifs
    if ! "$go" list -deps "$@" >"$work/list.$list_name" 2>"$work/said"; then
        rm -f "$work/list.$list_name"
        said=$(grep -v '^go: downloading' "$work/said" | head -n 20)
        printf '%s\n' "$said" | sed 's/^/warning=/'
        return 1
    fi
    "$go" env GOVERSION GOOS GOARCH GOAMD64 GOARM64 GOEXPERIMENT CGO_ENABLED CGO_CFLAGS CGO_LDFLAGS CC >"$work/head.$list_name"
    printf 'tags %s\n' "$tags" >>"$work/head.$list_name"
}

# Files that are there, from standard input, as those of a package that everything needs.
as_extra() {
    while IFS= read -r file; do
        if [ -n "$file" ] && [ -f "$tree/$file" ]; then printf 'file	%s\n' "$tree/$file"; fi
    done >>"$work/extra"
}

# Hashes, into $work/known, of the files in the lists that git does not vouch for.
hash_files() {
    wait "$reading" || :
    cat "$work"/list.* >"$work/lists" 2>/dev/null || return 1
    awk -F '\t' '
        BEGIN { top = ENVIRON["top"] "/" }
        FILENAME ~ /index$/ { if ($1 == "dirty") dirty[$2]; else if (!($2 in dirty)) blob[top $2] = $1; next }
        $1 == "file" && !($2 in blob) && !($2 in seen) { seen[$2]; print $2 }
    ' "$work/index" "$work/lists" "$work/extra" >"$work/unknown"
    if ! git hash-object --no-filters --stdin-paths <"$work/unknown" >"$work/hashes" 2>"$work/said"; then
        echo "error=a file went away while the tree was read: $(head -n 1 "$work/said"); run it again"
        exit 0
    fi
    paste "$work/hashes" "$work/unknown" >"$work/known"
}

# Functions of awk for $work/index, $work/known, $work/extra and a list: record["package"] has a line for the package and
# one for each of its files. Takes `at` for the files in front of the first package.
# shellcheck disable=SC2016,SC2034 # awk, used by the scripts that this is put in front of
awk_records='
    BEGIN { top = ENVIRON["top"] "/"; tree = ENVIRON["tree"] "/" }
    FILENAME ~ /index$/ { if ($1 == "dirty") dirty[$2]; else if (!($2 in dirty)) blob[top $2] = $1; next }
    FILENAME ~ /known$/ { blob[$2] = $1; next }
    $1 == "package" { at = $2; record[at] = record[at] "package " $2 " " $3 "\n"; next }
    $1 == "file" { record[at] = record[at] substr($2, index($2, tree) == 1 ? length(tree) + 1 : 1) " " blob[$2] "\n"; next }
'
