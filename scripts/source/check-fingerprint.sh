#!/bin/sh
# Says what a suite of checks looks at: one digest over the packages, their tests and what is below their testdata; or
# over the whole tree. Only looks. Prints, and always ends with 0:
#   fingerprint=checks <sha256>
#   warning=<text>    the packages cannot be listed; the digest is that of the message
#   error=<text>      there is no tree or no Go
#   KUBEDEV_TARGETS   lines: patterns of packages, as ./pkg/...; empty: the whole tree
#   and what closure.sh and go-env.sh take
. ../host/prelude.sh
. ./git-env.sh
. ./go-env.sh
. ./closure.sh
enter_tree

# Every file, as the index has it or as it is.
whole_tree() {
    wait "$reading" || :
    # The tree may be a part of a repository: what git names is below its top.
    cd "${top:-$tree}" || return 1
    if [ -n "$top" ]; then
        git ls-files -co -z --exclude-standard | tr '\0' '\n'
    else
        find . -type f -o -type l
    fi | sort -u >"$work/all"
    : >"$work/unknown"
    : >"$work/read"
    awk -F '\t' -v unknown="$work/unknown" '
        FILENAME ~ /index$/ { if ($1 == "dirty") dirty[$2]; else if (!($2 in dirty)) blob[$2] = $1; next }
        $0 in blob { print $0, blob[$0]; next }
        { print >unknown }
    ' "$work/index" "$work/all"
    while IFS= read -r file; do
        if [ -L "$file" ]; then
            printf '%s %s\n' "$file" "$(readlink "$file")"
        elif [ -f "$file" ]; then
            printf '%s\n' "$file" >>"$work/read"
        elif [ -d "$file" ]; then
            # A submodule.
            printf '%s %s\n' "$file" "$(git -C "$file" rev-parse HEAD; git -C "$file" status --porcelain)"
        fi
    done <"$work/unknown"
    cat "$work/read"
    git hash-object --no-filters --stdin-paths <"$work/read"
}

if [ -z "$KUBEDEV_TARGETS" ]; then
    "$go" env GOVERSION >"$work/go"
    if ! whole_tree >"$work/tree" 2>"$work/said"; then
        echo "error=a file went away while the tree was read: $(head -n 1 "$work/said"); run it again"
        exit 0
    fi
    echo "fingerprint=checks $(cat "$work/go" "$work/tree" | sha256sum | cut -d ' ' -f 1)"
    exit 0
fi

old_ifs=$IFS
IFS='
'
# shellcheck disable=SC2086 # lines
set -- $KUBEDEV_TARGETS
IFS=$old_ifs
if ! list_packages host -test "$@"; then
    echo "fingerprint=checks $(printf '%s' "$said" | sha256sum | cut -d ' ' -f 1)"
    exit 0
fi
# The generated main of a test is in Go's cache.
sed -i '/^file	.*\/\//d' "$work/list.host"
printf '%s\n' "$KUBEDEV_FILES" | as_extra
sed -n 's/^target	\([^	]*\)	.*/\1/p' "$work/list.host" | sort -u | while IFS= read -r place; do
    if [ -d "$place/testdata" ]; then find "$place/testdata" -type f; fi
done | sort | sed 's/^/file	/' >>"$work/extra"
hash_files
awk -F '\t' "$awk_records"'
    END { for (at in record) printf "%s", record[at] }
' "$work/index" "$work/known" "$work/extra" "$work/list.host" | LC_ALL=C sort >"$work/made"
echo "fingerprint=checks $(cat "$work/head.host" "$work/made" | sha256sum | cut -d ' ' -f 1)"
