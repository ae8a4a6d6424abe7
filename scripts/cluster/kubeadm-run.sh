#!/bin/sh
# shellcheck disable=SC2154 # dir and record are set by prelude.sh
# Functions that run kubeadm on a host, and undo what it did.
#   KUBEDEV_KUBEADM, KUBEDEV_KUBELET   programs
#   KUBEDEV_KUBELET_UNIT      text of the kubelet's unit
#   KUBEDEV_KUBELET_DROP_IN   what is laid over the kubelet's configuration
kubernetes=/etc/kubernetes
socket=/run/kubedev/containerd/containerd.sock
unfinished=$dir/unfinished
# That of cgroup v1, with every call: the host has what it has.
export CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=1

# Writes a file by rename, unless it is there; true if it was not.
put() { # file, text, mode
    ! holds "$1" "$2" || return 1
    { mkdir -p "${1%/*}" && printf '%s\n' "$2" >"$1.kubedev-new" && chmod "$3" "$1.kubedev-new" && mv -f "$1.kubedev-new" "$1"; } ||
        die "cannot write $1"
}
holds() { printf '%s\n' "$2" | cmp -s - "$1"; } # file, text

# What its kubelet is started with; true if anything changed.
put_kubelet() {
    put_status=1
    ! put /etc/systemd/system/kubelet.service "$KUBEDEV_KUBELET_UNIT" 0644 || put_status=0
    ! put "$kubernetes/kubelet.conf.d/10-kubedev.conf" "$KUBEDEV_KUBELET_DROP_IN" 0600 || put_status=0
    [ "$put_status" -ne 0 ] || systemctl daemon-reload
    return "$put_status"
}

# What services of the host know the cluster by.
put_credentials() {
    put "$kubernetes/kube-proxy.conf" "$KUBEDEV_KUBE_PROXY_CONF" 0600 || :
    ln -sfn pki/ca.crt "$kubernetes/ca.crt"
}

# It asks the kubelet on its PATH for its version.
use_programs() {
    mkdir -p "$dir/bin"
    ln -sfn "$KUBEDEV_KUBEADM" "$dir/bin/kubeadm"
    ln -sfn "$KUBEDEV_KUBELET" "$dir/bin/kubelet"
    PATH=$dir/bin:$PATH
}

# A preview has said that the thing is kept: then nothing of it is undone.
refuse_in_place() { # place, what is there
    ! is_as_wanted ||
        die "$1 is of $2; expected that one, which was to be brought up to date in place: nothing was touched. Put it back, or have it made anew, and lose what is in it: pulumi up --replace '**::$KUBEDEV_KEY'"
}

# In the background, since a shell takes no signal while it waits for a foreground process.
worker=''
run_kubeadm() { # arguments...
    case $* in
    init\ phase*) ;;
    *) if skips_system_check; then set -- "$@" --ignore-preflight-errors=SystemVerification; fi ;;
    esac
    kubeadm "$@" >"$dir/log" 2>&1 9>&- &
    worker=$!
    told=''
    while kill -0 "$worker" 2>/dev/null; do
        step=$(grep '^\[[a-z]' "$dir/log" | tail -n 1)
        [ "$step" = "$told" ] || say "kubeadm: $step"
        told=$step
        sleep 0.5
    done
    kubeadm_status=0
    wait "$worker" || kubeadm_status=$?
    worker=''
    return "$kubeadm_status"
}
# Its check of the system reads the kernel's configuration, which images of BaseImage have not, and fails with cgroup v1, even
# where the kubelet may start with it.
skips_system_check() {
    [ -n "$(kernel_configuration)" ] || return 0
    case $KUBEDEV_KUBELET_DROP_IN in *'failCgroupV1: false'*) [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] ;; *) false ;; esac
}
# Where kubeadm looks for it, too.
kernel_configuration() {
    release=$(uname -r)
    for file in /proc/config.gz "/boot/config-$release" "/usr/src/linux-$release/.config" "/usr/lib/modules/$release/config" \
        "/usr/lib/ostree-boot/config-$release" "/usr/lib/kernel/config-$release" "/lib/modules/$release/build/.config"; do
        [ ! -f "$file" ] || echo "$file"
    done
    ! modprobe --dry-run configs 2>/dev/null || echo configs
}
kubeadm_failed() { # what
    # It lists, in colours, what is as it should be.
    sed "s/$(printf '\033')\[[0-9;]*m//g; /^[A-Z_]*: enabled/d" "$dir/log" | tail -n 30 >&2
    die "kubeadm $1 failed on this host; its whole log is $dir/log"
}

