#!/bin/sh
# Fails, and says which, if this computer has a route to addresses of a range. A default route is none, nor are its parts:
# a VPN that takes everything has 0.0.0.0/1 and 128.0.0.0/1. A network that is up already is not looked at: a route that
# came later, as a VPN's, is no reason to hold up its stack.
#   NETWORK_BASE, NETWORK_MASK  first address and mask of the range, as in /proc/net/route
#   NETWORK_RECORD              the file that is there once the network is up
#   NETWORK_BRIDGE_RECORD       record of a HostNetwork of the same name, in whose place this network may come; need not be there
#   NETWORK_ROUTES              the routes; default /proc/net/route
set -eu

[ ! -e "$NETWORK_RECORD" ] || exit 0

dotted() { # dotted HEX: an address as people write it
    printf '%s.%s.%s.%s' $((0x$1 & 255)) $((0x$1 >> 8 & 255)) $((0x$1 >> 16 & 255)) $((0x$1 >> 24 & 255))
}

bridge=$(sed -n 's/^bridge=//p' "${NETWORK_BRIDGE_RECORD:-}" 2>/dev/null) || :
while read -r card base _gateway _flags _references _use _metric mask _rest; do
    # The heading.
    case $base$mask in *[!0-9A-F]*) continue ;; esac
    [ "$card" != "$bridge" ] || continue
    # What goes anywhere: the first byte of the mask, which is the lowest, is not full.
    [ $((0x$mask & 255)) -eq 255 ] || continue
    # Of two ranges one is in the other, so the shorter mask decides. Bytes are compared one by one: their order is no matter.
    common=$((0x$mask & 0x$NETWORK_MASK))
    if [ $((0x$base & common)) -eq $((0x$NETWORK_BASE & common)) ]; then
        printf 'a route to %s with mask %s by %s\n' "$(dotted "$base")" "$(dotted "$mask")" "$card"
        exit 1
    fi
done <"${NETWORK_ROUTES:-/proc/net/route}"
