#!/bin/sh
# A service of a node: keeps a route to the pods of each other node, as the cluster lists them, for as long as it runs. What
# goes from pod to pod keeps its address; what leaves the pods' network has the node's, by the bridge plugin's own rules.
#   NODE_NAME    of this node      SERVER       URL of the API server
#   POD_CIDR     of all pods       CREDENTIALS  directory with kube-proxy.conf, which may list nodes, and ca.crt
set -u
umask 077
# Marks its routes, among those of others: a number that /etc/iproute2/rt_protos gives to no one.
protocol=107
pods="POSTROUTING -s $POD_CIDR -d $POD_CIDR -m mark ! --mark 0x4000/0x4000 -m comment --comment kubedev-pod-routes -j ACCEPT"

say() { printf '%s %s\n' "$(date -u +%FT%TZ)" "$*" >&2; }
rule() { # operation
    # shellcheck disable=SC2086 # words
    iptables -w 20 -t nat "$1" $pods
}
take_back() {
    trap '' TERM INT
    ip route flush proto "$protocol" 2>/dev/null
    while rule -D 2>/dev/null; do :; done
    exit 0
}
trap take_back TERM INT

for part in certificate key; do
    sed -n "s/^ *client-$part-data: //p" "$CREDENTIALS/kube-proxy.conf" | base64 -d >"$part.pem"
done

listed() {
    curl -fsS --noproxy '*' --max-time 10 --cacert "$CREDENTIALS/ca.crt" --cert certificate.pem --key key.pem \
        "$SERVER/api/v1/nodes?pretty=true" >nodes.json
}

# Lines "range address" of the other nodes. The text is indented, as was asked for: an object of the list by six spaces, its
# spec by eight, its addresses by twelve; names and labels of users are elsewhere.
wanted() {
    awk -v self="$NODE_NAME" '
        function value() { return substr($0, index($0, ": \"") + 3, length($0) - index($0, ": \"") - (/,$/ ? 4 : 3)) }
        /^    \{/ { name = range = address = type = part = "" }
        /^      "[a-z]+": / { part = $1 }
        part == "\"metadata\":" && /^        "name": "/ { name = value() }
        part == "\"spec\":" && /^        "podCIDR": "/ { range = value() }
        part == "\"status\":" && /^            "type": "/ { type = value() }
        part == "\"status\":" && /^            "address": "/ && type == "InternalIP" && address == "" { address = value() }
        /^    \}/ && name != self && range ~ /^[0-9.]+\/[0-9]+$/ && address ~ /^[0-9.]+$/ { print range, address }
    ' nodes.json | sort
}
present() { ip -4 route show proto "$protocol" | awk '$2 == "via" { print $1, $3 }' | sort; }

# Both each time: what configures interfaces may take away routes that it does not know, and others flush rules.
follow() {
    rule -C 2>/dev/null || rule -I || return 1
    wanted >there
    present >here
    while read -r range address; do
        grep -qxF "$range $address" here && continue
        if ip route replace "$range" via "$address" proto "$protocol"; then
            say "pods $range are at $address"
            sed -i "\\|^$range $address\$|d" unreachable
        elif ! grep -qxF "$range $address" unreachable; then
            # Said once. A node that is elsewhere, or none at all, keeps no other one from being one.
            say "pods $range cannot be reached at $address"
            echo "$range $address" >>unreachable
        fi
    done <there
    while read -r range address; do
        cut -d ' ' -f 1 there | grep -qxF "$range" && continue
        ip route delete "$range" proto "$protocol" && say "pods $range are gone from $address"
    done <here
    return 0
}

reached=''
: >unreachable
while :; do
    if listed; then
        [ "$reached" = yes ] || say "$SERVER answers"
        reached=yes
        if follow; then : >followed; fi
    else
        # Routes stay while nobody answers.
        reached=no
    fi
    # In the background, since a shell takes no signal while it waits for a foreground process.
    sleep 5 &
    wait $!
done
