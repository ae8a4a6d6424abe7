# shellcheck shell=bash
# Runs commands side by side with a progress line; ends all of them when this script is ended.
# Each one's output goes to a log, shown when it fails.

declare -A JOB_PID=() JOB_TEXT=() JOB_BEGAN=()

# job_start NAME TEXT COMMAND...
job_start() {
    local name=$1 text=$2
    shift 2
    # A process group of its own per job: ended whole, with compilers and downloads. stdin is empty,
    # so that nothing waits for an answer that nobody sees being asked for.
    set -m
    "$@" >"$LOG_DIR/$name.log" 2>&1 </dev/null 9>&- &
    set +m
    JOB_PID[$name]=$!
    JOB_TEXT[$name]=$text
    JOB_BEGAN[$name]=$SECONDS
    say "$text ..."
}

seconds_text() {
    if (($1 < 60)); then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# One line on a terminal, written over and over; elsewhere one line per job, now and then.
job_line() {
    local name parts=()
    for name in "${!JOB_PID[@]}"; do
        if [ -t 2 ]; then
            parts+=("$name $(seconds_text $((SECONDS - JOB_BEGAN[$name])))")
        else
            say "  still ${JOB_TEXT[$name]%% (*} ... $(seconds_text $((SECONDS - JOB_BEGAN[$name])))"
        fi
    done
    if [ -t 2 ]; then
        local line
        line=$(printf '%s, ' "${parts[@]}")
        printf '\r\033[K  %.*s' "$(($(tput cols 2>/dev/null || echo 80) - 3))" "${line%, }" >&2
    fi
}

job_end() {
    local name=$1 code=0
    wait "${JOB_PID[$name]}" || code=$?
    local took
    took=$(seconds_text $((SECONDS - JOB_BEGAN[$name])))
    [ ! -t 2 ] || printf '\r\033[K' >&2
    if [ "$code" = 0 ]; then
        say "${JOB_TEXT[$name]}: done in $took"
    else
        say "${JOB_TEXT[$name]}: failed after $took (exit code $code). The end of $LOG_DIR/$name.log:"
        tail -n 15 "$LOG_DIR/$name.log" | sed 's/^/    /' >&2
    fi
    unset "JOB_PID[$name]"
    return "$code"
}

# Waits for all jobs; 1 when one failed. The others are let finish: what they made is kept.
jobs_wait() {
    local name failed=0 told=$SECONDS every=20
    [ ! -t 2 ] || every=1
    while ((${#JOB_PID[@]})); do
        for name in "${!JOB_PID[@]}"; do
            kill -0 "${JOB_PID[$name]}" 2>/dev/null || job_end "$name" || failed=1
        done
        ((${#JOB_PID[@]})) || break
        if ((SECONDS - told >= every)); then
            job_line
            told=$SECONDS
        fi
        sleep 0.1
    done
    return "$failed"
}

# job NAME TEXT COMMAND...: one job, waited for.
job() {
    job_start "$@"
    jobs_wait
}

# Ends every job that still runs, its children first to be told and last to be waited for.
jobs_abort() {
    local name
    for name in "${!JOB_PID[@]}"; do kill -TERM -- "-${JOB_PID[$name]}" 2>/dev/null || :; done
    for name in "${!JOB_PID[@]}"; do wait "${JOB_PID[$name]}" 2>/dev/null || :; done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# For a script's start: on Ctrl-C, TERM and any other end nothing of its jobs stays behind.
jobs_clean_up_at_exit() {
    trap 'jobs_abort; run_dir_close' EXIT
    trap 'say "stopped"; exit 130' INT
    trap 'say "stopped"; exit 143' TERM HUP
}
