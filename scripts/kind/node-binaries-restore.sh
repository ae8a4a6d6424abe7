#!/bin/sh
# Gives a node the programs of its image back. It succeeds when the node is gone, or does not run.
#   KUBEDEV_NODE       name of the node
#   KUBEDEV_NODE_SWAP  text of node-swap.sh
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./in-node.sh
take_lock
if find_engine && there=$(in_node look 2>/dev/null); then
    for program in $(printf '%s\n' "$there" | sed -n 's/^kept //p'); do restore_in_node "$program"; done
fi
forget
