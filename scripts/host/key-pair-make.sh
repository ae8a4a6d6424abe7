#!/bin/sh
# Makes an ed25519 key pair once: id_ed25519 (0600), id_ed25519.pub, and known_hosts, which pins it for any host name.
#   KUBEDEV_COMMENT  what stands behind the public key
. ./prelude.sh
take_lock
rm -f "$dir/new" "$dir/new.pub"
if [ ! -s "$dir/id_ed25519" ]; then
    ssh-keygen -q -t ed25519 -N '' -C "$KUBEDEV_COMMENT" -f "$dir/new"
    mv -f "$dir/new.pub" "$dir/id_ed25519.pub"
    mv -f "$dir/new" "$dir/id_ed25519"
fi
printf '* %s\n' "$(cut -d ' ' -f 1,2 "$dir/id_ed25519.pub")" >"$dir/known_hosts.new"
mv -f "$dir/known_hosts.new" "$dir/known_hosts"
write_record "kind=key-pair" "exists=$dir/id_ed25519" "fact.publicKey=$(cat "$dir/id_ed25519.pub")"
printf '{"publicKey":%s}\n' "$(json_string "$(cat "$dir/id_ed25519.pub")")"