in_runtime() { timeout 20 ctr --address "$socket" --namespace k8s.io "$@"; }
# The container of a static pod that runs now, if there is one.
running_of() { # program
    in_runtime tasks list 2>/dev/null | awk '$3 == "RUNNING" { print $1 }' >"$dir/running"
    in_runtime containers list --quiet "labels.\"io.kubernetes.container.name\"==$1" 2>/dev/null | grep -xFf "$dir/running" || :
}
# Until a run has come to its end the next one is to go on, though nothing else changes: a preview compares this fact.
#   KUBEDEV_BEGUN  what it was
note_begun() {
    [ -f "$record" ] || return 0
    sed '/^fact\.begun=/d' "$record" >"$record.new"
    echo "fact.begun=$(date +%s)" >>"$record.new"
    mv -f "$record.new" "$record"
}
runs() { running_of "$1" | grep -qxF "$2"; } # program, its container
has_ended() { [ -n "$2" ] && ! runs "$1" "$2"; }
# Waits until other containers run than those of before, the same ones for some seconds, since one that falls again and again
# runs now and then; and until the API server answers.
await_others() { # address of the API server, file of lines: program, its container of before
    await_begin=$(date +%s)
    steady=''
    while :; do
        awaited='' others=''
        while read -r program before; do
            now=$(running_of "$program")
            if [ -n "$now" ] && [ "$now" != "$before" ]; then others="$others $now"; else awaited="${awaited:+$awaited, }$program"; fi
        done <"$2"
        if [ -z "$awaited" ] && [ "$others" = "$steady" ]; then break; fi
        await_or_die "${awaited:-programs} to run anew, and to go on"
        steady=$others
        [ -n "$awaited" ] || sleep 4
    done
    until curl -fsSk --noproxy '*' --max-time 5 -o /dev/null "https://$1:6443/livez" 2>/dev/null; do
        await_or_die "the API server to answer"
    done
    rm -f "$dir/running"
}
await_or_die() { # what
    [ "$(($(date +%s) - await_begin))" -lt 300 ] ||
        die "waited 300 s for $1: journalctl -u kubelet, and logs in /var/log/pods, say why"
    sleep 1
}

# What a run that fails leaves: its log, which goes with the stack.
clean_up() {
    [ -z "$worker" ] || kill "$worker" 2>/dev/null || :
    rm -rf "$dir/pki"
    [ ! -e "$unfinished" ] || { end_node && rm -f "$unfinished"; }
    if [ ! -f "$record" ]; then
        rm -rf "${dir:?}/bin" "$dir/kubeadm.yaml" "$dir/made"
        [ -s "$dir/log" ] || forget
    fi
}

# Undoes what kubeadm and kubelet did, offline: the kubelet is stopped and every container ended.
end_node() {
    systemctl stop kubelet.service 2>/dev/null || :
    if [ -x "$KUBEDEV_KUBEADM" ] && [ -d "$kubernetes" ] && [ -S "$socket" ]; then
        timeout 120 "$KUBEDEV_KUBEADM" reset phase cleanup-node --cri-socket "unix://$socket" \
            >"$dir/reset.log" 2>&1 9>&- || say "kubeadm reset phase cleanup-node failed: $(tail -n 1 "$dir/reset.log")"
        rm -f "$dir/reset.log"
    fi
    # What it could not end, as where its runtime did not answer in time.
    if [ -S "$socket" ]; then
        in_runtime tasks list --quiet 2>/dev/null | while IFS= read -r task; do
            in_runtime tasks kill --signal SIGKILL "$task" 2>/dev/null || :
            in_runtime tasks delete --force "$task" >/dev/null 2>&1 || :
        done
        in_runtime containers list --quiet 2>/dev/null | while IFS= read -r container; do
            in_runtime containers delete "$container" 2>/dev/null || :
        done
    fi
    awk '{ print $5 }' /proc/self/mountinfo | grep -E '^/var/lib/kubelet(/|$)' | sort -r | while IFS= read -r mount; do
        umount "$mount" 2>/dev/null || umount -l "$mount" || die "cannot unmount $mount"
    done
    rm -rf --one-file-system "$kubernetes" /var/lib/kubelet /var/lib/etcd
    rm -f /etc/systemd/system/kubelet.service
    systemctl daemon-reload
    systemctl reset-failed kubelet.service 2>/dev/null || :
}
