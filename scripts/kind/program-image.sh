#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh
# Functions that make images of trees of files. The layer is what tar makes of a tree, and the engine writes the rest.

import_tree() { # tree, name of the image, options of docker import...
    import_from=$1
    import_as=$2
    shift 2
    tar -C "$import_from" --numeric-owner --owner=0 --group=0 --sort=name --mtime=@0 -c . |
        docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$@" - "$import_as" >/dev/null
}

# A tree of one static program and a place for what it writes.
new_program_tree() { # file, path in the image
    drop_program_tree
    mkdir -p "$dir/tree/tmp"
    put_in_tree "$1" "$2" 0755
    chmod 1777 "$dir/tree/tmp"
}
put_in_tree() { # file, path in the image, permissions
    # Its own user is the only one that may look into the thing's directory.
    (umask 022 && mkdir -p "$dir/tree${2%/*}")
    cp --reflink=auto "$1" "$dir/tree$2"
    chmod "$3" "$dir/tree$2"
}

# Writes an archive of such an image, as the control plane's are, to $dir/image.tar. Of the engine only the name is taken,
# and given back.
make_program_image() { # name of the image, program, path
    program_image=$1
    new_program_tree "$3" "/usr/local/bin/$2"
    import_tree "$dir/tree" "$1"
    docker save -o "$dir/image.tar" "$1"
    docker rmi "$1" >/dev/null
    program_image=''
}
drop_program_tree() { rm -rf "$dir/tree" "$dir/image.tar"; }
drop_program_image() {
    drop_program_tree
    [ -z "${program_image:-}" ] || docker rmi "$program_image" >/dev/null 2>&1 || :
}
