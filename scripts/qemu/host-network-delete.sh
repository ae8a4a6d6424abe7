#!/bin/sh
# Removes all that host-network.sh made: table, tap devices, bridge, units. A device of the same name that is another one
# stays.
#   NETWORK_BRIDGE, NETWORK_MAC, NETWORK_ADDRESS, NETWORK_TABLE, NETWORK_TAPS   see host-network.sh
. ./host-network-parts.sh
take_lock

nft list table inet "$NETWORK_TABLE" >/dev/null 2>&1 && nft delete table inet "$NETWORK_TABLE"
remove_taps "$(
    cat "$dir/taps" 2>/dev/null
    printf '%s' "$NETWORK_TAPS"
)"
if networkd_runs && [ -e "$networkd_dir/$networkd_name.netdev" ]; then
    rm -f "$networkd_dir/$networkd_name.netdev" "$networkd_dir/$networkd_name.network"
    networkctl reload
fi
if [ "$(bridge_state)" = own ]; then ip link delete dev "$NETWORK_BRIDGE"; fi

# Whoever has a bridge by now may count on it.
if [ "$(field turnedOn)" = true ] && [ -z "$(ip -o link show type bridge)" ]; then
    echo 0 >/proc/sys/net/ipv4/ip_forward
fi
forget
