#!/bin/sh
# Says, for a preview, how a host is as to a network on it. Reads only.
#   NETWORK_BRIDGE, NETWORK_MAC, NETWORK_ADDRESS, NETWORK_TABLE   see host-network-parts.sh
# Output: `root=true|false`; `bridge=absent|own|<what else has its name>`; `address=true|false`: whether that is the bridge's;
# `routes=<range or address> <device>;...`: all that the host reaches without a router's help, or by another than its default one;
# `missing=<what is not as it was made>`, empty if all is, or nothing was made yet; `drops=true|false`: whether what is
# forwarded is dropped by rules that iptables keeps, as Docker's.
. ./host-network-parts.sh

if [ "$(id -u)" -ne 0 ]; then
    echo "root=false"
    exit 0
fi
bridge=$(bridge_state)
address=false
if has_address; then address=true; fi
echo "root=true"
echo "bridge=$bridge"
echo "address=$address"
printf 'routes=%s\n' "$(
    ip -o -4 address show 2>/dev/null | while read -r _ device _ range _; do printf '%s %s;' "$range" "$device"; done
    ip -4 route show table all 2>/dev/null | while read -r range rest; do
        case $range in
        default | local | broadcast | multicast | anycast) continue ;;
        unreachable | blackhole | prohibit | throw | unicast) range=${rest%% *} ;;
        esac
        case $rest in
        *"dev "*) device=${rest##*dev } ;;
        *) device=nowhere ;;
        esac
        [ "$range" = default ] || printf '%s %s;' "$range" "${device%% *}"
    done
)"

missing() {
    [ -f "$record" ] || return 0
    if [ "$bridge" != own ]; then
        echo "the bridge $NETWORK_BRIDGE"
        return 0
    fi
    if [ "$address" != true ]; then
        echo "its address $NETWORK_ADDRESS"
        return 0
    fi
    ports=$(ports_of_bridge)
    while read -r tap; do
        if ! printf '%s\n' "$ports" | grep -qxF "$tap"; then
            echo "the tap device $tap on it"
            return 0
        fi
    done <"$dir/taps"
    if [ "$(field table)" != "$(table_sum)" ]; then
        echo "the table $NETWORK_TABLE as it was"
    elif [ "$(field nat)" = true ] && [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; then
        echo "forwarding (net.ipv4.ip_forward)"
    fi
}
printf 'missing=%s\n' "$(missing)"

drops=false
if nft list chain ip filter FORWARD 2>/dev/null | grep -q 'policy drop' &&
    ! nft list table ip filter 2>/dev/null | grep -q "iifname \"$NETWORK_BRIDGE\".* accept"; then
    drops=true
fi
echo "drops=$drops"
