#!/bin/sh
# Makes sure of a node image that `kind build node-image` makes from a tree of Kubernetes.
#   KUBEDEV_IMAGE_TAG     its name, which says what it is made from
#   KUBEDEV_IMAGE_FIRST   the name with which the thing began
#   KUBEDEV_IMAGE_BASE    image that kind builds upon; empty: the one that it names itself
#   KUBEDEV_KIND          kind program
#   KUBEDEV_TREE          directory of the tree
#   KUBEDEV_TARGETS       lines: directories of the commands that the image is made of
#   KUBEDEV_EXTRA_IMAGES  lines: images of the engine that the nodes have from the start
#   KUBEDEV_FETCHED       text of fetched.sh
#   and what engine.sh and go-env.sh take
. ../host/prelude.sh
. ../host/session.sh
. ../host/progress.sh
. ../source/go-env.sh
. ../source/git-env.sh
. ../source/edited-since.sh
. ../source/builder-containers.sh
. ./engine.sh
. ./images.sh
. ./node-container.sh
take_lock
use_engine
tag=$KUBEDEV_IMAGE_TAG
built=kubedev.invalid/built:${tag##*:}
upon=''
log=$dir/build.log
new=$dir/new

# kind leaves its container when it is ended from outside.
end_kind_container() {
    sed -n 's/^Building in container: \(kind-build-[0-9-]*\)$/\1/p' "$log" 2>/dev/null |
        xargs -r docker rm -f -v >/dev/null 2>&1 || :
}
clean_up() {
    if [ -n "$worker" ]; then
        end_session "$worker"
        end_containers
    fi
    end_kind_container
    end_container
    docker rmi "$built" ${upon:+"$upon"} >/dev/null 2>&1 || :
    rm -rf "$log" "$new" "$dir/begun" "$dir/log" "$dir/image.tar"
    [ -f "$record" ] || forget
}
# Of a run that was killed.
end_kind_container
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

is_own() { case $KUBEDEV_IMAGE_BASE in kubedev/*) ;; *) return 1 ;; esac }

# Upon an image of kubedev's own kind asks no registry for what is in it.
prepare_base() {
    [ -n "$KUBEDEV_IMAGE_BASE" ] || return 0
    has_image "$KUBEDEV_IMAGE_BASE" || load_node_image "$KUBEDEV_IMAGE_BASE" '*' || ! is_own ||
        die "the node image $KUBEDEV_IMAGE_BASE is neither in the engine nor kept on this host; expected the tag of a NodeImage"
    is_own || return 0
    upon=kubedev.invalid/base:${tag##*:}
    begin_container "$KUBEDEV_IMAGE_BASE"
    # shellcheck disable=SC2016 # of the inner shell
    { echo '#!/bin/sh' && printf '%s' "$KUBEDEV_FETCHED"; } | docker exec -i "$container" sh -euc '
        mkdir -p /kind/base
        cp -a /kind/manifests /kind/base/
        mv "$(command -v ctr)" /kind/base/ctr
        cat >/usr/local/bin/ctr
        chmod 0755 /usr/local/bin/ctr'
    commit_container "$KUBEDEV_IMAGE_BASE" "$upon"
    end_container
}

run_kind() {
    set -- build node-image "$KUBEDEV_TREE" --type source --image "$built"
    base=${upon:-$KUBEDEV_IMAGE_BASE}
    if [ -n "$base" ]; then set -- "$@" --base-image "$base"; fi
    : >"$log"
    # What is put into the tree is the user's.
    umask 022
    with_progress "building the node image" "$KUBEDEV_KIND" "$@" ||
        die "kind did not build a node image from $KUBEDEV_TREE (exit status $progress_status); the image before is left as it was"
    umask 077
}

refuse_what_was_edited() {
    set_go "$(module_of .)" || die "there is no Go on this host; expected one on the PATH or in /usr/local/go, a BuildHost installs it"
    mkdir -p "$new"
    edited=$(printf '%s\n' "$KUBEDEV_TARGETS" | while IFS= read -r target; do
        GOOS=linux edited_since "$dir/begun" "$target"
    done | sort -u)
    [ -z "$edited" ] ||
        die "$KUBEDEV_TREE was edited while it was built, so it is not what the preview showed: $(printf '%s\n' "$edited" | head -n 5 | tr '\n' ' '); run it again; the image before is left as it was"
}

# What kind cannot: the images that are wanted beside its own, and the network and storage of the image below.
finish() {
    begin_container "$built"
    if is_own; then
        in_image sh -euc 'cp -a /kind/base/manifests/. /kind/manifests/
            mv /kind/base/ctr /usr/local/bin/ctr
            rm -rf /kind/base'
    fi
    import_extra_images "$KUBEDEV_EXTRA_IMAGES"
    stop_containerd
    commit_container "$built" "$tag"
    share_balancer "$KUBEDEV_IMAGE_BASE" "$tag"
}

build_image() {
    for program in "$KUBEDEV_KIND:kind (module sigs.k8s.io/kind)" "make:the Debian package make" "git:the Debian package git"; do
        command -v "${program%%:*}" >/dev/null || die "there is no ${program%%:*} on this host; expected ${program#*:}"
    done
    cd "$KUBEDEV_TREE" 2>/dev/null || die "there is no directory $KUBEDEV_TREE; expected the source tree"
    [ "$(free_mib_at "$dir")" -ge 6144 ] ||
        die "got $(free_mib_at "$dir") MiB of free disk at $dir; expected 6144 MiB; remove what is no longer needed"
    begin=$(date +%s)
    : >"$dir/begun"
    prepare_base
    run_kind
    refuse_what_was_edited
    finish
    say "built in $(($(date +%s) - begin)) s"
}

has_image "$tag" || build_image
note_node_image "$tag"
printf '{"tag":"%s"}\n' "$tag"
