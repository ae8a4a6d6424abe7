#!/bin/sh
# Waits until a Windows node is in its cluster with a range for its pods, and, if asked for, is Ready by what the kubelet that
# runs there now has reported.
#   see windows-node-cluster.sh
#   KUBEDEV_READY      true: until it is Ready
#   KUBEDEV_READY_SEC  how long that may take
#   KUBEDEV_RUNNING    false: its machine is declared as stopped, and nobody waits
#   KUBEDEV_AFTER      ids of the programs that it is to be Ready with
. ./windows-node-cluster.sh
take_lock
clean_up() {
    rm -f "$dir/said"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# For some 40 s the API server has what a kubelet said that was stopped. The one of now has reported once there is another
# report than at first; it reports at its start, then all five minutes, and renews its lease from the same moment on every 10 s.
heard_anew() { # time of the last report
    lease=$(in_cluster get lease "$KUBEDEV_NODE_NAME" -n kube-node-lease --ignore-not-found \
        -o 'jsonpath={.spec.renewTime}' 2>"$dir/said") || return 1
    if [ -z "$renewals" ]; then first_report=$1 renewed=$lease renewals=0; fi
    if [ "$lease" != "$renewed" ]; then renewed=$lease renewals=$((renewals + 1)); fi
    [ "$1" != "$first_report" ] || [ "$renewals" -ge 2 ]
}

# An update in place for no other program means the kubelet of before. No version is asked for: a swap has its own.
fresh=true
if [ "$KUBEDEV_READY" = true ] && ! { is_as_wanted && [ "$(field after)" = "$KUBEDEV_AFTER" ]; }; then fresh=false; fi
renewals=''
begin=$(date +%s)
said=$begin
ready='{.status.conditions[?(@.type=="Ready")].status}'
reported='{.status.conditions[?(@.type=="Ready")].lastHeartbeatTime}'
while [ "$KUBEDEV_RUNNING" != false ]; do
    if facts=$(ask_node "{.spec.podCIDR} $ready $reported" 2>"$dir/said"); then
        if [ "$fresh" = false ] && heard_anew "${facts##* }"; then fresh=true; fi
        facts=${facts% *}
        case $KUBEDEV_READY:$fresh:$facts in true:true:*/*" True" | false:*/*) break ;; esac
    fi
    now=$(date +%s)
    if [ "$((now - begin))" -ge "$KUBEDEV_READY_SEC" ]; then
        say "the API server said: $(cat "$dir/said")"
        why=$(ask_node '{.status.conditions[?(@.type=="Ready")].message}' 2>&1 || :)
        die "node $KUBEDEV_NODE_NAME: got range and readiness \"$facts\"$([ "$fresh" = true ] || printf ', and no new report of its kubelet,') after $KUBEDEV_READY_SEC s, expected a range for its pods$([ "$KUBEDEV_READY" = false ] || printf ' and True'): $why (a range comes from the controller manager, --allocate-node-cidrs)"
    fi
    if [ "$((now - said))" -ge 5 ]; then
        said=$now
        say "waiting for node $KUBEDEV_NODE_NAME: $((now - begin)) of $KUBEDEV_READY_SEC s"
    fi
    sleep 0.5
done
# Nobody has heard of the programs of a machine that is stopped.
if [ "$KUBEDEV_RUNNING" = false ]; then KUBEDEV_AFTER=''; fi
write_record "kind=windows-node-await" "after=$KUBEDEV_AFTER"
printf '{"podCidr":%s,"kubeletVersion":%s,"internalIp":%s}\n' "$(json_string "$(ask_node '{.spec.podCIDR}')")" \
    "$(json_string "$(ask_node '{.status.nodeInfo.kubeletVersion}')")" \
    "$(json_string "$(ask_node '{.status.addresses[?(@.type=="InternalIP")].address}')")"
