#!/bin/sh
# Part of transport.sh and transport-container.sh: how a script gets to a shell over there.
# shellcheck disable=SC2154 # of transport-begin.sh
# The remote shell reads two sizes, that many bytes of values, and that many of the script; what follows is the script's
# input. The values are no arguments over there, which others could read.
# shellcheck disable=SC2016,SC2034 # expanded over there; for what follows
kubedev_loader='sh -c '\''read -r v s; eval "$(head -c "$v")"; exec timeout -k 10 "$0" sh -c "$(head -c "$s")"'\'" ${KUBEDEV_TIMEOUT_SEC:-600}"

kubedev_sent() {
    {
        printf '%s %s\n%s%s' "$(kubedev_bytes "$kubedev_values")" "$(kubedev_bytes "$kubedev_script")" \
            "$kubedev_values" "$kubedev_script"
        if [ -n "${KUBEDEV_PAYLOAD_FILE:-}" ]; then
            cat "$KUBEDEV_PAYLOAD_FILE"
        else
            printf '%s' "$kubedev_stdin"
        fi
    } 2>/dev/null
}
