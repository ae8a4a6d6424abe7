#!/bin/sh
# shellcheck disable=SC2154 # dir is set by prelude.sh
# Functions that know the container of a registry. $dir/process has its process and start time, by which a look sees
# without the engine that it runs.
#   KUBEDEV_REGISTRY  name of the container, of its volume and of its network

note_registry() {
    registry_pid=$(docker inspect --format '{{.State.Pid}}' "$KUBEDEV_REGISTRY")
    echo "$registry_pid $(start_ticks "$registry_pid") $(boot_id)" >"$dir/process"
}
registry_runs() {
    [ -s "$dir/process" ] && read -r registry_pid registry_ticks registry_boot <"$dir/process" || return 1
    [ "$registry_boot" = "$(boot_id)" ] && is_process "$registry_pid" "$registry_ticks"
}

is_connected() { # network
    docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$KUBEDEV_REGISTRY" 2>/dev/null |
        grep -qxF "$1"
}
