#!/bin/sh
# Undoes what kubeadm did on a host. It takes containerd, which ends behind this.
#   see kubeadm-run.sh
. ../host/prelude.sh
. ./kubeadm-run.sh
[ -d "$dir" ] || exit 0
take_lock
end_node
forget
