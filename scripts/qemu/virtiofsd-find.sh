#!/bin/sh
# Prints where virtiofsd is, by which a machine sees directories of this computer: where distributions have it, or on the PATH.
#   SHARES_ROOT  directory before all paths but those of the PATH; default none
set -eu
LC_ALL=C
export LC_ALL
root=${SHARES_ROOT:-}
for program in "$(command -v virtiofsd || :)" "$root/usr/libexec/virtiofsd" "$root/usr/lib/virtiofsd" "$root/usr/lib/qemu/virtiofsd"; do
    if [ -f "$program" ] && [ -x "$program" ]; then
        printf '%s\n' "$program"
        exit 0
    fi
done
echo "none on the PATH, in /usr/libexec, /usr/lib or /usr/lib/qemu"
exit 1
