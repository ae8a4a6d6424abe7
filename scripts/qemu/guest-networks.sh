#!/bin/sh
# Brings the guest's cards and names to what its networks want. The configuration itself comes with each boot, by a
# credential; here it is taken up if it came too late for this one, and what networks have left is removed.
#   GUEST_NETWORKS  a line for each: its name, the card's MAC address, address/prefix; empty or unset: none
#   GUEST_HOSTS     lines of /etc/hosts, each with the mark below at its end
network_mark='# kubedev network'

network_card() { # network_card MAC: the name of that card
    for network_file in /sys/class/net/*/address; do
        [ "$(cat "$network_file")" != "$1" ] || basename "${network_file%/address}"
    done
}

network_is_up() { # network_is_up MAC ADDRESS/PREFIX
    card=$(network_card "$1")
    [ -n "$card" ] && ip -o -4 address show dev "$card" | grep -qF " inet $2 "
}

networks_are_up() {
    printf '%s' "${GUEST_NETWORKS:-}" | while read -r _network mac address; do
        network_is_up "$mac" "$address" || exit 1
    done
}

for network_file in /etc/systemd/network/70-kubedev-*.network; do
    network=${network_file##*/70-kubedev-}
    printf '%s' "${GUEST_NETWORKS:-}" | grep -q "^${network%.network} " || rm -f "$network_file"
done

if ! networks_are_up; then
    command -v networkctl >/dev/null ||
        die "this guest has no systemd-networkd, by which it joins networks; take another base image, or leave out networks"
    networkctl reload
    network_tries=0
    until networks_are_up; do
        network_tries=$((network_tries + 1))
        [ "$network_tries" -lt 150 ] ||
            die "a card has not got its address within 30 s; expected (network, MAC, address): $GUEST_NETWORKS; the guest has: $(ip -br -4 address)"
        sleep 0.2
    done
fi

# Without networks, before and now, the file is none of our business.
if [ -n "${GUEST_HOSTS:-}" ] || grep -qs "$network_mark\$" /etc/hosts; then
    network_hosts=$(
        grep -v "$network_mark\$" /etc/hosts
        printf '%s' "${GUEST_HOSTS:-}"
    ) || :
    if [ "$network_hosts" != "$(cat /etc/hosts)" ]; then
        # By rename: nobody reads half of it.
        printf '%s\n' "$network_hosts" >/etc/hosts.kubedev
        chmod 0644 /etc/hosts.kubedev
        mv -f /etc/hosts.kubedev /etc/hosts
    fi
fi
