#!/bin/sh
# Says what is checked out in a tree; nothing if there is none. Only looks. Always ends with 0.
#   KUBEDEV_TREE  absolute path of the tree
. ../host/prelude.sh
. ./git-env.sh
. ./version.sh
[ -e "$KUBEDEV_TREE/.git" ] || exit 0
tree_is_clean "$KUBEDEV_TREE" &
read_version "$KUBEDEV_TREE" "$!"
# shellcheck disable=SC2154 # set by read_version
printf 'commit=%s\nversion=%s\nstate=%s\n' "$git_commit" "$git_version" "$git_tree_state"
echo "branch=$(git -C "$KUBEDEV_TREE" symbolic-ref --quiet --short HEAD || :)"
echo "origin=$(git -C "$KUBEDEV_TREE" config --get remote.origin.url || :)"
go_version=$(cat "$KUBEDEV_TREE/.go-version" 2>/dev/null) ||
    go_version=$(sed -n 's/^toolchain go//p' "$KUBEDEV_TREE/go.mod" 2>/dev/null) || :
[ -n "$go_version" ] || go_version=$(sed -n 's/^go //p' "$KUBEDEV_TREE/go.mod" 2>/dev/null) || :
echo "goVersion=$go_version"
# shellcheck disable=SC2016 # no variable of ours
echo "etcdVersion=$(sed -n 's/^ETCD_VERSION=${ETCD_VERSION:-\(.*\)}$/\1/p' "$KUBEDEV_TREE/hack/lib/etcd.sh" 2>/dev/null || :)"
