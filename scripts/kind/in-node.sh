#!/bin/sh
# Functions that let node-swap.sh work in a node.
#   KUBEDEV_NODE       name of the node
#   KUBEDEV_NODE_SWAP  text of node-swap.sh

in_node() { docker exec "$KUBEDEV_NODE" sh -c "$KUBEDEV_NODE_SWAP" node-swap "$@"; }

# Failing would help nobody: what is taken back was there before, and was healthy.
restore_in_node() { # program
    if why=$(in_node restore "$1"); then
        say "$KUBEDEV_NODE runs the $1 of its image again"
    else
        say "the $1 of node $KUBEDEV_NODE's image: ${why:-the node does not answer}"
    fi
}
