#!/bin/sh
# Brings the guest's cards and names to what its networks want. The configuration itself comes with each boot, by a
# credential; here it is written for a systemd that knows none (before 252), taken up if it came too late for this boot,
# and what networks have left is removed. Cards that another manager of networks has brought up are left to it.
#   GUEST_NETWORKS  a line for each: its name, the card's MAC address, address/prefix, the configuration's file in base64;
#                   empty or unset: none
#   GUEST_HOSTS     lines of /etc/hosts, each with the mark below at its end
#   GUEST_ETC       where files are; default /etc
network_mark='# kubedev network'
network_etc=${GUEST_ETC:-/etc}
network_prefix=$network_etc/systemd/network/05-kubedev-

# On whichever interface: a guest may put its card into a bridge.
networks_are_up() {
    printf '%s' "${GUEST_NETWORKS:-}" | while read -r _network _mac address _content; do
        ip -o -4 address | grep -qF " inet $address " || exit 1
    done
}

cards_are_configured() {
    printf '%s' "${GUEST_NETWORKS:-}" | while read -r network _mac _address content; do
        [ "$(base64 -w 0 "$network_prefix$network.network" 2>/dev/null)" = "$content" ] || exit 1
    done
}

configure_cards() {
    mkdir -p "$network_etc/systemd/network"
    printf '%s' "${GUEST_NETWORKS:-}" | while read -r network _mac _address content; do
        network_file=$network_prefix$network.network
        printf '%s' "$content" | base64 -d >"$network_file.new"
        # systemd-networkd is not root.
        chmod 0644 "$network_file.new"
        mv -f "$network_file.new" "$network_file"
    done
}

for network_file in "$network_prefix"*.network "$network_etc/NetworkManager/conf.d/05-kubedev-"*.conf; do
    network=${network_file##*/05-kubedev-}
    printf '%s' "${GUEST_NETWORKS:-}" | grep -q "^${network%.*} " || rm -f "$network_file"
done

if ! cards_are_configured || ! networks_are_up; then
    if systemctl is-active --quiet systemd-networkd; then
        configure_cards
        networkctl reload
    elif ! networks_are_up; then
        die "no systemd-networkd runs in this guest, by which it joins networks; start it (systemctl enable --now systemd-networkd), take another base image, or leave out networks"
    fi
    network_tries=0
    until networks_are_up; do
        network_tries=$((network_tries + 1))
        [ "$network_tries" -lt 150 ] ||
            die "a card has not got its address within 30 s; expected (network, MAC, address): $(printf '%s' "$GUEST_NETWORKS" | cut -d ' ' -f 1-3); the guest has: $(ip -br -4 address)"
        sleep 0.2
    done
fi

# Without networks, before and now, the file is none of our business.
if [ -n "${GUEST_HOSTS:-}" ] || grep -qs "$network_mark\$" "$network_etc/hosts"; then
    network_hosts=$(
        grep -v "$network_mark\$" "$network_etc/hosts" 2>/dev/null || :
        printf '%s' "${GUEST_HOSTS:-}"
    )
    if [ "$network_hosts" != "$(cat "$network_etc/hosts" 2>/dev/null)" ]; then
        # By rename: nobody reads half of it.
        printf '%s\n' "$network_hosts" >"$network_etc/hosts.kubedev"
        chmod 0644 "$network_etc/hosts.kubedev"
        mv -f "$network_etc/hosts.kubedev" "$network_etc/hosts"
    fi
fi
