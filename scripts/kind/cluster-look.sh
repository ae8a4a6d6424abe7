#!/bin/sh
# Says how a cluster is. Only looks, and always ends with 0. Prints nothing if there never was one and it can be made, else:
#   state=running          all its nodes run
#   state=stopped          all nodes are there, but not all run
#   state=gone             nodes are missing, or they are in another engine than is wanted
#   state=unknown reason=  the engine does not answer
#   problem=<text>         there never was one, and it cannot be made on this host
#   KUBEDEV_CLUSTER    name of the cluster
#   KUBEDEV_IMAGE_TAG  its node image
#   KUBEDEV_KIND       kind program; empty: one that is given
#   KUBEDEV_CONFIG     kind's configuration
#   and what engine.sh takes
. ../host/prelude.sh
. ./engine.sh
. ./nodes.sh
# Bit 24 of the bounding set, which containers of this host's engine can have at most.
lacks_sys_resource() {
    bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
    [ "$((0x$bounding >> 24 & 1))" -eq 0 ]
}

first_problem() {
    if [ -n "$KUBEDEV_KIND" ] && ! command -v "$KUBEDEV_KIND" >/dev/null; then
        echo "there is no $KUBEDEV_KIND on this host; expected it on the PATH, or kindPath: a Build of the module sigs.k8s.io/kind has it"
        return
    fi
    if [ "$KUBEDEV_ENGINE" = host ]; then
        find_engine || {
            echo "$said; start it (systemctl start docker), or take a ContainerEngine, which runs one that comes and goes with the stack"
            return
        }
        # What Docker Desktop or another computer runs has limits of its own.
        if lacks_sys_resource && [ -z "${DOCKER_HOST:-}" ]; then
            echo "nodes of kind are privileged containers, and this host lacks CAP_SYS_RESOURCE, without which its engine refuses them; take a ContainerEngine, which starts them without it"
            return
        fi
    fi
    case $KUBEDEV_IMAGE_TAG in kubedev/*) return ;; esac
    # Those that kubedev builds adapt themselves.
    if [ ! -e /sys/fs/cgroup/cgroup.controllers ] && [ -z "${DOCKER_HOST:-}" ]; then
        case $KUBEDEV_CONFIG in *failCgroupV1*) ;; *)
            echo "this host has cgroup v1, on which the kubelet refuses to start since 1.35; take a NodeImage with version, or set failCgroupV1 to false for kind KubeletConfiguration in kubeadmConfigPatches"
            return
            ;;
        esac
    fi
    if lacks_sys_resource; then
        case $KUBEDEV_CONFIG in *restrict_oom_score_adj*) ;; *)
            echo "this host lacks CAP_SYS_RESOURCE, without which pods of this image do not start; take a NodeImage with version, or set restrict_oom_score_adj to true for the CRI plugin in containerdConfigPatches"
            ;;
        esac
    fi
}

# One that was made before this was noted is where it is wanted.
in_another_engine() { [ "$(field fact.engine)" != "$KUBEDEV_ENGINE" ] && [ -n "$(field fact.engine)" ]; }

if [ ! -f "$record" ] || in_another_engine; then
    first_problem | sed 's/^/problem=/'
    [ ! -f "$record" ] || echo state=gone
    exit 0
fi
if [ "$KUBEDEV_ENGINE" = own ] && ! own_engine_runs; then
    # What an engine left behind ends when it is started again.
    echo state=stopped
elif all_nodes_run; then
    echo state=running
elif ! find_engine; then
    printf 'state=unknown\nreason=%s\n' "$said"
else
    ids=$(timeout 10 docker ps -aq --no-trunc --filter "label=io.x-k8s.kind.cluster=$KUBEDEV_CLUSTER")
    state=stopped
    while read -r id _; do
        [ "$id" = boot ] || printf '%s\n' "$ids" | grep -qxF "$id" || state=gone
    done <"$dir/nodes"
    echo "state=$state"
fi
