#!/bin/sh
# Succeeds when the guest's sshd answers; ends with 3 when it never will. Runs in the machine's directory.
#   MACHINE_ADDRESS, MACHINE_SSH_PORT  where the host forwards to it
set -eu
if grep -Eqa 'Kernel panic|kubedev-initrd:|You are in emergency mode' log; then
    echo "the guest did not boot: $(grep -Ea 'Kernel panic|kubedev-initrd:|You are in emergency mode' log | head -n 1)"
    exit 3
fi
# shellcheck disable=SC2016 # expanded by that bash
exec timeout 5 bash -c '
    exec 3<>"/dev/tcp/$0/$1" || exit 1
    IFS= read -r -t 4 banner <&3 || { echo "no answer from sshd yet"; exit 1; }
    [[ $banner == SSH-* ]]
' "$MACHINE_ADDRESS" "$MACHINE_SSH_PORT"
