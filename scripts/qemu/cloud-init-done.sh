#!/bin/sh
# Waits in the guest until cloud-init has done all that the user data says; fails if something of it failed.
set -eu

refuse() {
    printf 'cloud-init: %s\n' "$*" >&2
    exit 1
}

command -v cloud-init >/dev/null ||
    refuse "is not in this guest; expected an image with it, since the BaseImage says cloudInit; leave that out"
result=/run/cloud-init/result.json
waited=0
until [ -e "$result" ]; do
    [ ! -e /run/cloud-init/disabled ] ||
        refuse "is turned off in this guest; expected an image that runs it (see /run/cloud-init/cloud-init-generator.log there)"
    if [ "$waited" -gt 0 ] && [ $((waited % 10)) -eq 0 ]; then
        echo "cloud-init: still at work after $waited s: $(tail -n 1 /var/log/cloud-init-output.log 2>/dev/null)" >&2
    fi
    sleep 1
    waited=$((waited + 1))
done
grep -q '"datasource": "DataSourceNoCloud' "$result" ||
    refuse "took its data from elsewhere, expected the machine's seed (NoCloud); it says $(tr -d '\n' <"$result")"
grep -q '"errors": \[\]' "$result" || {
    tail -n 20 /var/log/cloud-init-output.log >&2 || :
    refuse "failed at what the user data says: $(tr -d '\n' <"$result"). Its log: /var/log/cloud-init-output.log in the guest, which runs. Another userData provisions it anew"
}
