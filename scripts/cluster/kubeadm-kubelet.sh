#!/bin/sh
# Makes sure that the kubelet of a node runs with what it is to be started with, and waits until it is healthy.
#   KUBEDEV_READY_SEC   how long that may take
#   and what kubeadm-run.sh takes
. ../host/prelude.sh
. ./kubeadm-run.sh
take_lock
clean_up() { [ -f "$record" ] || forget; }
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# kubeadm has just started it; one that began with another cluster, or before its machine was made anew, begins again.
started=/run/kubedev/kubelet-started
needed=true
if [ -f "$record" ] || [ -e "$started" ]; then needed=false; fi
! put_kubelet || needed=true
systemctl is-active --quiet kubelet.service || needed=true
rm -f "$started"
[ "$needed" = false ] || systemctl restart kubelet.service
begin=$(date +%s)
until curl -fsS --noproxy '*' --max-time 5 -o /dev/null http://127.0.0.1:10248/healthz 2>"$dir/said"; do
    if [ "$(($(date +%s) - begin))" -ge "$KUBEDEV_READY_SEC" ]; then
        journalctl -u kubelet.service -n 20 --no-pager -o cat >&2 || :
        die "the kubelet was not healthy after $KUBEDEV_READY_SEC s: $(cat "$dir/said") (journalctl -u kubelet)"
    fi
    sleep 0.5
done
rm -f "$dir/said"
# Its cgroup is there as long as it runs.
group=$(systemctl show -p ControlGroup --value kubelet.service)
for place in "/sys/fs/cgroup$group" "/sys/fs/cgroup/systemd$group"; do
    if [ -d "$place" ]; then break; fi
done
[ -n "$group" ] || place=/proc/self
write_record "kind=kubelet" "exists=$place"
printf '{"kubeletVersion":%s}\n' "$(json_string "$("$KUBEDEV_KUBELET" --version | sed 's/^Kubernetes //')")"
