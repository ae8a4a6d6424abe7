#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh
# Functions that make an image of one static program, as the control plane's are.

# Writes an archive of such an image to $dir/image.tar. Of the engine only the name is taken, and given back.
make_program_image() { # name of the image, program, path
    program_image=$1
    drop_program_tree
    mkdir -p "$dir/tree/usr/local/bin" "$dir/tree/tmp"
    cp --reflink=auto "$3" "$dir/tree/usr/local/bin/$2"
    # Its own user is the only one that may look into the thing's directory.
    chmod -R 0755 "$dir/tree"
    chmod 1777 "$dir/tree/tmp"
    tar -C "$dir/tree" --numeric-owner --owner=0 --group=0 -c . |
        docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$1" >/dev/null
    docker save -o "$dir/image.tar" "$1"
    docker rmi "$1" >/dev/null
    program_image=''
}
drop_program_tree() { rm -rf "$dir/tree" "$dir/image.tar"; }
drop_program_image() {
    drop_program_tree
    [ -z "${program_image:-}" ] || docker rmi "$program_image" >/dev/null 2>&1 || :
}
