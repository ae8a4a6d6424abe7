#!/bin/sh
# Looks, before a host becomes a node, whether it is in the network of its cluster.
#   KUBEDEV_ADDRESS  what it is to have there
#   KUBEDEV_SERVER   address:port of the API server; one of loopback is reached another way, and not asked
. ../host/prelude.sh
ip -o -4 address show | grep -qF " $KUBEDEV_ADDRESS/" ||
    die "this host has no address $KUBEDEV_ADDRESS; got $(ip -o -4 address show scope global | awk '{ printf "%s%s", sep, $4; sep = " " }'); expected the argument address to be one of these, as networkAddresses of its VirtualMachine has it"
case $KUBEDEV_SERVER in
127.*) ;;
*)
    begin=$(date +%s)
    until said=$(curl -sSk --noproxy '*' --max-time 10 -o /dev/null "https://$KUBEDEV_SERVER/livez" 2>&1); do
        [ $(($(date +%s) - begin)) -lt 60 ] ||
            die "the API server at $KUBEDEV_SERVER was not reached from this host within 60 s ($said); expected a machine in the network of the control plane's: give both the same MachineNetwork"
        sleep 1
    done
    ;;
esac
