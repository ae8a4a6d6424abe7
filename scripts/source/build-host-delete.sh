#!/bin/sh
# Takes back what build-host-create.sh has installed: packages that nothing else needs, and Go. What other BuildHosts on
# this host use too goes with the last of them.
. ../host/prelude.sh
. ./build-host-tools.sh
. ./build-host-go.sh
take_lock
forget_go

# Another BuildHost that found the tools there.
heir() {
    for other in "$state_root"/*/*/*/record; do
        if [ -f "$other" ] && [ "$other" != "$record" ] && grep -q '^kind=build-host$' "$other"; then
            printf '%s\n' "${other%/record}"
            return 0
        fi
    done
}

if [ -s "$dir/packages" ]; then
    names=$(while read -r package; do if is_installed "$package"; then echo "$package"; fi; done <"$dir/packages" | tr '\n' ' ')
    if [ -n "$(heir)" ]; then
        cat "$dir/packages" >>"$(heir)/packages"
    elif [ -n "$names" ]; then
        KUBEDEV_INSTALL=true
        may_install || die "cannot remove $names, which this installed: this user may not; run: sudo apt-get purge $names, and then destroy again"
        # shellcheck disable=SC2086 # words
        others=$(LC_ALL=C apt-get -s purge $names 2>/dev/null | sed -n 's/^Purg \([^ ]*\) .*/\1/p' | grep -vxF "$(cat "$dir/packages")" | tr '\n' ' ' || :)
        if [ -n "$others" ]; then
            say "left installed, since $others depend on it: $names"
        else
            say "removing $names"
            # shellcheck disable=SC2086 # words
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q -y purge $names >"$dir/log" 2>&1 9>&- || {
                tail -n 20 "$dir/log" >&2
                die "cannot remove $names (see above)"
            }
        fi
    fi
fi
forget
