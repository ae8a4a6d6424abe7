#!/bin/sh
# Function that lets the frozen processes of a container go on, so that they can end. Under cgroup v1 runc freezes a pod for
# a moment as it starts it; in a node that is killed at such a moment nobody is left to thaw it, and the kernel keeps what
# is frozen from ending, and with it the node.
thaw_container() { # id
    find /sys/fs/cgroup/freezer -path "*docker?$1*" -name freezer.state -exec grep -lx FROZEN {} + 2>/dev/null |
        while IFS= read -r state; do { echo THAWED >"$state"; } 2>/dev/null || :; done
}
