#!/bin/bash
# Builds a node image for kind from packages only: no registry is asked. Its userland comes from Debian packages, its
# programs are given, and the images that kubeadm asks for are made of them.
#
# Environment:
#   IMAGE_TAG       name of the image in the engine
#   IMAGE_BALANCER  name of the image that stands before several control planes
#   IMAGE_FILE      where it is kept for other engines (a docker archive, zstd)
#   IMAGE_VERSION   of Kubernetes, as v1.36.1
#   IMAGE_PROGRAMS  lines: name and absolute path
#   IMAGE_EXTRA     lines: further images of the engine that the nodes have from the start
#   IMAGE_GO        go program
#   IMAGE_WORK      directory for what is made on the way; removed by who calls. It holds files.json, what lies in
#                   agents/node: {"path": {"mode": "0755", "text": "..."}}
#   IMAGE_USERLANDS directory where userlands are kept
#   IMAGE_SUITE, IMAGE_MIRROR  see debian-sources.sh
# Needs root, mmdebstrap, jq, zstd, a container engine.
set -euo pipefail
. ../host/debian-sources.sh

say() { echo "node image: $*" >&2; }
cd "$IMAGE_WORK"
# What is put into the image has modes of its own.
umask 022
began=$SECONDS

node_packages=systemd,systemd-sysv,dbus,conntrack,containernetworking-plugins,iptables,nftables,iproute2,ethtool,util-linux,mount,kmod,libseccomp2,runc,bash,ca-certificates,curl,jq,procps,socat,e2fsprogs
proxy_packages=iptables,nftables,conntrack
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

program() { awk -v name="$1" '$1 == name { sub(/^[^ ]+ /, ""); print }' <<<"$IMAGE_PROGRAMS"; }

# The name under which kubeadm asks for an image.
kubeadm_name() { grep "/$1:" kubeadm-images; }

# A tree of packages as a tar file, kept for the next image.
userland() { # file to make, packages, options...
    local kept sources options=()
    kept=$IMAGE_USERLANDS/$(printf '%s\n' "$IMAGE_SUITE" "$IMAGE_MIRROR" "${@:2}" | sha256sum | cut -c 1-16).tar
    if [ ! -f "$kept" ]; then
        say "getting packages of Debian $IMAGE_SUITE for ${1%.tar}"
        mkdir -p "$IMAGE_USERLANDS"
        sources=$(apt_sources)
        mapfile -t options < <(proxy_options)
        if [ -n "$sources" ]; then
            printf '%s\n' "$sources" >sources.list
            sources=$PWD/sources.list
        fi
        mmdebstrap --quiet --mode=root --format=tar --include="$2" --aptopt='Apt::Install-Recommends "false"' \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            "${@:3}" ${options[@]+"${options[@]}"} "$IMAGE_SUITE" "$kept.new" ${sources:+"$sources"} >&2
        mv "$kept.new" "$kept"
    fi
    ln -s "$kept" "$1"
}

write_node_files() {
    jq -c 'to_entries[]' files.json >files
    while IFS= read -r file; do
        local name
        name=agents/$(jq -r .key <<<"$file")
        mkdir -p "${name%/*}"
        jq -j .value.text <<<"$file" >"$name"
        chmod "$(jq -r .value.mode <<<"$file")" "$name"
    done <files
    mkdir bin
    (cd agents && GOFLAGS=-mod=mod CGO_ENABLED=0 "$IMAGE_GO" build -trimpath -ldflags='-s -w' -o ../bin/ ./pause ./podroutes ./balancer)
}

# The tree of an image: empty, or a userland.
new_tree() { # tar file
    rm -rf image
    mkdir -p image/tmp
    chmod 1777 image/tmp
    [ -z "${1:-}" ] || tar -C image -xf "$1" --exclude='./dev/*'
}
put() { # file, path in the image
    mkdir -p "image${2%/*}"
    cp --reflink=auto "$1" "image$2"
}
# Named so in the engine that nobody else's image is touched; the node's containerd has the true name.
image() { # name, options of docker import...
    tar -C image --numeric-owner --sort=name --mtime=@0 -c . |
        docker import --change "ENV PATH=$path" "${@:2}" - "kubedev.invalid/$1" >/dev/null
    echo "kubedev.invalid/$1" >>made
}
program_image() { # name of the image, path of its program, file, options of docker import...
    new_tree
    put "$3" "$2"
    chmod 0755 "image$2"
    image "$1" "${@:4}"
}

busybox_in_image() { (cd image && find . -path '*/bin/busybox' -type f | sed 's/^\.//'); }

make_images() {
    local name verb names
    "$(program kubeadm)" config images list --kubernetes-version "$IMAGE_VERSION" 2>/dev/null >kubeadm-images
    : >made
    for name in kube-apiserver kube-controller-manager kube-scheduler etcd; do
        program_image "$(kubeadm_name "$name")" "/usr/local/bin/$name" "$(program "$name")"
    done
    program_image "$(kubeadm_name pause)" /pause bin/pause --change 'ENTRYPOINT ["/pause"]'
    program_image localhost/podroutes:1 /podroutes bin/podroutes --change 'ENTRYPOINT ["/podroutes"]'
    program_image localhost/local-path-provisioner:1 /usr/local/bin/local-path-provisioner "$(program local-path-provisioner)"

    new_tree
    put "$(program coredns)" /coredns
    # For servers that it asks over TLS.
    put /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
    image "$(kubeadm_name coredns)" --change 'ENTRYPOINT ["/coredns"]'
    new_tree proxy.tar
    put "$(program kube-proxy)" /usr/local/bin/kube-proxy
    # Packages that are only unpacked have set no alternatives.
    for name in iptables ip6tables; do
        for verb in '' -save -restore; do ln -sf xtables-nft-multi "image/usr/sbin/$name$verb"; done
    done
    image "$(kubeadm_name kube-proxy)"
    # What the provisioner's own pods take: a shell.
    new_tree busybox.tar
    mkdir -p image/bin
    for name in sh mkdir rm; do ln -sf "$(busybox_in_image)" "image/bin/$name"; done
    image localhost/local-path-helper:1

    mapfile -t names < <(cat made && grep . <<<"$IMAGE_EXTRA")
    docker save -o images.tar "${names[@]}"
    drop_images
}

