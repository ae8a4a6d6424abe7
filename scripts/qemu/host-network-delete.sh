#!/bin/sh
# Removes all that host-network.sh made. What another one made under the same names stays.
#   NETWORK_BRIDGE, NETWORK_MAC, NETWORK_ADDRESS, NETWORK_TABLE, NETWORK_TAPS   see host-network-parts.sh
. ./host-network-parts.sh
take_lock
remove_network
