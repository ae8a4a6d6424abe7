#!/bin/sh
# Functions about a network's bridge, for host-network.sh, host-network-look.sh and host-network-delete.sh.
#   NETWORK_BRIDGE, NETWORK_MAC  name and MAC address of the bridge
#   NETWORK_ADDRESS              its address with the length of the prefix
#   NETWORK_TABLE                name of the table of nftables
#   NETWORK_TAPS                 names of the tap devices, one a line; for host-network-look.sh none
# shellcheck disable=SC2034 # used by the scripts that this is put in front of
. ../host/prelude.sh
PATH=$PATH:/usr/sbin:/sbin
export PATH

# Here and not in /sys, which shows the devices of another network namespace where only that is another one.
is_device() { [ -d "/proc/sys/net/ipv4/conf/$1" ]; }

# absent; own; or what else has the name. Name and MAC address come at once, so that no moment shows another one.
bridge_state() {
    if ! is_device "$NETWORK_BRIDGE"; then
        echo absent
    elif ip -o link show dev "$NETWORK_BRIDGE" type bridge | grep -qF " link/ether $NETWORK_MAC "; then
        echo own
    else
        ip -o link show dev "$NETWORK_BRIDGE" | sed -n 's/.* link\/\([^ ]* [^ ]*\).*/\1/p'
    fi
}

has_address() { ip -o -4 address show dev "$NETWORK_BRIDGE" 2>/dev/null | grep -qF " inet $NETWORK_ADDRESS "; }

# Names of the devices on the bridge that are up, one a line.
ports_of_bridge() {
    ip -o link show master "$NETWORK_BRIDGE" up 2>/dev/null | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p'
}

# What tells a table that somebody changed; empty where there is none. As text without counters.
table_sum() {
    nft --stateless list table inet "$NETWORK_TABLE" 2>/dev/null | cksum | sed '/^4294967295 0$/d'
}

# One of another network namespace makes no bridge in this one. The kernel keeps 15 letters of its name.
networkd_runs() {
    # shellcheck disable=SC2013 # no name has a blank
    for networkd_name_file in $(grep -slx systemd-network /proc/[0-9]*/comm); do
        # shellcheck disable=SC3013 # not in POSIX, but in dash, bash, busybox, ksh and zsh
        if [ "${networkd_name_file%comm}ns/net" -ef /proc/self/ns/net ]; then return 0; fi
    done
    return 1
}
networkd_dir=/run/systemd/network
networkd_name=10-kubedev-$NETWORK_BRIDGE

remove_taps() { # names, one a line
    printf '%s\n' "$1" | while read -r gone; do
        if [ -n "$gone" ] && is_device "$gone"; then ip link delete dev "$gone"; fi
    done
}

# A reboot turns forwarding off again: what was done before one is no more.
has_turned_on() { [ "$(cat "$dir/turned-on" 2>/dev/null)" = "$(boot_id)" ]; }

# Takes back all that host-network.sh does. Table, units and tap devices are called after the bridge: where that is another's
# by now, so are they, but for tap devices that are not on it.
remove_network() {
    listed_taps=$(
        cat "$dir/taps" 2>/dev/null || :
        printf '%s' "$NETWORK_TAPS"
    )
    case $(bridge_state) in
    absent | own) ;;
    *)
        other_ports=$(ip -o link show master "$NETWORK_BRIDGE" 2>/dev/null | sed 's/^[0-9]*: \([^:@]*\).*/\1/')
        remove_taps "$(printf '%s\n' "$listed_taps" | grep -vxF "$other_ports")"
        forget
        return 0
        ;;
    esac
    if nft list table inet "$NETWORK_TABLE" >/dev/null 2>&1; then nft delete table inet "$NETWORK_TABLE"; fi
    remove_taps "$listed_taps"
    if networkd_runs && [ -e "$networkd_dir/$networkd_name.netdev" ]; then
        rm -f "$networkd_dir/$networkd_name.netdev" "$networkd_dir/$networkd_name.network"
        networkctl reload
    fi
    if [ "$(bridge_state)" = own ]; then ip link delete dev "$NETWORK_BRIDGE"; fi
    # Whoever has a bridge by now may count on it.
    if has_turned_on && [ -z "$(ip -o link show type bridge)" ]; then echo 0 >/proc/sys/net/ipv4/ip_forward; fi
    forget
}
