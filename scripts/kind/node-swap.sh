#!/bin/sh
# In a node of kind: what runs there, and other programs in its place.
#   $1  look                      prints `program sha256` for each, and `kept program` for those that are not the image's own
#       put program sha256 image  puts the staged one in its place, and the one before back if that is not healthy then
#       restore program           puts the image's own in its place
# Prints why something was not done, and ends with 1. What the image had is kept in $home, and so is what was there before,
# until the new one is healthy: who finds that knows of a run that was broken off.
set -eu
home=/kind/programs
manifests=/etc/kubernetes/manifests
health_sec=60
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
refuse() {
    rm -f "$home"/staged/*
    echo "$*"
    exit 1
}

# The kubelet's kind lies in /usr/bin; the control plane runs from images, as static pods.
is_static() { case $1 in kube-*) true ;; *) false ;; esac }
place() { if is_static "$1"; then echo "$manifests/$1.yaml"; else echo "/usr/bin/$1"; fi; }
image_in() { sed -n "s|^ *image: *||p" "$1" | head -n 1; }
digest() {
    if is_static "$1"; then image_in "$(place "$1")" | sed -n 's|^kubedev.invalid/.*:||p'; else sha256sum <"$(place "$1")" | cut -d ' ' -f 1; fi
}

look() {
    for program in kubelet kubeadm kubectl kube-apiserver kube-controller-manager kube-scheduler; do
        [ -e "$(place "$program")" ] || continue
        # Of a run that was killed: nobody saw whether it is healthy.
        if [ -e "$home/$program.before" ]; then
            echo "$program unknown"
        else
            echo "$program $(digest "$program")"
        fi
        [ ! -e "$home/$program.image" ] || echo "kept $program"
    done
}

node_status() {
    kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout 3s get node "$(hostname)" \
        -o 'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}' 2>/dev/null || :
}
# The status of before counts until the kubelet reports again.
reports_ready() {
    status=$(node_status)
    case $status in True*) [ "$(date -d "${status#* }" +%s)" -ge "$1" ] ;; *) false ;; esac
}
kubelet_is_healthy() { # since
    curl -fsS -m 2 http://127.0.0.1:10248/healthz >/dev/null 2>&1 || return 1
    [ "$was_ready" = false ] || reports_ready "$1"
}
pod_is_healthy() { # program
    crictl ps --name "^$1\$" --state Running -o json |
        jq -e --arg image "$(image_in "$(place "$1")")" 'any(.containers[]; .image.userSpecifiedImage == $image)' >/dev/null || return 1
    case $1 in
    kube-apiserver) url=https://127.0.0.1:6443/readyz ;;
    kube-controller-manager) url=https://127.0.0.1:10257/healthz ;;
    kube-scheduler) url=https://127.0.0.1:10259/healthz ;;
    esac
    # Its own certificate, on the node itself.
    curl -fsSk -m 2 "$url" >/dev/null 2>&1
}
is_healthy() { # program since
    case $1 in
    kubelet) kubelet_is_healthy "$2" ;;
    kube-*) pod_is_healthy "$1" ;;
    esac
}
has_died() {
    [ "$1" = kubelet ] && [ "$(systemctl show -p NRestarts --value kubelet)" -ge 3 ]
}
wait_healthy() { # program since
    while ! is_healthy "$1" "$2"; do
        why="was not healthy within $health_sec s"
        if [ "$(($(date +%s) - $2))" -ge "$health_sec" ]; then return 1; fi
        why="ended again and again"
        if has_died "$1"; then return 1; fi
        sleep 0.2
    done
}

# Renames a file into a program's place, while what it runs as is stopped.
change() { # program file
    # Of the kubelet alone: the pods of a node go on.
    if [ "$1" = kubelet ]; then timeout 30 systemctl stop kubelet; fi
    mv -f "$2" "$(place "$1")"
    if [ "$1" = kubelet ]; then
        # So that only what happens from now on is counted as a restart.
        systemctl reset-failed kubelet
        systemctl start kubelet
    fi
}
words_of() {
    if [ "$1" = kubelet ]; then
        journalctl -u kubelet -n 8 --no-pager -o cat >&2 || :
    else
        crictl logs --tail 8 "$(crictl ps -a --name "^$1\$" -q | head -n 1)" >&2 2>&1 || :
    fi
}

# What a kubelet that is not Ready for want of a pod network must not be asked for.
was_ready=false
case $(node_status) in True*) was_ready=true ;; esac

exchange() { # program file
    since=$(date +%s)
    # A copy, so that its place is never empty; an earlier one tells what was last healthy.
    [ -e "$home/$1.before" ] || cp -p "$(place "$1")" "$home/$1.before"
    change "$1" "$2"
    wait_healthy "$1" "$since" && {
        rm -f "$home/$1.before"
        return 0
    }
    words_of "$1"
    said="it $why"
    since=$(date +%s)
    change "$1" "$home/$1.before"
    if wait_healthy "$1" "$since"; then refuse "$said; the one before it was put back and is healthy"; fi
    refuse "$said; the one before it was put back, and $why"
}

print_version() { # program
    case $1 in
    kubelet) "$staged" --version ;;
    kubeadm) "$staged" version ;;
    kubectl) "$staged" version --client ;;
    esac
}
put() { # program sha256 image
    staged=$home/staged/$1
    if is_static "$1"; then
        sed "s|^\( *image: *\).*|\1$3|" "$(place "$1")" >"$staged"
        chmod 0600 "$staged"
    else
        [ "$(sha256sum <"$staged" | cut -d ' ' -f 1)" = "$2" ] || refuse "it did not arrive whole"
        chmod 0755 "$staged"
        said=$(print_version "$1" 2>&1 </dev/null) || refuse "it does not run in this node: $(printf '%s\n' "$said" | tail -n 1)"
    fi
    [ -e "$home/$1.image" ] || cp -p "$(place "$1")" "$home/$1.image"
    exchange "$1" "$staged"
}

restore() { # program
    [ -e "$home/$1.image" ] || return 0
    cp -p "$home/$1.image" "$home/staged/$1"
    exchange "$1" "$home/staged/$1"
    rm -f "$home/$1.image"
}

# Images of the programs before, which no pod takes any more.
drop_images() {
    ctr -n k8s.io images ls -q 2>/dev/null | grep '^kubedev.invalid/' | while read -r image; do
        grep -qrF "image: $image" "$manifests" || ctr -n k8s.io images rm "$image" >/dev/null 2>&1
    done
}

mkdir -p "$home/staged"
case $1 in
look) look ;;
put)
    shift
    put "$@"
    if is_static "$1"; then drop_images; fi
    ;;
restore)
    restore "$2"
    if is_static "$2"; then drop_images; fi
    ;;
esac
