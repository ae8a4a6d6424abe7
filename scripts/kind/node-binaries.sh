#!/bin/sh
# Puts programs in the place of those that run in a node, one by one: each is given back if it is not healthy.
#   KUBEDEV_NODE       name of the node
#   KUBEDEV_BINARIES   lines: program, what tells it from another one, absolute path
#   KUBEDEV_NODE_SWAP  text of node-swap.sh, which runs in the node
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./program-image.sh
. ./in-node.sh
take_lock
use_engine
trap 'drop_program_image; rm -f "$dir/log"; [ -f "$record" ] || forget' EXIT
trap 'exit 130' INT TERM HUP

stage() { # program, path, sha256
    case $1 in
    kube-*)
        image=kubedev.invalid/$1:$(printf %s "$3" | cut -c 1-16)
        make_program_image "$image" "$1" "$2"
        docker exec -i "$KUBEDEV_NODE" ctr -n k8s.io images import --label=io.cri-containerd.pinned=pinned - \
            <"$dir/image.tar" >"$dir/log" 2>&1 || {
            tail -n 5 "$dir/log" >&2
            die "node $KUBEDEV_NODE does not take an image of $1"
        }
        ;;
    *) docker cp "$2" "$KUBEDEV_NODE:/kind/programs/staged/$1" >/dev/null ;;
    esac
}

there=$(in_node look) || die "cannot look into the node $KUBEDEV_NODE; see docker logs $KUBEDEV_NODE"
printf '%s\n' "$there" | sed -n 's/^kept //p' | while read -r program; do
    printf '%s\n' "$KUBEDEV_BINARIES" | grep -q "^$program " || restore_in_node "$program"
done
swapped=''
while read -r program _ file; do
    [ -f "$file" ] || die "there is no file $file; expected the $program that node $KUBEDEV_NODE is to run"
    sha256=$(sha256sum <"$file" | cut -d ' ' -f 1)
    if printf '%s\n' "$there" | grep -qE "^$program ($sha256|$(printf %s "$sha256" | cut -c 1-16))$"; then continue; fi
    image=''
    begin=$(date +%s)
    stage "$program" "$file" "$sha256"
    why=$(in_node put "$program" "$sha256" "$image") ||
        die "the $program of node $KUBEDEV_NODE was not replaced: ${why:-the node does not answer}"
    say "$KUBEDEV_NODE runs another $program, after $(($(date +%s) - begin)) s"
    swapped="$swapped $program"
done <<LINES
$KUBEDEV_BINARIES
LINES
write_record "kind=node-binaries"
printf '{"swapped":"%s"}\n' "${swapped# }"
