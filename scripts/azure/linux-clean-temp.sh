#!/bin/sh
# Removes old files from the temporary directories of a Linux agent. Runs as root, by a managed run command: see
# linux-access.sh.
#   KUBEDEV_TEMP_DIRS     directories, one a line; default /tmp and /var/tmp
#   KUBEDEV_TEMP_AGE_SEC  how long a file must not have been read, written, changed or moved; default ten days
# Prints {"removed","freedMib","kept"}: files, what the file systems have more, old files that could not be removed. Needs findutils.
# Left alone: what a process has open, runs, or stands in; other file systems; what a link leads to; sockets, devices, and
# the private directories of services and desktops.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

die() {
    printf 'kubedev: %s\n' "$*" >&2
    exit 1
}
age=${KUBEDEV_TEMP_AGE_SEC:-864000}
dirs=${KUBEDEV_TEMP_DIRS:-/tmp
/var/tmp}
case $age in '' | *[!0-9]*) die "got the age \"$age\"; expected a number of seconds" ;; esac
since="@$(($(date +%s) - age))"

# Conditions of find that leave out what is in use below a directory: files by their number, since paths of processes with a
# root of their own mean nothing here; of another file system of the same number nothing is removed by it.
in_use() { # DIRECTORY
    find /proc/[0-9]*/fd /proc/[0-9]*/map_files /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe \
        -maxdepth 1 -type l -lname "$1/*" -print0 2>/dev/null |
        xargs -0 -r stat --dereference --format '%i' 2>/dev/null | sort -u
}

# old DIRECTORY ACTION...: files that nobody has touched since then. -execdir removes a file from the very directory that find is
# in, so that no link that is put in its way leads elsewhere.
old() {
    top=$1
    shift
    # shellcheck disable=SC2086 # conditions of find
    find "$top" -xdev -mindepth 1 \
        \( -type d \( -name 'systemd-private-*' -o -name 'snap-private-tmp' -o -name '.*-unix' $used \) -prune \) -o \
        \( \( -type f -o -type l \) ! \( -false $used \) \
        ! -newermt "$since" ! -newerct "$since" ! -newerat "$since" "$@" \)
}

removed=0 kept=0 freed=0
while IFS= read -r dir; do
    if [ -z "$dir" ]; then continue; fi
    case $dir in /*[!/]) ;; *) die "got the directory \"$dir\"; expected an absolute path" ;; esac
    [ -d "$dir" ] || continue
    # It may be a link itself, as /tmp is where it leads to a larger disk.
    dir=$(readlink -f "$dir")
    used=''
    for number in $(in_use "$dir"); do used="$used -o -inum $number"; done
    before=$(df --output=avail -k "$dir" | tail -n 1)
    count=$(old "$dir" -printf . | wc -c)
    old "$dir" -execdir rm -f -- '{}' + 2>/dev/null || :
    left=$(old "$dir" -printf . | wc -c)
    # Those that this run has emptied are changed just now: they go when they are old again.
    # shellcheck disable=SC2086
    find "$dir" -xdev -mindepth 1 -depth -type d -empty \
        ! -path '*/systemd-private-*' ! -path '*/snap-private-tmp*' ! -path '*/.*-unix*' ! \( -false $used \) \
        ! -newermt "$since" ! -newerct "$since" -execdir rmdir -- '{}' ';' 2>/dev/null || :
    after=$(df --output=avail -k "$dir" | tail -n 1)
    removed=$((removed + count - left)) kept=$((kept + left)) freed=$((freed + after - before))
done <<TEXT
$dirs
TEXT
if [ "$freed" -lt 0 ]; then freed=0; fi
printf '{"removed":%d,"freedMib":%d,"kept":%d}\n' "$removed" "$((freed / 1024))" "$kept"
