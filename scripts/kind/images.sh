#!/bin/sh
# shellcheck disable=SC2154 # cache_root is set by prelude.sh
# Functions that see to node images in the engine.

# Where an image is kept: by its name, and by how it was built.
node_image_archive() { # tag recipe
    printf '%s/node-images/%s-%s.tar.zst\n' "$cache_root" "$(printf '%s' "$1" | tr '/:' '--')" "$2"
}
has_image() { docker image inspect "$1" >/dev/null 2>&1; }

# What stands before several control planes of such an image, made together with it.
balancer_of() { # tag of the node image
    case $1 in kubedev/node:*) echo "kubedev/balancer:${1#*:}" ;; esac
}

# Gets a node image that an earlier build kept into this engine; fails if there is none.
load_node_image() { # tag, recipe or * for the newest
    has_image "$1" && return 0
    # shellcheck disable=SC2010,SC2012 # names of our own
    node_archive=$(ls -t "$cache_root/node-images/" 2>/dev/null |
        grep -x "$(basename "$(node_image_archive "$1" "$2")" | sed 's/[.]/[.]/g; s/[*]/[0-9a-f]*/')" | head -n 1)
    [ -n "$node_archive" ] || return 1
    node_archive=$cache_root/node-images/$node_archive
    say "loading the node image $1"
    touch "$node_archive"
    zstd -q -d -c "$node_archive" | docker load -q >/dev/null
}
