#!/bin/sh
# Makes the bridge of a network with a tap device for each of its machines and its table of nftables, or repairs what is
# missing. What is as wanted is left alone: machines that run notice nothing.
#   NETWORK_BRIDGE, NETWORK_MAC, NETWORK_ADDRESS, NETWORK_TABLE, NETWORK_TAPS   see host-network-parts.sh
#   NETWORK_USER                  who may open them; empty: who runs this
#   NETWORK_RULES                 the table
#   NETWORK_NAT                   true: packets are forwarded
#   NETWORK_NETDEV, NETWORK_UNIT  units for systemd-networkd, where that runs
#   NETWORK_REPAIRS               goes up when something of it was found missing
. ./host-network-parts.sh
take_lock
# Of a network whose first run failed nobody knows enough to delete it.
clean_up() { [ -f "$record" ] || remove_network || :; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

found=$(bridge_state)
case $found in
absent | own) ;;
*) die "the network device $NETWORK_BRIDGE is there already ($found) and is none of kubedev's; expected a name that nothing has; give the HostNetwork another bridge" ;;
esac

# One protocol: no address that nobody has asked for.
without_ipv6() {
    if [ -e "/proc/sys/net/ipv6/conf/$1/disable_ipv6" ]; then echo 1 >"/proc/sys/net/ipv6/conf/$1/disable_ipv6"; fi
}

write_unit() { # name text
    if [ "$(cat "$networkd_dir/$1" 2>/dev/null)" = "$2" ]; then return 0; fi
    mkdir -p "$networkd_dir"
    printf '%s\n' "$2" >"$networkd_dir/$1.new"
    chmod 0644 "$networkd_dir/$1.new"
    mv -f "$networkd_dir/$1.new" "$networkd_dir/$1"
}

bridge_by_networkd() {
    write_unit "$networkd_name.netdev" "${NETWORK_NETDEV%
}"
    write_unit "$networkd_name.network" "${NETWORK_UNIT%
}"
    networkctl reload
    bridge_tries=0
    until has_address; do
        bridge_tries=$((bridge_tries + 1))
        # Somebody took the address away.
        if [ "$bridge_tries" -eq 10 ]; then networkctl reconfigure "$NETWORK_BRIDGE" 2>/dev/null || :; fi
        [ "$bridge_tries" -lt 50 ] ||
            die "systemd-networkd has not made $NETWORK_BRIDGE with $NETWORK_ADDRESS within 10 s; see: networkctl status $NETWORK_BRIDGE; journalctl -u systemd-networkd"
        sleep 0.2
    done
}

bridge_by_iproute2() {
    is_device "$NETWORK_BRIDGE" ||
        ip link add name "$NETWORK_BRIDGE" address "$NETWORK_MAC" type bridge stp_state 0 forward_delay 0
    without_ipv6 "$NETWORK_BRIDGE"
    has_address || ip address add "$NETWORK_ADDRESS" brd + dev "$NETWORK_BRIDGE"
    ip link set dev "$NETWORK_BRIDGE" up
}

if networkd_runs; then bridge_by_networkd; else bridge_by_iproute2; fi

# Of a run that was killed the list says more than there is, never less.
remove_taps "$(printf '%s' "$NETWORK_TAPS" | grep -vxFf - "$dir/taps" 2>/dev/null)"
printf '%s' "$NETWORK_TAPS" >"$dir/taps.new"
mv -f "$dir/taps.new" "$dir/taps"
while read -r tap; do
    is_device "$tap" || ip tuntap add dev "$tap" mode tap user "${NETWORK_USER:-$(id -un)}"
    without_ipv6 "$tap"
    ip link set dev "$tap" master "$NETWORK_BRIDGE" up
done <"$dir/taps"

# As Docker and libvirt do; what of it may pass is for the tables to say.
if [ "$NETWORK_NAT" = true ] && [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; then
    boot_id >"$dir/turned-on"
    echo 1 >/proc/sys/net/ipv4/ip_forward
fi

# One transaction: no packet sees half of it.
printf 'table inet %s\ndelete table inet %s\n%s' "$NETWORK_TABLE" "$NETWORK_TABLE" "$NETWORK_RULES" | nft -f -

write_record "kind=network" "bridge=$NETWORK_BRIDGE" "nat=$NETWORK_NAT" "fact.repairs=$NETWORK_REPAIRS" "table=$(table_sum)"
printf '{"bridge":"%s","table":"%s"}\n' "$NETWORK_BRIDGE" "$NETWORK_TABLE"
