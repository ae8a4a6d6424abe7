#!/bin/sh
# Starts a long-running process and waits until it is healthy. Does nothing if it runs just as wanted.
#   KUBEDEV_RUN             shell text that ends in exec of the process
#   KUBEDEV_PRE_START       shell text run before, in the thing's directory; may be empty
#   KUBEDEV_HEALTH          shell text that succeeds when it is healthy; empty: it need only go on running
#   KUBEDEV_HEALTH_SEC      how long to wait for that
#   KUBEDEV_STOP, KUBEDEV_STOP_SEC   see service-stop.sh
#   KUBEDEV_LOG_MIB, KUBEDEV_LOG_KEEP  size at which the log is rotated, and how many old ones are kept
#   KUBEDEV_SUPERVISOR      auto, systemd or detached
. ./service-stop.sh
take_lock
log=$dir/log

report() {
    printf '{"pid":%s,"log":%s,"supervisor":"%s","unit":"%s"}\n' "$(field pid)" "$(json_string "$log")" \
        "$(field supervisor)" "$(field unit)"
}

if is_as_wanted && [ -n "$(living_pid)" ]; then
    report
    exit 0
fi
stop_service
rm -f "$record"

supervisor=$KUBEDEV_SUPERVISOR
if [ "$supervisor" = auto ]; then
    if manager is-system-running >/dev/null 2>&1 || manager show-environment >/dev/null 2>&1; then
        supervisor=systemd
    else
        supervisor=detached
    fi
    if [ "$supervisor" = systemd ] && [ "$(id -u)" -ne 0 ] && ! lingers; then
        say "no linger for $(id -un): the service runs detached instead of as a systemd user unit (loginctl enable-linger turns it on)"
        supervisor=detached
    fi
fi

rotate_log() {
    number=$KUBEDEV_LOG_KEEP
    rm -f "$log.$number"
    while [ "$number" -gt 1 ]; do
        if [ -e "$log.$((number - 1))" ]; then mv -f "$log.$((number - 1))" "$log.$number"; fi
        number=$((number - 1))
    done
    if [ -s "$log" ]; then mv -f "$log" "$log.1"; fi
    : >"$log"
}
if [ -s "$log" ]; then rotate_log; fi

# The process writes into a pipe, whose reader rotates: nothing that runs for weeks fills the disk.
cat >"$dir/logger" <<'LOGGER'
log=$KUBEDEV_SERVICE/log
size() { stat -c %s "$log" 2>/dev/null || echo 0; }
while :; do
    before=$(size)
    dd bs=65536 count=64 2>/dev/null >>"$log"
    after=$(size)
    [ "$after" -ne "$before" ] || exit 0
    if [ "$after" -ge "$((KUBEDEV_LOG_MIB * 1048576))" ]; then
        number=$KUBEDEV_LOG_KEEP
        while [ "$number" -gt 1 ]; do
            [ ! -e "$log.$((number - 1))" ] || mv -f "$log.$((number - 1))" "$log.$number"
            number=$((number - 1))
        done
        mv -f "$log" "$log.1"
        : >"$log"
    fi
done
LOGGER
cat >"$dir/launcher" <<'LAUNCHER'
cd "$KUBEDEV_SERVICE"
sh ./logger <log.pipe >/dev/null 2>&1 &
exec sh ./run >log.pipe 2>&1
LAUNCHER
printf '%s\n' "$KUBEDEV_RUN" >"$dir/run"
rm -f "$dir/log.pipe"
mkfifo "$dir/log.pipe"

if [ -n "$KUBEDEV_PRE_START" ]; then
    (cd "$dir" && exec 9>&- && sh -c "$KUBEDEV_PRE_START" >&2) || die "the preparation of the service failed"
fi

unit=''
if [ "$supervisor" = systemd ]; then
    unit=$(unit_name)
    manager reset-failed "$unit" 2>/dev/null || :
    (exec 9>&- && run_unit "$unit") || die "systemd-run could not start $unit"
    pid=$(manager show -p MainPID --value "$unit")
else
    # The same small environment that a systemd unit gets: nothing of the user's shell, no token, no surprise.
    env -i PATH="$PATH" HOME="$HOME" KUBEDEV_SERVICE="$dir" KUBEDEV_LOG_MIB="$KUBEDEV_LOG_MIB" \
        KUBEDEV_LOG_KEEP="$KUBEDEV_LOG_KEEP" setsid sh "$dir/launcher" </dev/null >/dev/null 2>&1 9>&- &
    pid=$!
fi

fail() {
    say "last lines of $log:"
    tail -n 20 "$log" >&2 2>/dev/null || :
    adopt
    stop_service
    rm -f "$record"
    die "$1"
}
adopt() {
    ticks=$(start_ticks "$pid")
    write_record "kind=process" "pid=$pid" "startTicks=$ticks" "bootId=$(boot_id)" "supervisor=$supervisor" \
        "unit=$unit" "fact.log=$log"
}

# Killed from here on, the next run must find the process: first a record that is not as wanted, then the true one.
wanted_spec=$KUBEDEV_SPEC
KUBEDEV_SPEC=starting
adopt
trap 'fail "interrupted while the service started: it was stopped again"' INT TERM HUP

begin=$(date +%s)
said=$begin
healthy=false
while :; do
    if [ -z "$(start_ticks "$pid")" ]; then
        fail "the service ended at once, before it was healthy"
    fi
    if [ -z "$KUBEDEV_HEALTH" ]; then
        # No check given: it must outlive what most processes need to refuse their arguments.
        [ "$healthy" = true ] && break
        healthy=true
        sleep 0.5
        continue
    fi
    if (cd "$dir" && exec 9>&- && KUBEDEV_PID=$pid sh -c "$KUBEDEV_HEALTH") >"$dir/health" 2>&1; then
        break
    fi
    now=$(date +%s)
    if [ "$((now - begin))" -ge "$KUBEDEV_HEALTH_SEC" ]; then
        say "the health check said: $(tail -n 5 "$dir/health")"
        fail "the service was not healthy after $KUBEDEV_HEALTH_SEC s"
    fi
    if [ "$((now - said))" -ge 2 ]; then
        said=$now
        say "waiting for the service to be healthy: $((now - begin)) of $KUBEDEV_HEALTH_SEC s"
    fi
    sleep 0.2
done
if [ -z "$(start_ticks "$pid")" ]; then
    fail "the service ended just after it was healthy"
fi
rm -f "$dir/health" "$dir/log.pipe"
trap - INT TERM HUP
KUBEDEV_SPEC=$wanted_spec
adopt
report
