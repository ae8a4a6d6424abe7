#!/bin/sh
# Makes sure of a node image that is another one with programs and images laid over. It takes seconds, so that nothing is
# kept.
#   KUBEDEV_IMAGE_BASE    the image below
#   KUBEDEV_IMAGE_TAG     its name, which says what it is made from
#   KUBEDEV_IMAGE_FIRST   the name with which the thing began
#   KUBEDEV_BINARIES      lines: program, what tells it from another one, absolute path
#   KUBEDEV_EXTRA_IMAGES  lines: images of the engine that the nodes have from the start
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
. ./program-image.sh
. ./node-container.sh
take_lock
use_engine
base=$KUBEDEV_IMAGE_BASE
tag=$KUBEDEV_IMAGE_TAG
clean_up() {
    end_container
    drop_program_image
    rm -f "$dir/log" "$dir/program"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Under the name that its kubeadm asks for.
lay_over_image() { # program, path
    start_containerd "$base"
    # shellcheck disable=SC2016 # of the inner shell
    name=$(in_image sh -c 'kubeadm config images list --kubernetes-version "$(cat /kind/version)" 2>/dev/null' | grep "/$1:") ||
        die "kubeadm of $base names no image of $1"
    make_program_image "kubedev.invalid/$1:overlay" "$1" "$2"
    import_images "$dir/image.tar"
    images_of_node tag --force "kubedev.invalid/$1:overlay" "$name" </dev/null
    images_of_node rm "kubedev.invalid/$1:overlay" </dev/null
}

lay_over() {
    begin=$(date +%s)
    has_image "$base" || load_node_image "$base" '*' || docker pull -q "$base" >/dev/null ||
        die "there is no node image $base in the engine, and it cannot be pulled"
    begin_container "$base"
    while read -r program _ file; do
        [ -n "$program" ] || continue
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
    import_extra_images "$KUBEDEV_EXTRA_IMAGES"
    stop_containerd
    commit_container "$base" "$tag"
    share_balancer "$base" "$tag"
    say "laid over $base in $(($(date +%s) - begin)) s"
}

has_image "$tag" || lay_over
note_node_image "$tag"
printf '{"tag":"%s"}\n' "$tag"
