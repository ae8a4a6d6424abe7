#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh
# Functions that change a node image: in a container of it, which then becomes another one.
container=''
containerd=''

begin_container() { # image
    container=$(docker run -d --entrypoint sleep "$1" 3600)
}
end_container() {
    [ -z "$container" ] || docker rm -f -v "$container" >/dev/null 2>&1 || :
    container=''
}
in_image() { docker exec "$container" "$@"; }

# The control plane runs from images of the node's own containerd.
start_containerd() { # image, for messages
    [ -z "$containerd" ] || return 0
    containerd=started
    docker exec -d "$container" containerd --log-level error
    containerd_tries=0
    until in_image ctr version >/dev/null 2>&1; do
        containerd_tries=$((containerd_tries + 1))
        [ "$containerd_tries" -lt 100 ] || die "containerd of $1 does not answer within 20 s"
        sleep 0.2
    done
}
stop_containerd() {
    [ -z "$containerd" ] || in_image sh -c 'pkill -x containerd; while pgrep -x containerd >/dev/null; do sleep 0.1; done'
    containerd=''
}
images_of_node() { # what is done with them; reads an archive
    docker exec -i "$container" ctr -n k8s.io images "$@" >"$dir/log" 2>&1 || {
        tail -n 5 "$dir/log" >&2
        die "containerd of the node image refuses: images $*"
    }
}
import_images() { images_of_node import --no-unpack --label=io.cri-containerd.pinned=pinned - <"$1"; }

# Images of the engine that every node has from the start.
import_extra_images() { # lines
    [ -n "$1" ] || return 0
    start_containerd "the node image"
    printf '%s\n' "$1" | while IFS= read -r extra; do
        has_image "$extra" ||
            die "there is no image $extra in the engine; expected what extraImages names to be there (docker pull, docker load)"
    done
    # shellcheck disable=SC2086 # words
    docker save -o "$dir/image.tar" $1
    import_images "$dir/image.tar"
    rm -f "$dir/image.tar"
}

commit_container() { # image whose entrypoint and command it has, tag
    docker commit --change "ENTRYPOINT $(docker image inspect -f '{{json .Config.Entrypoint}}' "$1")" \
        --change "CMD $(docker image inspect -f '{{json .Config.Cmd}}' "$1" | sed 's/^null$/[]/')" "$container" "$2" >/dev/null
}

# What stands before several control planes comes with an image of kubedev's own.
share_balancer() { # image, tag
    balancer=$(balancer_of "$1")
    if [ -n "$balancer" ] && has_image "$balancer"; then docker tag "$balancer" "$(balancer_of "$2")"; fi
}
