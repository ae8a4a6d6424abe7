#!/bin/sh
# What every script that keeps a thing on a host begins with: its directory, its lock, its record.
# A thing's directory holds `record`, written last and by rename, one key=value a line:
#   incarnation  counts the lives of the thing; goes up when the thing is found dead (design 3.3)
#   spec         digest of what was asked for; equal and alive means that there is nothing to do
#   pid, startTicks, bootId   a process: alive only if all three match and it is no zombie
#   path, size, mtime         a file: alive only if it is as it was left
#   exists       a path that must be there, any number of times
#   mount        a path that something must be mounted at, any number of times
#   busy         a lock: while a run holds it, or the thing's own lock beside it, the thing counts as alive, and
#                fact.fingerprint as unknown
#   fact.*       what preview may know about the thing
#   KUBEDEV_DIR    the directory, absolute; empty: below this user's state directory, as KUBEDEV_SCOPE/KUBEDEV_KEY
#   KUBEDEV_LOCK_SEC  how long to wait for another run that works on the same thing
# shellcheck disable=SC2034 # used by the scripts that this is put in front of
set -eu
LC_ALL=C
export LC_ALL
umask 077

say() { printf '%s\n' "$*" >&2; }
die() {
    printf 'kubedev: %s\n' "$*" >&2
    exit 1
}

# The XDG base directory specification: a relative path is to be ignored.
case ${XDG_STATE_HOME:-} in
/*) state_root=$XDG_STATE_HOME/kubedev ;;
*) state_root=$HOME/.local/state/kubedev ;;
esac
case ${XDG_CACHE_HOME:-} in
/*) cache_root=$XDG_CACHE_HOME/kubedev ;;
*) cache_root=$HOME/.cache/kubedev ;;
esac
dir=${KUBEDEV_DIR:-$state_root/$KUBEDEV_SCOPE/$KUBEDEV_KEY}
record=$dir/record

# Free disk, as of someone who is not root, where a directory is.
free_mib_at() { echo "$(($(stat -f -c '%a * %S / 1048576' "$1")))"; }

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# Seconds since boot: waits go by them, since a clock may be set.
seconds_up() {
    read -r up_seconds _ </proc/uptime
    echo "${up_seconds%.*}"
}

# Start time of a process in clock ticks since boot; nothing if it is gone or a zombie.
start_ticks() {
    read -r process_stat 2>/dev/null <"/proc/$1/stat" || return 0
    # The command name, in parentheses, may hold anything: count from behind it.
    # shellcheck disable=SC2086 # split on purpose
    set -- ${process_stat##*)}
    case $1 in Z | X) return 0 ;; esac
    echo "${20:-}"
}

# Value of a key of the record; by the shell alone, since scripts ask often.
field() {
    [ -r "$record" ] || return 0
    while IFS= read -r record_line; do
        case $record_line in "$1="*)
            printf '%s\n' "${record_line#*=}"
            return 0
            ;;
        esac
    done <"$record"
}

is_process() { [ -n "$2" ] && [ "$(start_ticks "$1")" = "$2" ]; }

# The pid of the recorded process, if that very process still runs.
living_pid() {
    living=$(field pid)
    if [ -n "$living" ] && [ "$(field bootId)" = "$(boot_id)" ] && is_process "$living" "$(field startTicks)"; then
        echo "$living"
    fi
}

# Takes the thing's lock, which goes with this process. A killed `pulumi up` leaves its script running: wait for it.
take_lock() {
    lock_tries=0
    while :; do
        mkdir -p "$dir" 2>/dev/null || :
        # `command`: a failed redirection of plain exec would end the shell.
        if ! { command exec 9>"$dir/lock"; } 2>/dev/null; then
            # Another thing's delete may just take the empty directories above away.
            lock_tries=$((lock_tries + 1))
            [ "$lock_tries" -lt 20 ] || die "cannot make $dir; expected a directory that $(id -un) may write to"
            sleep 0.1
            continue
        fi
        if ! flock -n 9; then
            say "waiting for an earlier run that still works on $dir"
            flock -w "${KUBEDEV_LOCK_SEC:-600}" 9 ||
                die "$dir is still locked by another run after ${KUBEDEV_LOCK_SEC:-600} s; end that run (fuser -v $dir/lock shows it), or wait for it"
        fi
        # Whoever held the lock may have removed the directory.
        # shellcheck disable=SC3013 # not in POSIX, but in dash, bash, busybox, ksh and zsh
        [ "$dir/lock" -ef /proc/self/fd/9 ] && return 0
    done
}

# Writes the record: what every record has, and the arguments.
write_record() {
    {
        printf 'incarnation=%s\nspec=%s\n' "${KUBEDEV_INCARNATION:-1}" "${KUBEDEV_SPEC:-}"
        printf '%s\n' "$@"
    } >"$record.new"
    mv -f "$record.new" "$record"
}

# True if the thing was made, by a run whose end nobody saw, just as it is wanted now.
is_as_wanted() {
    [ -f "$record" ] && [ "$(field spec)" = "${KUBEDEV_SPEC:-}" ] &&
        [ "$(field incarnation)" = "${KUBEDEV_INCARNATION:-1}" ]
}

file_facts() { stat -L -c 'path=%n
size=%s
mtime=%.9Y' "$1"; }

file_is_as_left() {
    [ "$(file_facts "$(field path)" 2>/dev/null)" = "$(sed -n '/^path=/p;/^size=/p;/^mtime=/p' "$record")" ]
}

# What goes with the last thing of its stack on this host: the log of a service that failed to start, which is left to be
# read; and what was last seen on machines that the stack itself made, which are no more.
sweep() {
    for other in "${dir%/*}"/*/record; do
        if [ -e "$other" ]; then return 0; fi
    done
    for other in "${dir%/*}"/*/log; do
        if [ -e "$other" ]; then flock -n "${other%/log}/lock" rm -rf "${other%/log}" || :; fi
    done
    for other in "${dir%/*}"/.remote/*/.managed; do
        if [ -e "$other" ]; then rm -rf "${other%/.managed}"; fi
    done
    rmdir "${dir%/*}/.remote" 2>/dev/null || :
}

# Removes the thing's directory, and those of stack, project and kubedev once they are empty.
forget() {
    rm -rf "$dir"
    sweep
    emptied=$dir
    for _ in stack project kubedev; do
        emptied=${emptied%/*}
        rmdir "$emptied" 2>/dev/null || return 0
    done
}

json_string() {
    case $1 in *[!a-zA-Z0-9_/.,:@+=\ -]*) ;; *)
        printf '"%s"' "$1"
        return 0
        ;;
    esac
    printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g; s/	/\\t/g; $!s/$/\\n/' | tr -d '\n')"
}
