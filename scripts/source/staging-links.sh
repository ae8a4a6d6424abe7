#!/bin/sh
# shellcheck disable=SC2154 # dir and tree are set by the scripts that this is put in front of
# Functions for Kubernetes before 1.30, where packages of staging are found by links in vendor/k8s.io. Where git was told
# that the file system has no links (Windows), it leaves files there that hold where the link leads: they become links, of
# which $dir/links has a list, and files again in the end. Nothing else is touched.

make_staging_links() {
    if [ ! -d "$tree/staging/src/k8s.io" ] || [ ! -d "$tree/vendor/k8s.io" ]; then
        die "got no vendor/k8s.io and staging/src/k8s.io in $tree; expected a tree of Kubernetes before 1.30 for legacyStagingLinks; newer ones need no links"
    fi
    for staged in "$tree"/staging/src/k8s.io/*/; do
        staged=$(basename "$staged")
        leads=../../staging/src/k8s.io/$staged
        link=$tree/vendor/k8s.io/$staged
        if [ ! -L "$link" ] && [ -f "$link" ] && [ "$(cat "$link")" = "$leads" ]; then
            grep -qxF "$staged" "$dir/links" 2>/dev/null || printf '%s\n' "$staged" >>"$dir/links"
            ln -sfnT "$leads" "$link.kubedev-new"
            mv -fT "$link.kubedev-new" "$link"
        fi
    done
}

undo_staging_links() {
    [ -f "$dir/links" ] || return 0
    # Another resource of ours that uses the tree found them there.
    links_heir=$(other_users | head -n 1)
    if [ -n "$links_heir" ]; then
        cat "$dir/links" >>"$links_heir/links"
        rm -f "$dir/links"
        return 0
    fi
    while IFS= read -r staged; do
        leads=../../staging/src/k8s.io/$staged
        link=$tree/vendor/k8s.io/$staged
        if [ "$(readlink "$link" || :)" = "$leads" ]; then
            # As git leaves it: without a line feed.
            printf '%s' "$leads" >"$link.kubedev-new"
            mv -fT "$link.kubedev-new" "$link"
        fi
    done <"$dir/links"
    rm -f "$dir/links"
}
