#!/bin/sh
# Makes sure of a node image in the engine: it is there, or an earlier build kept it, or it is built.
#   KUBEDEV_IMAGE_TAG    its name, which says what it is made from
#   KUBEDEV_IMAGE_RECIPE digest of how it is built: what was kept of another recipe is not taken
#   KUBEDEV_IMAGE_BUILD  text of node-image-build.sh, which takes IMAGE_*
#   standard input       what lies in agents/node, for it
#   and what engine.sh, go-env.sh and node-programs.sh take
. ../host/prelude.sh
. ../host/session.sh
. ../host/progress.sh
. ../source/go-env.sh
. ./engine.sh
. ./images.sh
. ./node-programs.sh
take_lock
use_engine
tag=$KUBEDEV_IMAGE_TAG
work=''
log=$dir/build.log
clean_up() {
    end_session "$worker"
    [ -z "$work" ] || rm -rf --one-file-system "$work"
    rm -f "$log"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

build_image() {
    [ "$(id -u)" -eq 0 ] || die "a node image is built from packages as root, and this is $(id -un)"
    for program in mmdebstrap:mmdebstrap jq:jq zstd:zstd unshare:util-linux bash:bash; do
        command -v "${program%%:*}" >/dev/null ||
            die "there is no ${program%%:*} on this host; expected the Debian package ${program#*:} (apt-get install ${program#*:})"
    done
    set_go '' || die "there is no Go on this host; expected one on the PATH or in /usr/local/go, a BuildHost installs it"
    [ "$(free_mib_at "$dir")" -ge 6144 ] ||
        die "got $(free_mib_at "$dir") MiB of free disk at $dir; expected 6144 MiB; remove what is no longer needed"
    # Of a run that was killed.
    if [ -f "$dir/work" ]; then rm -rf --one-file-system "$(cat "$dir/work")"; fi
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/kubedev-node-image.XXXXXXXX")
    echo "$work" >"$dir/work"
    cat >"$work/files.json"
    build_programs "$work/programs"
    IMAGE_BALANCER=$(balancer_of "$tag")
    export IMAGE_BALANCER IMAGE_TAG="$tag" IMAGE_FILE="$archive" IMAGE_WORK="$work" IMAGE_USERLANDS="$cache_root/userlands" IMAGE_GO="$go"
    : >"$log"
    with_progress "building the node image" bash -c "$KUBEDEV_IMAGE_BUILD" ||
        die "the node image was not built (exit status $progress_status)"
    rm -f "$dir/work"
}

is_complete() { has_image "$tag" && has_image "$(balancer_of "$tag")"; }

if ! is_complete; then
    archive=$(node_image_archive "$tag" "$KUBEDEV_IMAGE_RECIPE")
    mkdir -p "${archive%/*}"
    # What several stacks want is built once.
    exec 8>"$archive.lock"
    flock 8
    { load_node_image "$tag" "$KUBEDEV_IMAGE_RECIPE" && is_complete; } || build_image
    rm -f "$archive.lock"
    find "${archive%/*}" "$cache_root/userlands" -mindepth 1 -maxdepth 1 -mtime +30 -delete 2>/dev/null || :
fi
size=$(docker image inspect --format '{{.Size}}' "$tag")
note_node_image "$tag" "fact.sizeMib=$((size / 1048576))"
printf '{"tag":"%s","sizeMib":%s}\n' "$tag" "$((size / 1048576))"
