#!/bin/sh
# shellcheck disable=SC2154 # state_root and cache_root are set by prelude.sh
# Functions that lead docker and kind to the container engine.
#   KUBEDEV_ENGINE  own: the one that ContainerEngine runs for this user; else the host's

engine_dir=$state_root/engine

# True if the user's own engine runs. Asks nobody.
own_engine_runs() { [ -n "$(of_engine living_pid)" ]; }
of_engine() { record=$engine_dir/record "$1"; }

# Why this user can have no engine of their own here; nothing if they can.
own_engine_problem() {
    if [ "$(id -u)" -ne 0 ]; then
        echo "a container engine of one's own runs as root, and this is $(id -un); log in as root, or leave engine out and use the one of this host"
        return
    fi
    for pair in dockerd:docker.io docker:docker.io runc:runc iptables:iptables ip:iproute2 jq:jq; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || {
            echo "there is no ${pair%%:*} on this host; expected the Debian package ${pair#*:} (apt-get install ${pair#*:})"
            return
        }
    done
    theirs=$(cat /var/run/docker.pid 2>/dev/null || :)
    if [ -n "$theirs" ] && [ -n "$(start_ticks "$theirs")" ]; then
        echo "this host's own container engine is running (dockerd, process $theirs), and two of them share their firewall rules; leave engine out to use that one, or stop it (systemctl stop docker docker.socket)"
    fi
}

# Sets DOCKER_HOST; says within ten seconds what is wrong with the engine, in $said.
find_engine() {
    command -v docker >/dev/null || {
        said='there is no docker on this host; expected the Debian package docker.io, or Docker Engine from docker.com'
        return 1
    }
    if [ "$KUBEDEV_ENGINE" = own ]; then
        DOCKER_HOST=unix://$engine_dir/docker.sock
        export DOCKER_HOST
    fi
    said=$(timeout 10 docker version --format '{{.Server.Version}}' 2>&1) || {
        said="the container engine does not answer: $(printf '%s\n' "${said:-no answer within 10 s}" | tail -n 1)"
        return 1
    }
}
use_engine() { find_engine || die "$said"; }

# One run at a time starts or ends the user's own engine.
lock_engine() {
    mkdir -p "$cache_root"
    exec 8>"$cache_root/engine.lock"
    flock -w 300 8 || die "$cache_root/engine.lock is still held by another run after 300 s; wait for it, or end it (fuser -v $cache_root/engine.lock shows it)"
}
