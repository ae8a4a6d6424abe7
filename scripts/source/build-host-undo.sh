#!/bin/sh
# shellcheck disable=SC2154 # shared with the scripts that this is put behind
# Functions that take back what was installed on a host. Before: build-host-tools.sh, build-host-go.sh.

# What is installed on a host is the business of one run at a time, of this user.
take_tools_lock() {
    mkdir -p "$cache_root"
    exec 7>"$cache_root/build-host.lock"
    if ! flock -n 7; then
        say "waiting for another run that installs on this host"
        flock 7
    fi
}

# Another BuildHost of this user that found the tools there.
heir() {
    for other in "$state_root"/*/*/*/record; do
        if [ -f "$other" ] && [ "$other" != "$record" ] && grep -q '^kind=build-host$' "$other"; then
            printf '%s\n' "${other%/record}"
            return 0
        fi
    done
}

# Removes what is noted, unless something else needs it. Packages are removed, not purged: what a program keeps of its own,
# as the images of a container engine, stays.
take_back() {
    forget_go
    [ -s "$dir/packages" ] || return 0
    names=$(while read -r package; do if is_installed "$package"; then echo "$package"; fi; done <"$dir/packages" | tr '\n' ' ')
    next=$(heir)
    if [ -n "$next" ]; then
        cat "$dir/packages" >>"$next/packages"
    elif [ -n "$names" ]; then
        may_install || die "cannot remove $names, which this installed: this user may not; run: sudo apt-get remove $names, and then destroy again"
        # shellcheck disable=SC2086 # words
        others=$(LC_ALL=C apt-get -s remove $names 2>/dev/null | sed -n 's/^Remv \([^ ]*\) .*/\1/p' | grep -vxF "$(cat "$dir/packages")" | tr '\n' ' ' || :)
        if [ -n "$others" ]; then
            say "left installed, since $others depend on it: $names"
        else
            say "removing $names"
            # shellcheck disable=SC2086 # words
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q -y remove $names >"$dir/removed" 2>&1 7>&- 9>&- </dev/null || {
                tail -n 20 "$dir/removed" >&2
                die "cannot remove $names (see above)"
            }
        fi
    fi
    rm -f "$dir/packages" "$dir/removed"
}
