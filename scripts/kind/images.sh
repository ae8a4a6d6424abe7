#!/bin/sh
# shellcheck disable=SC2154 # cache_root, state_root and record are set by prelude.sh
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

# Removes an image that no other thing of this user stands for, and what came with it, unless a container is made of it. Its
# name says what it is made from, so that stacks share it.
drop_image() { # tag
    for other in "$state_root"/*/*/*/record; do
        if [ "$other" != "$record" ] && grep -qsxF "fact.tag=$1" "$other"; then return 0; fi
    done
    for image in "$1" $(balancer_of "$1"); do docker rmi "$image" >/dev/null 2>&1 || :; done
}

# Notes the image that the thing now stands for. The one before goes at once, or else with the last cluster of it.
note_node_image() { # tag, further lines of the record...
    image_before=$(field fact.tag)
    note_tag=$1
    shift
    write_record "kind=node-image" "fact.tag=$note_tag" "fact.first=${KUBEDEV_IMAGE_FIRST:-$note_tag}" "$@"
    [ -z "$image_before" ] || [ "$image_before" = "$note_tag" ] || drop_image "$image_before"
}
