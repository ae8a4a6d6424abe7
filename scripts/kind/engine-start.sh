#!/bin/sh
# Starts a container engine of this user's own, or joins the one that another stack has started: two on one host would
# share their firewall rules. It runs as a service (host/service-start.sh) in a directory that belongs to no stack.
#   KUBEDEV_SERVICE_START  text of host/service-start.sh
#   KUBEDEV_ENGINE_CONFIG  settings of dockerd, JSON, with @DIR@ for its directory
#   KUBEDEV_ENGINE_RUNTIME text of the OCI runtime that containers get
#   KUBEDEV_STARTS         goes up when it was found dead: it is started again, and what it keeps is kept
# shellcheck disable=SC2031 # leave_engine has values of its own
. ../host/service-stop.sh
. ./engine.sh
. ./thaw.sh
. ./engine-end.sh
take_lock

PATH=$PATH:/usr/sbin:/sbin
export PATH
problem=$(own_engine_problem)
[ -z "$problem" ] || die "$problem"

lock_engine
join_engine
note_network
trap '[ -f "$record" ] || leave_engine' EXIT
trap 'exit 130' INT TERM HUP

# shellcheck disable=SC2016 # for the service's own shell
prepare='printf "#!/bin/bash\n%s\n" "$KUBEDEV_ENGINE_RUNTIME" >runtime && chmod 0700 runtime &&
    printf "%s\n" "$KUBEDEV_ENGINE_CONFIG" | sed "s|@DIR@|$PWD|g" >daemon.json && rm -f docker.pid'
# shellcheck disable=SC2016 # for the service's own shell
(
    exec 9>&- 8>&-
    export KUBEDEV_DIR="$engine_dir" KUBEDEV_KEY=engine KUBEDEV_INCARNATION=1 KUBEDEV_RUNNING=true
    KUBEDEV_SPEC=$(printf '%s' "$KUBEDEV_ENGINE_CONFIG$KUBEDEV_ENGINE_RUNTIME$prepare" | cksum | cut -d ' ' -f 1)
    export KUBEDEV_SPEC KUBEDEV_PRE_START="$prepare" KUBEDEV_RUN='exec dockerd --config-file "$PWD/daemon.json"'
    export KUBEDEV_HEALTH='docker -H "unix://$PWD/docker.sock" version' KUBEDEV_HEALTH_SEC=60
    export KUBEDEV_STOP='' KUBEDEV_STOP_SEC=40 KUBEDEV_LOG_MIB=16 KUBEDEV_LOG_KEEP=2 KUBEDEV_SUPERVISOR=detached
    exec sh -c "$KUBEDEV_SERVICE_START"
) >/dev/null
write_record "kind=engine" "fact.starts=$KUBEDEV_STARTS" "fact.log=$engine_dir/log"
printf '{"dockerHost":%s,"log":%s}\n' "$(json_string "unix://$engine_dir/docker.sock")" "$(json_string "$engine_dir/log")"
