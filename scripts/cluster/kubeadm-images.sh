#!/bin/sh
# Gets images into the node's containerd: archives as they are, and one for each static program, under the name that kubeadm
# asks for. No registry is asked, and no container engine. The containers of a program that changed are ended; the kubelet
# makes them anew from the other image.
#   KUBEDEV_KUBEADM         program
#   KUBEDEV_KUBEADM_ASKS    arguments of `kubeadm config images list`, by words
#   KUBEDEV_PROGRAM_IMAGES  lines: name of an image, or of kubeadm's as kube-apiserver; absolute path of the program
#   KUBEDEV_ARCHIVES        lines: absolute paths of archives
#   KUBEDEV_ADDRESS         address of the API server, if it is a control plane
. ../host/prelude.sh
. ./kubeadm-run.sh
take_lock
work=$dir/work
# shellcheck disable=SC2317 # another one than that of kubeadm-run.sh
clean_up() {
    rm -rf "$work"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

ctr() { command ctr --address "$socket" --namespace k8s.io "$@"; }
facts_of() { stat -L -c '%n %s %.9Y' "$1"; }
has_image() { [ -n "$(ctr images list --quiet "name==$1")" ]; }
# What was imported is told by its file; another containerd, or an image that is gone, is seen, too.
noted() { grep -qsxF "$1" "$dir/imported"; }
note() {
    grep -vxF "$1" "$dir/imported" >"$dir/imported.new" 2>/dev/null || :
    printf '%s\n' "$1" >>"$dir/imported.new"
    mv -f "$dir/imported.new" "$dir/imported"
}

name_of() { # image or name of kubeadm's
    case $1 in
    */*) echo "$1" ;;
    *)
        # shellcheck disable=SC2086 # words
        [ -s "$dir/asked" ] || "$KUBEDEV_KUBEADM" config images list $KUBEDEV_KUBEADM_ASKS >"$dir/asked" 2>/dev/null ||
            die "kubeadm config images list $KUBEDEV_KUBEADM_ASKS failed"
        grep "/$1:" "$dir/asked" || die "kubeadm asks for no image of $1"
        ;;
    esac
}

# As `docker save` writes it: one layer, with the program in a directory of PATH.
make_archive() { # image, program
    rm -rf "$work"
    mkdir -p "$work"
    base=${1##*/}
    base=${base%%[:@]*}
    ln -s "$2" "$work/$base"
    tar -C "$work" --dereference --transform 's,^,usr/local/bin/,' --mode=0755 --numeric-owner --owner=0 --group=0 --mtime=@0 \
        -cf "$work/layer.tar" "$base"
    case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
    printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/bin"],"Entrypoint":["/usr/local/bin/%s"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
        "$architecture" "$base" "$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)" >"$work/config.json"
    printf '[{"Config":"config.json","RepoTags":[%s],"Layers":["layer.tar"]}]' "$(json_string "$1")" >"$work/manifest.json"
    tar -C "$work" -cf "$work/image.tar" manifest.json config.json layer.tar
}
import() { ctr images import "$1" >/dev/null || die "containerd does not take the archive $1"; }

# Containers of programs whose image changes, before it does: a run that ends in the middle leaves them to the next one.
lists_ended() { grep -qsxF "$1" "$dir/ended"; }
rm -f "$dir/asked"
while read -r image program; do
    [ -n "$image" ] || continue
    [ -f "$program" ] || die "there is no file $program on this host; expected the static program that the image of $image is made of"
    name=$(name_of "$image")
    noted "$name $(facts_of "$program")" && has_image "$name" && continue
    say "making the image $name"
    make_archive "$name" "$program"
    before=$(ctr images list "name==$name" | awk 'NR == 2 { print $3 }')
    listed=''
    [ -z "$before" ] || for container in $(running_of "$image"); do
        lists_ended "$image $container" || {
            note_begun
            echo "$image $container" >>"$dir/ended"
            listed="$listed $container"
        }
    done
    import "$work/image.tar"
    # So that the kubelet does not take it away when the disk is full: nothing could get it again.
    ctr images label "$name" io.cri-containerd.pinned=pinned >/dev/null
    after=$(ctr images list "name==$name" | awk 'NR == 2 { print $3 }')
    sed -i "\\#^$name #d" "$dir/imported" 2>/dev/null || :
    note "$name $(facts_of "$program")"
    # The same program by another path: none of it is ended but what an earlier run has listed.
    [ "$before" != "$after" ] || for container in $listed; do sed -i "\\#^$image $container\$#d" "$dir/ended"; done
done <<LINES
$KUBEDEV_PROGRAM_IMAGES
LINES
while read -r archive; do
    [ -n "$archive" ] || continue
    [ -f "$archive" ] || die "there is no file $archive on this host; expected an archive of images"
    noted "$(facts_of "$archive")" && continue
    say "importing $archive"
    import "$archive"
    note "$(facts_of "$archive")"
done <<LINES
$KUBEDEV_ARCHIVES
LINES

if [ -s "$dir/ended" ]; then
    while read -r program container; do
        # The kubelet makes another one at once.
        ! runs "$program" "$container" || ctr tasks kill --signal SIGTERM "$container" ||
            say "container $container of $program cannot be ended"
    done <"$dir/ended"
    # One that is stopped is started behind this, and begins with the image that is there now.
    ! systemctl is-active --quiet kubelet.service || await_others "$KUBEDEV_ADDRESS" "$dir/ended"
fi
rm -f "$dir/ended" "$dir/asked"
write_record "kind=kubeadm-images" "exists=/var/lib/kubedev/node/containerd" "fact.begun=${KUBEDEV_BEGUN:-}"
printf '{}\n'
