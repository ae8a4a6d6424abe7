#!/bin/sh
# Makes sure of an image of one static program in the engine. It takes a second, so that nothing is kept.
#   KUBEDEV_IMAGE_TAG         its name, which says what it is made from
#   KUBEDEV_PROGRAM           absolute path of the program on this host
#   KUBEDEV_IMAGE_PROGRAM     and in the image
#   KUBEDEV_IMAGE_ENTRYPOINT  the program and its first arguments, as a JSON list
#   KUBEDEV_IMAGE_USER        number of the user that it runs as
#   KUBEDEV_IMAGE_CA          true: this host's CA certificates are in it
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./images.sh
. ./program-image.sh
take_lock
use_engine
tag=$KUBEDEV_IMAGE_TAG
before=$(field fact.tag)
trap 'drop_program_tree; [ -f "$record" ] || forget' EXIT
trap 'exit 130' INT TERM HUP

import_program() {
    [ -f "$KUBEDEV_PROGRAM" ] || die "there is no file $KUBEDEV_PROGRAM; expected the program that $tag is made of"
    new_program_tree "$KUBEDEV_PROGRAM" "$KUBEDEV_IMAGE_PROGRAM"
    if [ "$KUBEDEV_IMAGE_CA" = true ]; then
        certificates=/etc/ssl/certs/ca-certificates.crt
        [ -f "$certificates" ] ||
            die "there is no $certificates on this host; expected the Debian package ca-certificates (apt-get install ca-certificates)"
        put_in_tree "$certificates" "$certificates" 0644
    fi
    import_tree "$dir/tree" "$tag" --change "ENTRYPOINT $KUBEDEV_IMAGE_ENTRYPOINT" \
        --change "USER $KUBEDEV_IMAGE_USER:$KUBEDEV_IMAGE_USER"
}

has_image "$tag" || import_program
write_record "kind=program-image" "fact.tag=$tag"
[ -z "$before" ] || [ "$before" = "$tag" ] || drop_image "$before"
printf '{"image":"%s"}\n' "$tag"
