#!/bin/sh
# shellcheck disable=SC2154 # state_root and cache_root are set by prelude.sh
# Functions that lead docker and kind to the container engine.
#   KUBEDEV_ENGINE  own: the one that ContainerEngine runs for this user; else the host's

engine_dir=$state_root/engine

# True if the user's own engine runs. Asks nobody.
own_engine_runs() { [ -n "$(of_engine living_pid)" ]; }
of_engine() { record=$engine_dir/record "$1"; }

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
