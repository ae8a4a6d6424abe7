#!/bin/sh
# Makes a password once, in a file that its owner alone reads: 24 letters and digits, with three of Azure's four classes.
. ../host/prelude.sh
take_lock
umask 077
password=$dir/password
while [ ! -s "$password" ]; do
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 24 >"$dir/new"
    if grep -q '[a-z]' "$dir/new" && grep -q '[A-Z]' "$dir/new" && grep -q '[0-9]' "$dir/new"; then
        mv -f "$dir/new" "$password"
    fi
done
write_record "kind=password" "exists=$password"
