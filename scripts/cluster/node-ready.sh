#!/bin/sh
# Waits, beside the control plane, until a node is Ready with the kubelet that runs there now, and sets its labels.
#   KUBEDEV_KUBECTL, KUBEDEV_STATE, KUBEDEV_NODE_NAME  see node-credentials.sh
#   KUBEDEV_KUBELET_VERSION  what the node has to report, as v1.36.1
#   KUBEDEV_LABELS           lines key=value
#   KUBEDEV_READY_SEC        how long it may take
. ../host/prelude.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

in_cluster() { "$KUBEDEV_KUBECTL" --kubeconfig "$dir/$KUBEDEV_STATE/kubeconfig" --request-timeout=10s "$@"; }
ask() { in_cluster get node "$KUBEDEV_NODE_NAME" -o "jsonpath=$1"; }
# Whoever is busy answers late: that is no failure of the node.
patiently() {
    patience=6
    until "$@"; do
        patience=$((patience - 1))
        [ "$patience" -gt 0 ] || return 1
        sleep 1
    done
}
renewed() { in_cluster get lease "$KUBEDEV_NODE_NAME" -n kube-node-lease -o 'jsonpath={.spec.renewTime}' 2>/dev/null || :; }

ready='{.status.conditions[?(@.type=="Ready")].status}'
why='{.status.conditions[?(@.type=="Ready")].message}'
begin=$(date +%s)
said=$begin
# What it said before the kubelet was started counts no more; in an update in place the kubelet is the one of before.
before=''
is_as_wanted || before=$(renewed)
while :; do
    status=$(ask "$ready {.status.nodeInfo.kubeletVersion}" 2>"$dir/said") || status=''
    if [ "$status" = "True $KUBEDEV_KUBELET_VERSION" ] && [ "$(renewed)" != "$before" ]; then break; fi
    now=$(date +%s)
    if [ "$((now - begin))" -ge "$KUBEDEV_READY_SEC" ]; then
        say "the API server said: $(cat "$dir/said")"
        die "node $KUBEDEV_NODE_NAME was not Ready with kubelet $KUBEDEV_KUBELET_VERSION after $KUBEDEV_READY_SEC s; got \"$status\": $(ask "$why" 2>&1 || :) (its logs are in the output logPaths)"
    fi
    if [ "$((now - said))" -ge 5 ]; then
        said=$now
        say "waiting for node $KUBEDEV_NODE_NAME to be Ready: $((now - begin)) of $KUBEDEV_READY_SEC s"
    fi
    sleep 0.5
done
rm -f "$dir/said"

labels=$(printf '%s\n' "$KUBEDEV_LABELS" | tr '\n' ' ')
dropped=$(for key in $(field fact.labels); do
    printf '%s\n' "$KUBEDEV_LABELS" | grep -q "^$key=" || echo "$key-"
done)
# shellcheck disable=SC2086 # words
[ -z "${labels% }$dropped" ] || patiently in_cluster label --overwrite node "$KUBEDEV_NODE_NAME" $labels $dropped >&2
write_record "kind=node-ready" "fact.labels=$(printf '%s\n' "$KUBEDEV_LABELS" | sed 's/=.*//' | tr '\n' ' ')"
printf '{"kubeletVersion":%s,"internalIp":%s,"podCidr":%s}\n' "$(json_string "$KUBEDEV_KUBELET_VERSION")" \
    "$(json_string "$(patiently ask '{.status.addresses[?(@.type=="InternalIP")].address}')")" "$(json_string "$(patiently ask '{.spec.podCIDR}')")"
