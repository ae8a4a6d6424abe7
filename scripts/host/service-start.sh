#!/bin/sh
# Starts a long-running process and waits until it is healthy. Does nothing if it runs just as wanted.
#   KUBEDEV_RUN             shell text that ends in exec of the process
#   KUBEDEV_PRE_START       shell text run before, in the thing's directory; may be empty
#   KUBEDEV_HEALTH          shell text that succeeds when it is healthy, and ends with 3 when it never will be;
#                           empty: it need only go on running
#   KUBEDEV_HEALTH_SEC      how long to wait for that
#   KUBEDEV_STOP, KUBEDEV_STOP_SEC   see service-stop.sh
#   KUBEDEV_LOG_MIB, KUBEDEV_LOG_KEEP  size at which the log is rotated, and how many old ones are kept
#   KUBEDEV_SUPERVISOR      auto, systemd or detached
#   KUBEDEV_RUNNING         false: it is only stopped, and kept so
. ./service-stop.sh
take_lock
log=$dir/log

report() {
    printf '{"pid":%s,"log":%s,"supervisor":"%s","unit":"%s"}\n' "$(field pid)" "$(json_string "$log")" \
        "$(field supervisor)" "$(field unit)"
}

write_service_record() {
    write_record "kind=process" "pid=$pid" "startTicks=$(start_ticks "$pid")" "bootId=$(boot_id)" \
        "supervisor=$supervisor" "unit=$unit" "fact.log=$log"
}

if [ "$KUBEDEV_RUNNING" = false ]; then
    stop_service
    write_record "kind=process" "fact.log=$log"
    printf '{"pid":0,"log":%s,"supervisor":"","unit":""}\n' "$(json_string "$log")"
    exit 0
fi
if is_as_wanted && [ -n "$(living_pid)" ]; then
    report
    exit 0
fi
stop_service
rm -f "$record"

# A user's unit ends with the last login, unless the user lingers.
lingers() { [ "$(id -u)" -eq 0 ] || [ "$(loginctl show-user "$(id -un)" -p Linger --value 2>/dev/null)" = yes ]; }

supervisor=$KUBEDEV_SUPERVISOR
if [ "$supervisor" = auto ]; then
    supervisor=detached
    if manager show-environment >/dev/null 2>&1; then
        if lingers; then
            supervisor=systemd
        else
            say "no linger for $(id -un): the service runs detached instead of as a systemd user unit (loginctl enable-linger turns it on)"
        fi
    fi
fi

cat >"$dir/log-rotate" <<'LOG_ROTATE'
. ./log-rotate.sh
LOG_ROTATE
cat >"$dir/launcher" <<'LAUNCHER'
. ./service-launcher.sh
LAUNCHER
printf '%s\n' "$KUBEDEV_RUN" >"$dir/run"
rm -f "$dir/pid" "$dir/log.pipe"
mkfifo "$dir/log.pipe"
[ ! -s "$log" ] || (cd "$dir" && sh ./log-rotate)
: >"$log"

if [ -n "$KUBEDEV_PRE_START" ]; then
    # shellcheck disable=SC2016 # the text is no argument, which others could read
    (cd "$dir" && exec 9>&- && sh -c 'eval "$KUBEDEV_PRE_START"' >&2) || {
        prepare_status=$?
        forget
        die "the preparation of the service failed (exit status $prepare_status)"
    }
fi

# A transient unit: nothing of it is left on disk. Its name must tell apart what two states of one user call the same.
unit_name() {
    printf 'kubedev-%s-%s.service' "$(printf '%s' "$KUBEDEV_KEY" | tr -c 'A-Za-z0-9_.' '-')" \
        "$(printf '%s' "$dir" | cksum | cut -d ' ' -f 1)"
}
start_unit() {
    scope=''
    [ "$(id -u)" -eq 0 ] || scope=--user
    manager reset-failed "$unit" 2>/dev/null || :
    # shellcheck disable=SC2086 # empty or one word
    systemd-run $scope --quiet --collect --unit="$unit" -p "TimeoutStopSec=$KUBEDEV_STOP_SEC" \
        -p "Description=kubedev $KUBEDEV_SCOPE $KUBEDEV_KEY" --setenv=KUBEDEV_SERVICE="$dir" \
        --setenv=KUBEDEV_LOG_MIB="$KUBEDEV_LOG_MIB" --setenv=KUBEDEV_LOG_KEEP="$KUBEDEV_LOG_KEEP" \
        --setenv=PATH="$PATH" --setenv=HOME="$HOME" /bin/sh "$dir/launcher"
}
# The same small environment as a unit has: nothing of the user's shell, no token, no surprise. setsid forks by itself:
# what a shell puts into the background cannot be interrupted.
start_detached() {
    env -i PATH="$PATH" HOME="$HOME" KUBEDEV_SERVICE="$dir" KUBEDEV_LOG_MIB="$KUBEDEV_LOG_MIB" \
        KUBEDEV_LOG_KEEP="$KUBEDEV_LOG_KEEP" setsid -f sh "$dir/launcher" </dev/null >/dev/null 2>&1
}

