#!/bin/sh
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # shared with the scripts that this is put in front of
# Functions that know who uses the user's own container engine, and end it when nobody does. Under lock_engine.
# Before: ../host/service-stop.sh, engine.sh and thaw.sh.

# The file that says that this stack uses it.
engine_user() { printf '%s/users/%s\n' "$engine_dir" "$(printf '%s' "$dir" | cksum | cut -d ' ' -f 1)"; }
join_engine() {
    mkdir -p "$engine_dir/users"
    printf '%s\n' "$record" >"$(engine_user)"
}

has_other_users() {
    for user in "$engine_dir"/users/*; do
        # One whose stack has gone without a word does not count.
        if [ -f "$user" ] && [ "$user" != "$(engine_user)" ] && [ -f "$(cat "$user")" ]; then return 0; fi
    done
    return 1
}

# What is still mounted below: file systems and namespaces of containers.
unmount_engine() {
    awk -v below="$engine_dir/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        while IFS= read -r mounted; do umount -l "$mounted" 2>/dev/null || :; done
}

# dockerd leaves bridges and rules behind, and the policy that nothing is forwarded. What was there before it is not touched.
bridges() { ip -o link show type bridge | sed -nE 's/^[0-9]+: (docker0|br-[0-9a-f]{12}):.*/\1/p'; }
note_network() {
    [ ! -f "$engine_dir/network" ] || return 0
    {
        iptables -S FORWARD | sed -n 's/^-P FORWARD /policy /p'
        iptables -S | sed -n 's/^-N \(DOCKER\)$/chain \1/p'
        bridges | sed 's/^/bridge /'
    } >"$engine_dir/network"
}
# Of rules as iptables -S lists them, those that dockerd makes: about its bridges, about its chains, and the one by which a
# container reaches a port of its own that is published. Others may masquerade a port too, but not from an address to itself.
engine_rules() {
    sed -nE '/ (docker0|br-[0-9a-f]{12}) |-j DOCKER|-s ([0-9.]+\/32) -d \2 .*--dport [0-9]+ -j MASQUERADE$/s/^-A //p'
}
restore_network() {
    [ -f "$engine_dir/network" ] || return 0
    bridges | while read -r bridge; do
        grep -qxF "bridge $bridge" "$engine_dir/network" || ip link delete "$bridge" || :
    done
    # Another engine's, which does not run now.
    ! grep -q '^chain' "$engine_dir/network" || return 0
    iptables -P FORWARD "$(sed -n 's/^policy //p' "$engine_dir/network")" || :
    for table in nat filter; do
        iptables -t "$table" -S | engine_rules |
            while read -r rule; do
                # shellcheck disable=SC2086 # words
                iptables -t "$table" -D $rule || :
            done
        for verb in -F -X; do
            iptables -t "$table" -S | sed -n 's/^-N \(DOCKER.*\)/\1/p' |
                while read -r chain; do iptables -t "$table" "$verb" "$chain" || :; done
        done
    done
}

# Containers outlive an engine that was killed: their processes are found by their cgroups, of whichever version.
end_containers() {
    for container in "$engine_dir"/data/containers/*/; do
        # Without any it is the pattern itself, which all containers of this machine match.
        [ -d "$container" ] || continue
        container=${container%/}
        container=${container##*/}
        end_tries=0
        while [ "$end_tries" -lt 20 ]; do
            end_tries=$((end_tries + 1))
            pids=$(find /sys/fs/cgroup -name cgroup.procs -path "*docker?$container*" -exec cat {} + 2>/dev/null | sort -u)
            [ -n "$pids" ] || break
            # shellcheck disable=SC2086 # words
            kill -KILL $pids 2>/dev/null || :
            thaw_container "$container"
            sleep 0.1
        done
    done
}

leave_engine() {
    [ -d "$engine_dir" ] || return 0
    rm -f "$(engine_user)"
    ! has_other_users || return 0
    say "ending the container engine"
    (
        dir=$engine_dir
        record=$dir/record
        KUBEDEV_STOP=''
        KUBEDEV_STOP_SEC=40
        stop_service
    )
    end_containers
    unmount_engine
    restore_network 2>/dev/null
    rm -rf "$engine_dir"
}
