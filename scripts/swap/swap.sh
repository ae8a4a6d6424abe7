#!/bin/sh
# Puts the program from standard input in the place of the one that a service runs.
#   KUBEDEV_SWAP         the request, as agents/swap/request.go has it
#   KUBEDEV_SHA256       digest of the new program
#   KUBEDEV_FINGERPRINT  what it is called in previews
#   KUBEDEV_TURN         counts the programs that the host has had; see components/swap/binary-swap.ts
#   and what with-program.sh takes
. ./with-program.sh
take_lock
status=0
report=$(swap put) || status=$?
[ -z "$report" ] || printf '%s\n' "$report" || :
[ "$status" -eq 0 ] || exit "$status"
watch=$(printf '%s\n' "$report" | sed -n '$s/.*"watch":"\([^"]*\)".*/\1/p')
write_record "kind=swap" "busy=$dir/run-lock" "$(file_facts "$watch")" "fact.fingerprint=$KUBEDEV_FINGERPRINT" \
    "fact.turn=$KUBEDEV_TURN"
