#!/bin/sh
# Makes an ed25519 key pair once: id_ed25519 (0600), id_ed25519.pub, and known_hosts, which pins it for any host name.
#   KUBEDEV_COMMENT  what stands behind the public key
. ./prelude.sh
take_lock
private=$dir/id_ed25519
rm -f "$dir/new" "$dir/new.pub"
if [ ! -s "$private" ]; then
    ssh-keygen -q -t ed25519 -N '' -C "$KUBEDEV_COMMENT" -f "$dir/new"
    mv -f "$dir/new" "$private"
fi
# From the private key, so that the two always belong together.
printf '%s %s\n' "$(ssh-keygen -y -f "$private" | cut -d ' ' -f 1,2)" "$KUBEDEV_COMMENT" >"$dir/new.pub"
mv -f "$dir/new.pub" "$private.pub"
printf '* %s\n' "$(cut -d ' ' -f 1,2 "$private.pub")" >"$dir/new"
mv -f "$dir/new" "$dir/known_hosts"
write_record "kind=key-pair" "exists=$private" "exists=$private.pub" "exists=$dir/known_hosts" \
    "fact.publicKey=$(cat "$private.pub")"
printf '{"publicKey":%s}\n' "$(json_string "$(cat "$private.pub")")"
