#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh, which is in front of this
# Sets what the network of pods takes; sourced by what makes a host a node.
# What goes over the pods' bridge has to pass the rules of Services; as kubeadm asks for.
for node_module in overlay br_netfilter; do
    modprobe "$node_module" 2>/dev/null || [ -d "/sys/module/$node_module" ] ||
        say "the kernel module $node_module cannot be loaded; it may be built in"
done
for node_setting in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do
    [ ! -e "/proc/sys/$node_setting" ] || [ "$(cat "/proc/sys/$node_setting")" = 1 ] || echo 1 >"/proc/sys/$node_setting"
done
# What pods log from now on goes with the node.
[ -e "$dir/since" ] || : >"$dir/since"
