#!/bin/sh
# Looks whether programs and host can work together as a node; sourced by what makes a host one.
#   KUBEDEV_APISERVER_VERSION   as v1.36.1
#   KUBEDEV_CGROUP_V1           true: the kubelet may start with cgroup v1

version_of() { # program, argument of the component, arguments of the program...
    [ -x "$1" ] || die "there is no program $1 on this host; expected $2, as the path of a HostArtifact on it"
    version_program=$1
    shift 2
    "$version_program" "$@" | sed 's/^Kubernetes //'
}

minor_of() { expr "$1" : 'v1\.\([0-9]*\)'; }

assert_node_skew() { # program, its version
    node_behind=$(($(minor_of "$KUBEDEV_APISERVER_VERSION") - $(minor_of "$2")))
    { [ "$node_behind" -ge 0 ] && [ "$node_behind" -le 3 ]; } ||
        die "got $1 $2 beside an API server $KUBEDEV_APISERVER_VERSION; expected that minor release, or up to three older (Kubernetes' version skew policy)"
}

# From 1.35 on failCgroupV1 is true by default (pkg/kubelet/apis/config/v1beta1/defaults.go).
assert_cgroup() { # version of the kubelet
    node_cgroup=$(stat -fc %T /sys/fs/cgroup)
    if [ "$node_cgroup" != cgroup2fs ] && [ "$(minor_of "$1")" -ge 35 ] && [ "$KUBEDEV_CGROUP_V1" != true ]; then
        die "this host has cgroup v1 ($node_cgroup at /sys/fs/cgroup), with which a kubelet $1 does not start; expected cgroup v2 (kernel parameter systemd.unified_cgroup_hierarchy=1), or allowCgroupV1: true"
    fi
}

node_missing=''
need() { # program, package
    command -v "$1" >/dev/null || [ -x "$1" ] || node_missing="$node_missing $2"
}

need containerd containerd
need runc runc
need /usr/lib/cni/bridge containernetworking-plugins
need curl curl
need mount mount

# Of these, and what else was needed before.
assert_packages() {
    [ -z "$node_missing" ] ||
        die "this host lacks what a node needs; expected the packages$node_missing: apt-get install$node_missing, or name them in the packages of a BaseImage"
}

# The kubelet asks the runtime for its cgroup driver; until 1.36 it does without an answer (cmd/kubelet/app/server.go).
assert_runtime() { # version of the kubelet
    node_runtime=$(containerd --version | sed -n 's/.* v\{0,1\}\([0-9][0-9]*\)\.[0-9][^ ]* *.*/\1/p' | head -n 1)
    if [ "$(minor_of "$1")" -ge 37 ] && [ "${node_runtime:-2}" -lt 2 ]; then
        die "got containerd ${node_runtime}.x ($(containerd --version)); expected 2.0 or later for a kubelet $1, which asks it for its cgroup driver"
    fi
}
