# shellcheck shell=bash
# Whether the process that a lock file names still is the one that took the lock.

# lock_owner PID HOST TIMESTAMP -> alive | dead | elsewhere
lock_owner() {
    local pid=$1 stat began
    if [ "$2" != "$(uname -n)" ]; then
        echo elsewhere
        return
    fi
    if ! read -r stat 2>/dev/null <"/proc/$pid/stat"; then
        # Another user's process can be hidden in /proc; a signal is then refused, not undeliverable.
        case $(LC_ALL=C kill -0 "$pid" 2>&1) in *permitted*) echo alive ;; *) echo dead ;; esac
        return
    fi
    # The command name, in parentheses, may hold anything: count from behind it.
    local -a fields
    read -r -a fields <<<"${stat##*) }"
    case ${fields[0]} in Z | X) echo dead && return ;; esac
    # A process that began after the lock was taken has only been given the same number. Both times
    # are rounded to seconds.
    began=$(($(awk '$1 == "btime" { print $2 }' /proc/stat) + fields[19] / $(getconf CLK_TCK)))
    if ((began > $(date --date="$3" +%s) + 2)); then echo dead; else echo alive; fi
}