# Without the colours of a console.
last_words() { tail -n 20 "$log" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g; s/\r//g'; }
unit=''
fail() {
    trap '' INT TERM HUP
    # Of one that runs before it is stopped: what it says then hides why.
    words=''
    [ -z "$pid" ] || [ -z "$(start_ticks "$pid")" ] || words=$(last_words)
    stop_service
    [ -n "$words" ] || words=$(last_words)
    rm -f "$record" "$dir/health" "$dir/log.pipe" "$dir/pid"
    if [ -n "$words" ]; then
        say "last lines of $log:"
        printf '%s\n' "$words" >&2
    fi
    die "$1"
}
# Who interrupts does not wait for long: what has only begun has nothing to save. The process is told first, by the shell
# alone: this script is killed itself in some seconds, and on a busy machine the programs of a whole stop take as long.
interrupted() {
    trap '' INT TERM HUP
    if [ -z "$pid" ]; then read -r pid 2>/dev/null <"$dir/pid" || :; fi
    [ -z "$pid" ] || kill -TERM "-$pid" 2>/dev/null || :
    kill "$check" 2>/dev/null || :
    KUBEDEV_STOP=''
    KUBEDEV_STOP_SEC=2
    fail "interrupted while the service started: it was stopped again"
}
check=''
pid=''
trap interrupted INT TERM HUP
if [ "$supervisor" = systemd ]; then
    unit=$(unit_name)
    (exec 9>&- && start_unit) || fail "systemd-run could not start $unit"
else
    (exec 9>&- && start_detached) || fail "setsid could not start the service"
fi
begin=$(seconds_up)
while [ ! -e "$dir/pid" ]; do
    [ "$(($(seconds_up) - begin))" -lt 20 ] || fail "the service's launcher did not run within 20 s"
    sleep 0.02
done
read -r pid <"$dir/pid"
rm -f "$dir/pid"

# Killed from here on, the next run must find the process: first a record that is not as wanted, then the true one.
wanted_spec=$KUBEDEV_SPEC
KUBEDEV_SPEC=starting
write_service_record

# In the background, since a shell takes no signal while it waits for a foreground process.
is_healthy() {
    # shellcheck disable=SC2016 # the text is no argument, which others could read
    (cd "$dir" && exec 9>&- && KUBEDEV_PID=$pid KUBEDEV_WAITED_SEC=$(($(seconds_up) - begin)) KUBEDEV_LEFT_SEC=$1 exec timeout "$(($1 + 5))" sh -c 'eval "$KUBEDEV_HEALTH"') >"$dir/health" 2>&1 &
    check=$!
    wait "$check"
}
begin=$(seconds_up)
said=$begin
while :; do
    left=$((begin + KUBEDEV_HEALTH_SEC - $(seconds_up)))
    if [ -z "$(start_ticks "$pid")" ]; then
        fail "the service ended at once, before it was healthy"
    fi
    if [ -z "$KUBEDEV_HEALTH" ]; then
        # No check given: it must outlive what most processes need to refuse their arguments.
        sleep 0.5
        break
    fi
    # One attempt must not hang for ever. It is told how long it may take, so that it can say what is wrong before it is cut.
    health_status=0
    is_healthy "$((left < 1 ? 1 : left > 20 ? 20 : left))" || health_status=$?
    if [ "$health_status" -eq 0 ]; then
        break
    elif [ "$health_status" -eq 3 ] || [ "$left" -le 0 ]; then
        say "the health check said: $(tail -n 5 "$dir/health")"
        if [ "$health_status" -eq 3 ]; then
            # It does not listen any more to who asks it to end.
            KUBEDEV_STOP=''
            [ "$KUBEDEV_STOP_SEC" -le 5 ] || KUBEDEV_STOP_SEC=5
            fail "the service will not become healthy"
        fi
        fail "the service was not healthy after $KUBEDEV_HEALTH_SEC s (exit status of the check: $health_status)"
    fi
    now=$(seconds_up)
    if [ "$((now - said))" -ge 2 ]; then
        said=$now
        say "waiting for the service to be healthy: $((now - begin)) of $KUBEDEV_HEALTH_SEC s"
    fi
    sleep 0.2
done
if [ -z "$(start_ticks "$pid")" ]; then
    fail "the service ended just after it was started"
fi
rm -f "$dir/health" "$dir/log.pipe"
trap - INT TERM HUP
KUBEDEV_SPEC=$wanted_spec
write_service_record
report
