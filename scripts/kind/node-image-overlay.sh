#!/bin/sh
# Makes sure of a node image that is another one with programs laid over. It takes seconds, so that nothing is kept.
#   KUBEDEV_IMAGE_BASE  the image below
#   KUBEDEV_IMAGE_TAG   its name, which says what it is made from
#   KUBEDEV_BINARIES    lines: program, what tells it from another one, absolute path
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
. ./program-image.sh
take_lock
use_engine
base=$KUBEDEV_IMAGE_BASE
tag=$KUBEDEV_IMAGE_TAG
container=''
clean_up() {
    [ -z "$container" ] || docker rm -f -v "$container" >/dev/null 2>&1 || :
    drop_program_image
    rm -f "$dir/log" "$dir/program"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

in_image() { docker exec "$container" "$@"; }
images_of_node() { # what is done with them; reads an archive
    docker exec -i "$container" ctr -n k8s.io images "$@" >"$dir/log" 2>&1 || {
        tail -n 5 "$dir/log" >&2
        die "containerd of $base refuses: images $*"
    }
}

# The control plane runs from images of the node's own containerd, under the names that its kubeadm asks for.
start_containerd() {
    [ -z "${containerd:-}" ] || return 0
    containerd=started
    docker exec -d "$container" containerd --log-level error
    containerd_tries=0
    until in_image ctr version >/dev/null 2>&1; do
        containerd_tries=$((containerd_tries + 1))
        [ "$containerd_tries" -lt 100 ] || die "containerd of $base does not answer within 20 s"
        sleep 0.2
    done
}
lay_over_image() { # program, path
    start_containerd
    # shellcheck disable=SC2016 # of the inner shell
    name=$(in_image sh -c 'kubeadm config images list --kubernetes-version "$(cat /kind/version)" 2>/dev/null' | grep "/$1:") ||
        die "kubeadm of $base names no image of $1"
    make_program_image "kubedev.invalid/$1:overlay" "$1" "$2"
    images_of_node import --no-unpack --label=io.cri-containerd.pinned=pinned - <"$dir/image.tar"
    images_of_node tag --force "kubedev.invalid/$1:overlay" "$name" </dev/null
    images_of_node rm "kubedev.invalid/$1:overlay" </dev/null
}

lay_over() {
    begin=$(date +%s)
    has_image "$base" || load_node_image "$base" '*' || docker pull -q "$base" >/dev/null ||
        die "there is no node image $base in the engine, and it cannot be pulled"
    container=$(docker run -d --entrypoint sleep "$base" 3600)
    while read -r program _ file; do
        [ -f "$file" ] || die "there is no file $file; expected the $program that is laid over $base"
        case $program in
        kube-*) lay_over_image "$program" "$file" ;;
        *)
            cp --reflink=auto "$file" "$dir/program"
            chmod 0755 "$dir/program"
            docker cp "$dir/program" "$container:/usr/bin/$program" >/dev/null
            rm -f "$dir/program"
            ;;
        esac
    done <<LINES
$KUBEDEV_BINARIES
LINES
    [ -z "${containerd:-}" ] || in_image sh -c 'pkill -x containerd; while pgrep -x containerd >/dev/null; do sleep 0.1; done'
    docker commit --change "ENTRYPOINT $(docker image inspect -f '{{json .Config.Entrypoint}}' "$base")" \
        --change "CMD $(docker image inspect -f '{{json .Config.Cmd}}' "$base" | sed 's/^null$/[]/')" "$container" "$tag" >/dev/null
    balancer=$(balancer_of "$base")
    if [ -n "$balancer" ] && has_image "$balancer"; then docker tag "$balancer" "$(balancer_of "$tag")"; fi
    say "laid over $base in $(($(date +%s) - begin)) s"
}

has_image "$tag" || lay_over
write_record "kind=node-image" "fact.tag=$tag"
printf '{"tag":"%s"}\n' "$tag"
