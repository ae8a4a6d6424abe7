#!/bin/sh
# Makes sure of a node image in the engine: it is there, or an earlier build kept it, or it is built.
#   KUBEDEV_IMAGE_TAG    its name, which says what it is made from
#   KUBEDEV_IMAGE_RECIPE digest of how it is built: what was kept of another recipe is not taken
#   KUBEDEV_IMAGE_BUILD  text of node-image-build.sh, which takes IMAGE_* and the standard input
#   and what engine.sh and go-env.sh take
. ../host/prelude.sh
. ../host/session.sh
. ../host/progress.sh
. ../source/go-env.sh
. ./engine.sh
. ./images.sh
take_lock
use_engine
tag=$KUBEDEV_IMAGE_TAG
builder=''
work=''
log=$dir/build.log
clean_up() {
    [ -z "$builder" ] || end_session "$builder"
    [ -z "$work" ] || rm -rf --one-file-system "$work"
    rm -f "$log"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

how_far() { echo "building the node image: $waited_sec s, $(grep . "$log" | tail -n 1 | cut -c 1-100)"; }
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
    # Its own files have modes of their own.
    cat >"$work/files.json"
    (
        exec 9>&- 8>&- <"$work/files.json"
        umask 022
        export IMAGE_TAG="$tag" IMAGE_FILE="$archive" IMAGE_WORK="$work" IMAGE_USERLANDS="$cache_root/userlands" IMAGE_GO="$go"
        exec setsid bash -c "$KUBEDEV_IMAGE_BUILD"
    ) >"$log" 2>&1 &
    builder=$!
    status=0
    wait_saying "$builder" how_far || status=$?
    builder=''
    [ "$status" -eq 0 ] || {
        tail -n 20 "$log" >&2
        die "the node image was not built (exit status $status)"
    }
    rm -f "$dir/work"
}

if ! has_image "$tag"; then
    archive=$(node_image_archive "$tag" "$KUBEDEV_IMAGE_RECIPE")
    mkdir -p "${archive%/*}"
    # What several stacks want is built once.
    exec 8>"$archive.lock"
    flock 8
    load_node_image "$tag" "$KUBEDEV_IMAGE_RECIPE" || build_image
    rm -f "$archive.lock"
    find "${archive%/*}" "$cache_root/userlands" -mindepth 1 -maxdepth 1 -mtime +30 -delete 2>/dev/null || :
fi
size=$(docker image inspect --format '{{.Size}}' "$tag")
write_record "kind=node-image" "fact.tag=$tag" "fact.sizeMib=$((size / 1048576))"
printf '{"tag":"%s","sizeMib":%s}\n' "$tag" "$((size / 1048576))"
