#!/bin/sh
# Runs $kubedev_script in a container, of this machine or, with KUBEDEV_SSH, of another one: transport.sh says what else it
# takes. Set above it:
#   kubedev_container  its name
#   kubedev_engine     own: it is in the engine that a ContainerEngine runs for this user; else in the machine's
# shellcheck disable=SC2154 # kubedev_script and these come from the text that this is inlined into
KUBEDEV_SSH=${KUBEDEV_SSH:-here}
. ./transport-begin.sh
. ./transport-loader.sh
# shellcheck disable=SC2034 # for transport-end.sh
kubedev_expected="that container to run; correct its name or engine, or start it (docker start $kubedev_container)"
# Nothing else means that what was in it went with it: an engine that does not answer may do so again.
# shellcheck disable=SC2034 # for transport-end.sh
kubedev_gone='there is no container of this name'

# On the container's machine. Whether the script was run at all is told by exit statuses that a script never gets to end with.
# shellcheck disable=SC2016 # expanded over there
kubedev_enter='
if [ "$2" = own ]; then
    case ${XDG_STATE_HOME:-} in
    /*) DOCKER_HOST=unix://$XDG_STATE_HOME/kubedev/engine/docker.sock ;;
    *) DOCKER_HOST=unix://$HOME/.local/state/kubedev/engine/docker.sock ;;
    esac
    export DOCKER_HOST
fi
command -v docker >/dev/null || exit 94
look() {
    runs=$(timeout 10 docker inspect --type container --format "{{.State.Running}} {{.State.Paused}}" "$1" 2>&1 </dev/null) || case $runs in
    *"No such"*) exit 96 ;;
    *) exit 95 ;;
    esac
    [ "$runs" = "true false" ] || exit 97
}
look "$1"
status=0
docker exec -i "$1" sh -c "$3" || status=$?
# It may have stopped in between: then nothing was looked at.
[ "$4:$status" = probe:0 ] || [ "$4" != probe ] || look "$1"
case $status in 9[4-7]) status=1 ;; esac
exit "$status"
'
kubedev_far="sh -c $(kubedev_quote "$kubedev_enter") kubedev $(kubedev_quote "$kubedev_container") $kubedev_engine $(kubedev_quote "$kubedev_loader") $kubedev_verb"

kubedev_call() {
    if [ "$1" = here ]; then
        timeout --foreground "$((${KUBEDEV_TIMEOUT_SEC:-600} + 15))" sh -c "$kubedev_far"
    else
        timeout --foreground "$((${KUBEDEV_TIMEOUT_SEC:-600} + 15))" \
            ssh -E "$kubedev_scratch/log" -o PermitLocalCommand=yes \
            -o LocalCommand="touch '$kubedev_scratch/connected'" "$@" "$kubedev_far"
    fi
}

kubedev_dial() {
    kubedev_answer=0
    kubedev_sent | kubedev_call "$@" || kubedev_answer=$?
    case $kubedev_answer in
    94) kubedev_absent='there is no docker on that machine' ;;
    95) kubedev_absent='the container engine does not answer' ;;
    96) kubedev_absent=$kubedev_gone ;;
    97) kubedev_absent='the container does not run, or is paused' ;;
    *)
        if [ "$1" = here ]; then : >"$kubedev_scratch/connected"; fi
        return "$kubedev_answer"
        ;;
    esac
    rm -f "$kubedev_scratch/connected"
    printf '%s\n' "$kubedev_absent" >"$kubedev_scratch/log"
    return "$kubedev_answer"
}

. ./transport-end.sh
