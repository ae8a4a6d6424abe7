#!/bin/sh
# Says what each target is made from: one digest for each target and platform, over the files of its packages (git's
# blob ids where a file is as git knows it, else hashes of the content), the versions of the modules, Go, tags and
# environment. Only looks: writes nothing, not even git's index. Prints, and always ends with 0:
#   fingerprint=<target> <platform> <sha256>
#   warning=<text>    a target cannot be listed; its digest is that of the message
#   error=<text>      there is no tree or no Go
#   KUBEDEV_TREE       directory of the tree
#   KUBEDEV_TARGETS    lines: a directory below the tree, or an import path
#   KUBEDEV_PLATFORMS  lines: os/architecture
#   KUBEDEV_FILES      lines: files below the tree that count for every target
#   KUBEDEV_GO_FLAGS   lines: flags that decide which files count, as -race
#   and what go-env.sh takes
. ../host/prelude.sh
. ./git-env.sh
. ./go-env.sh

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
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# What git knows: path and blob of every file that is in the work tree as it is in the index.
GIT_OPTIONAL_LOCKS=0
export GIT_OPTIONAL_LOCKS
top=$(git rev-parse --show-toplevel 2>/dev/null) || top=''
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

missing=$(printf '%s\n' "$KUBEDEV_TARGETS" | while IFS= read -r target; do
    # An import path has a host name in front.
    case ${target%%/*} in *.*) continue ;; esac
    [ -d "./$target" ] || echo "$target"
done)
if [ -n "$missing" ]; then
    printf '%s\n' "$missing" | sed "s|.*|error=there is no & in $tree; expected the directory of a command, as cmd/kubelet|"
    exit 0
fi
patterns() {
    printf '%s\n' "$KUBEDEV_TARGETS" | while IFS= read -r target; do
        if [ -d "./$target" ]; then echo "./$target"; else echo "$target"; fi
    done
}

printf '%s\n' "$KUBEDEV_PLATFORMS" | while IFS= read -r platform; do
    name=$(printf '%s' "$platform" | tr / -)
    GOOS=${platform%/*}
    GOARCH=${platform#*/}
    export GOOS GOARCH
    old_ifs=$IFS
    IFS='
'
    # shellcheck disable=SC2086 # lines
    set -- $KUBEDEV_GO_FLAGS
    IFS=$old_ifs
    # shellcheck disable=SC2046 # one word each
    if ! "$go" list -deps "$@" -tags "$tags" -f "$list_format" $(patterns) >"$work/list.$name" 2>"$work/said.$name"; then
        rm -f "$work/list.$name"
        said=$(grep -v '^go: downloading' "$work/said.$name" | head -n 20)
        printf '%s\n' "$said" | sed 's/^/warning=/'
        digest=$(printf '%s' "$said" | sha256sum | cut -d ' ' -f 1)
        printf '%s\n' "$KUBEDEV_TARGETS" | sed "s|\$| $platform $digest|; s/^/fingerprint=/"
        continue
    fi
    "$go" env GOVERSION GOOS GOARCH GOAMD64 GOARM64 GOEXPERIMENT CGO_ENABLED CGO_CFLAGS CGO_LDFLAGS CC >"$work/head.$name"
    printf 'tags %s\n' "$tags" >>"$work/head.$name"
done
cat "$work"/list.* >"$work/lists" 2>/dev/null || exit 0

# Files that count for all, as those of a package that every target needs.
# A profile beside a command is used without being asked for.
{
    printf '%s\n' "$KUBEDEV_FILES"
    printf '%s\n' "$KUBEDEV_TARGETS" | sed 's|$|/default.pgo|'
} | while IFS= read -r file; do
    if [ -n "$file" ] && [ -f "$tree/$file" ]; then printf 'file	%s\n' "$tree/$file"; fi
done >"$work/extra"

# Hashes of the files that git does not vouch for.
export top tree
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

printf '%s\n' "$KUBEDEV_PLATFORMS" | while IFS= read -r platform; do
    name=$(printf '%s' "$platform" | tr / -)
    [ -f "$work/list.$name" ] || continue
    mkdir "$work/$name"
    # One file for each target: what it is made from, in Go's own order.
    awk -F '\t' -v out="$work/$name/" '
        BEGIN {
            top = ENVIRON["top"] "/"
            tree = ENVIRON["tree"] "/"
            count = split(ENVIRON["KUBEDEV_TARGETS"], wanted, "\n")
            for (i = 1; i <= count; i++) number[wanted[i]] = i
        }
        FILENAME ~ /index$/ { if ($1 == "dirty") dirty[$2]; else if (!($2 in dirty)) blob[top $2] = $1; next }
        FILENAME ~ /known$/ { blob[$2] = $1; next }
        $1 == "package" { at = $2; record[at] = record[at] "package " $2 " " $3 "\n"; next }
        $1 == "file" { record[at] = record[at] substr($2, index($2, tree) == 1 ? length(tree) + 1 : 1) " " blob[$2] "\n"; next }
        $1 == "target" {
            below = substr($2, length(tree) + 1)
            which = below in number ? number[below] : number[$3]
            if (!which) next
            file = out which
            printf "%s%s\n", record[$3], $4 >file
            deps = split($5, dep, " ")
            for (i = 1; i <= deps; i++) if (dep[i] in record) printf "%s", record[dep[i]] >file
            printf "%s", record["for all"] >file
            close(file)
        }
    ' "$work/index" "$work/known" at="for all" "$work/extra" at="" "$work/list.$name"
    number=0
    printf '%s\n' "$KUBEDEV_TARGETS" | while IFS= read -r target; do
        number=$((number + 1))
        if [ -f "$work/$name/$number" ]; then
            digest=$(cat "$work/head.$name" "$work/$name/$number" | sha256sum | cut -d ' ' -f 1)
            echo "fingerprint=$target $platform $digest"
        else
            echo "error=$target is no package of $tree; expected a directory below it or an import path"
        fi
    done
done
