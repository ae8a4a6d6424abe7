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
#   and what closure.sh and go-env.sh take
. ../host/prelude.sh
. ./git-env.sh
. ./go-env.sh
. ./closure.sh
enter_tree

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
    GOOS=${platform%/*}
    GOARCH=${platform#*/}
    export GOOS GOARCH
    # shellcheck disable=SC2046 # one word each
    if ! list_packages "$GOOS-$GOARCH" $(patterns); then
        digest=$(printf '%s' "$said" | sha256sum | cut -d ' ' -f 1)
        printf '%s\n' "$KUBEDEV_TARGETS" | sed "s|\$| $platform $digest|; s/^/fingerprint=/"
    fi
done
# A profile beside a command is used without being asked for.
{
    printf '%s\n' "$KUBEDEV_FILES"
    printf '%s\n' "$KUBEDEV_TARGETS" | sed 's|$|/default.pgo|'
} | as_extra
hash_files || exit 0

printf '%s\n' "$KUBEDEV_PLATFORMS" | while IFS= read -r platform; do
    name=$(printf '%s' "$platform" | tr / -)
    [ -f "$work/list.$name" ] || continue
    mkdir "$work/$name"
    # One file for each target: what it is made from, in Go's own order.
    awk -F '\t' -v out="$work/$name/" '
        BEGIN {
            count = split(ENVIRON["KUBEDEV_TARGETS"], wanted, "\n")
            for (i = 1; i <= count; i++) number[wanted[i]] = i
        }
        '"$awk_records"'
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