# What was only made for the archive.
drop_images() {
    [ ! -s made ] || xargs docker rmi -f <made >/dev/null 2>&1 || :
    rm -f made
}

make_tree() {
    local name unit
    mkdir node
    tar -C node -xf node.tar
    mkdir -p node/opt/cni/bin node/etc/cni/net.d node/etc/kubernetes/{manifests,kubelet.conf.d} node/etc/containerd
    cp -a --no-preserve=ownership agents/rootfs/. node/
    for name in kubeadm kubelet kubectl; do install -m 755 "$(program "$name")" node/usr/bin/; done
    for name in containerd containerd-shim-runc-v2 ctr crictl; do install -m 755 "$(program "$name")" node/usr/local/bin/; done
    for name in ptp host-local portmap loopback; do cp node/usr/lib/cni/"$name" node/opt/cni/bin/; done
    printf %s "$IMAGE_VERSION" >node/kind/version
    sed -i "s#@PAUSE@#$(kubeadm_name pause)#" node/etc/containerd/config.toml
    # Units that make no sense in a container.
    rm -f node/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service \
        node/lib/systemd/system/{multi-user,local-fs,basic}.target.wants/* node/etc/systemd/system/*.wants/* \
        node/lib/systemd/system/sockets.target.wants/*{udev,initctl}*
    for unit in systemd-binfmt getty-static; do ln -sf /dev/null "node/etc/systemd/system/$unit.service"; done
    mkdir -p node/etc/systemd/journald.conf.d node/etc/systemd/system/multi-user.target.wants
    printf '[Journal]\nReadKMsg=no\n' >node/etc/systemd/journald.conf.d/container.conf
    for unit in containerd kubelet; do
        ln -sf "/etc/systemd/system/$unit.service" node/etc/systemd/system/multi-user.target.wants/
    done
    rm -rf node/var/cache/apt/* node/var/lib/apt/lists/*
}

# The images into the node's own containerd, which runs for that in the tree. Unpacked by the pods that use them.
fill_containerd() {
    # shellcheck disable=SC2016 # of the inner shell
    unshare --mount --fork --kill-child bash -euc '
        cd node
        mount -t proc proc proc
        mount -t tmpfs tmpfs run
        mount -t tmpfs tmpfs tmp
        chroot . ctr oci spec |
            jq ".hooks.createContainer = [{path: \"/kind/bin/product-files\"}] | del(.process.rlimits)" >etc/containerd/cri-base.json
        chroot . containerd --log-level error >../containerd.log 2>&1 &
        containerd=$!
        for _ in $(seq 100); do
            ! chroot . ctr version >/dev/null 2>&1 || break
            sleep 0.1
        done
        ctr() { chroot . ctr -n k8s.io images "$@"; }
        ctr import --no-unpack --all-platforms --label=io.cri-containerd.pinned=pinned - <../images.tar >/dev/null ||
            { tail -n 5 ../containerd.log >&2; exit 1; }
        for image in $(ctr ls -q | grep ^kubedev.invalid/); do
            ctr tag "$image" "${image#kubedev.invalid/}" >/dev/null
            ctr rm "$image" >/dev/null
        done
        kill "$containerd"
        wait "$containerd" || true
    '
}

# What docker import cannot say of an image says a Dockerfile of one layer.
into_engine() {
    tar -C node --numeric-owner -c . | docker import - "$IMAGE_TAG-tree" >/dev/null
    printf 'FROM %s-tree\nENV container=docker\nSTOPSIGNAL SIGRTMIN+3\nENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]\n' \
        "$IMAGE_TAG" | DOCKER_BUILDKIT=0 docker build -q -t "$IMAGE_TAG" - >/dev/null
    docker rmi "$IMAGE_TAG-tree" >/dev/null
}

# Called as kind calls the image that it would pull: by a shell, as bash, which starts envoy.
make_balancer() {
    local name
    new_tree busybox.tar
    mkdir -p image/bin image/home/envoy
    for name in sh mkdir cat cp mv chmod sleep; do ln -sf "$(busybox_in_image)" "image/bin/$name"; done
    printf '#!/bin/sh\nexec /bin/sh "$@"\n' >image/bin/bash
    chmod 0755 image/bin/bash
    put bin/balancer /usr/local/bin/envoy
    tar -C image --numeric-owner -c . | docker import --change "ENV PATH=$path" - "$IMAGE_BALANCER" >/dev/null
}

trap 'drop_images; docker rmi "$IMAGE_TAG-tree" >/dev/null 2>&1 || :' EXIT
trap 'exit 130' INT TERM HUP
write_node_files
userland node.tar "$node_packages" --variant=minbase
userland proxy.tar "$proxy_packages" --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
userland busybox.tar busybox-static --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
say "making the images that kubeadm asks for"
make_images
say "putting the node together"
make_tree
fill_containerd
into_engine
make_balancer
say "keeping it for other engines"
mkdir -p "${IMAGE_FILE%/*}"
docker save "$IMAGE_TAG" "$IMAGE_BALANCER" | zstd -q -3 -T0 -f -o "$IMAGE_FILE.new"
mv "$IMAGE_FILE.new" "$IMAGE_FILE"
say "built in $((SECONDS - began)) s"
