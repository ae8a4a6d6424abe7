#!/bin/sh
# Removes what a node of kubeadm leaves on a host: what a run that was killed left of kubeadm, and then what node-remove.sh does.
#   see kubeadm-run.sh and node-remove.sh
. ../host/prelude.sh
. ./kubeadm-run.sh
[ -d "$dir" ] || exit 0
take_lock
[ ! -e "$kubernetes" ] || end_node
. ./node-remove.sh
