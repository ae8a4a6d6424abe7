#!/bin/sh
# Waits until a Windows node is in its cluster with a range for its pods, and, if asked for, is Ready.
#   see windows-node-cluster.sh
#   KUBEDEV_READY      true: until it is Ready
#   KUBEDEV_READY_SEC  how long that may take
#   KUBEDEV_RUNNING    false: its machine is declared as stopped, and nobody waits
. ./windows-node-cluster.sh
take_lock
clean_up() {
    rm -f "$dir/said"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

begin=$(date +%s)
said=$begin
ready='{.status.conditions[?(@.type=="Ready")].status}'
while [ "$KUBEDEV_RUNNING" != false ]; do
    facts=$(ask_node "{.spec.podCIDR} $ready" 2>"$dir/said") || facts=''
    case $KUBEDEV_READY:$facts in true:*/*" True" | false:*/*) break ;; esac
    now=$(date +%s)
    if [ "$((now - begin))" -ge "$KUBEDEV_READY_SEC" ]; then
        say "the API server said: $(cat "$dir/said")"
        why=$(ask_node '{.status.conditions[?(@.type=="Ready")].message}' 2>&1 || :)
        die "node $KUBEDEV_NODE_NAME: got range and readiness \"$facts\" after $KUBEDEV_READY_SEC s, expected a range for its pods$([ "$KUBEDEV_READY" = false ] || printf ' and True'): $why (a range comes from the controller manager, --allocate-node-cidrs)"
    fi
    if [ "$((now - said))" -ge 5 ]; then
        said=$now
        say "waiting for node $KUBEDEV_NODE_NAME: $((now - begin)) of $KUBEDEV_READY_SEC s"
    fi
    sleep 0.5
done
write_record "kind=windows-node-await"
printf '{"podCidr":%s,"kubeletVersion":%s,"internalIp":%s}\n' "$(json_string "$(ask_node '{.spec.podCIDR}')")" \
    "$(json_string "$(ask_node '{.status.nodeInfo.kubeletVersion}')")" \
    "$(json_string "$(ask_node '{.status.addresses[?(@.type=="InternalIP")].address}')")"
