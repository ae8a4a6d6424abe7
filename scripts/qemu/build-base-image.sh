#!/bin/bash
# Builds a machine's base image from Debian packages: disk, kernel and initrd for direct boot.
#
# Environment:
#   IMAGE_DIR            directory to make; its name should contain a digest of all inputs
#   IMAGE_SUITE          Debian release, e.g. bookworm
#   IMAGE_PACKAGES       packages of the guest, comma separated
#   IMAGE_KERNEL_PACKAGE e.g. linux-image-cloud-amd64
#   IMAGE_MIRROR         package mirror; empty: as this machine's own apt sources
#   IMAGE_ROOT_SIZE_MIB  size of the disk (sparse)
#   IMAGE_GUEST_SETUP, IMAGE_MAKE_ARTIFACTS, IMAGE_INITRD_INIT
#                        texts of image/{guest-setup,make-artifacts,initrd-init}.sh
# Prints the manifest: {"disk":{"path","sizeBytes","virtualSizeMib","sha256"},"kernel":…,…}.
# Needs mmdebstrap, e2fsprogs, qemu-utils, util-linux; as a plain user also uidmap.
# A second run finds the directory complete and only prints. A build that was cut off leaves
# nothing under IMAGE_DIR, and what a kill -9 left in the work directory the next build removes.
set -euo pipefail
. ../host/debian-sources.sh

say() { echo "base image: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

: "${IMAGE_DIR:?}" "${IMAGE_SUITE:?}" "${IMAGE_PACKAGES:?}" "${IMAGE_KERNEL_PACKAGE:?}"
: "${IMAGE_ROOT_SIZE_MIB:?}" "${IMAGE_GUEST_SETUP:?}" "${IMAGE_MAKE_ARTIFACTS:?}"
export IMAGE_KERNEL_PACKAGE IMAGE_ROOT_SIZE_MIB IMAGE_GUEST_SETUP IMAGE_MAKE_ARTIFACTS
export IMAGE_INITRD_INIT="${IMAGE_INITRD_INIT:?}"
export PATH="$PATH:/usr/sbin:/sbin"

print_if_complete() {
    [[ -f $IMAGE_DIR/manifest.json ]] || return 1
    cat "$IMAGE_DIR/manifest.json"
}

check_tools() {
    local missing=() pair
    for pair in mmdebstrap:mmdebstrap mke2fs:e2fsprogs qemu-img:qemu-utils flock:util-linux; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
    done
    if [[ $EUID -ne 0 ]]; then
        command -v newuidmap >/dev/null || missing+=(uidmap)
    fi
    [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
    [[ ${#missing[@]} -eq 0 ]] ||
        fail "missing packages: ${missing[*]}. Install them: apt-get install ${missing[*]}"
    [[ $EUID -eq 0 ]] || grep -qs "^$(id -un):" /etc/subuid ||
        fail "user $(id -un) has no range in /etc/subuid, which building without root needs." \
            "Give one: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un)"
    [[ $(dpkg --print-architecture) == amd64 ]] ||
        fail "this machine is $(dpkg --print-architecture); images are built for amd64 on amd64 only"
}

# Removes what a build made. In a user namespace for a plain user, as its files have other owners.
remove_tree() {
    if [[ $EUID -eq 0 ]]; then
        rm -rf --one-file-system "$1"
    else
        mmdebstrap --unshare-helper rm -rf "$1/tree" 2>/dev/null || true
        rm -rf "$1"
    fi
}

describe_file() { # describe_file NAME FILE
    printf '"%s":{"path":"%s","sizeBytes":%d,"sha256":"%s"}' "$1" "$IMAGE_DIR/$2" \
        "$(stat -c %s "$staging/$2")" "$(sha256sum "$staging/$2" | cut -d ' ' -f 1)"
}

build() {
    local mode=root sources options=()
    [[ $EUID -eq 0 ]] || mode=unshare
    sources=$(apt_sources)
    mapfile -t options < <(proxy_options)
    # mmdebstrap reads sources from a file that its namespace can open.
    if [[ -n $sources ]]; then
        printf '%s\n' "$sources" >"$work/sources.list"
        chmod 0644 "$work/sources.list"
        sources=$work/sources.list
    fi
    say "building $IMAGE_SUITE from packages (about a minute)"
    # shellcheck disable=SC2016 # the hooks expand these
    # Documentation and translations are a third of the files.
    TMPDIR=$work/tree mmdebstrap --quiet --mode="$mode" --variant=minbase --format=null \
        --include="$IMAGE_PACKAGES" --aptopt='Apt::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        ${options[@]+"${options[@]}"} \
        --customize-hook='sh -c "$IMAGE_GUEST_SETUP" guest-setup "$1"' \
        --customize-hook='sh -c "$IMAGE_MAKE_ARTIFACTS" make-artifacts "$1"' \
        "$IMAGE_SUITE" - ${sources:+"$sources"} \
        3>"$staging/artifacts.tar" 9>&- >&2 ||
        fail "got no $IMAGE_SUITE from ${IMAGE_MIRROR:-the mirrors of apt here}, see above; expected one that answers" \
            "and has $IMAGE_SUITE with $IMAGE_KERNEL_PACKAGE and $IMAGE_PACKAGES; correct mirror, suite or packages, or run the same again when it answers"
    tar -x -C "$staging" --no-same-owner -f "$staging/artifacts.tar"
    rm "$staging/artifacts.tar"
}

! print_if_complete || exit 0
check_tools
mkdir -p "$(dirname "$IMAGE_DIR")"
exec 9>"$IMAGE_DIR.lock"
flock --nonblock 9 || { say "waiting for another build of the same image" && flock 9; }
! print_if_complete || exit 0

# The work directory of a build that was killed. Its path is kept because it lies elsewhere.
if [[ -f $IMAGE_DIR.work ]]; then
    remove_tree "$(cat "$IMAGE_DIR.work")"
fi
rm -rf "$IMAGE_DIR" "$IMAGE_DIR".tmp
staging=$IMAGE_DIR.tmp
# Not below the cache: the namespace's users must be able to enter it, and a home may be closed.
# The random name is not listable (0711), so that "tree" can be open to the namespace.
work=$(mktemp -d "${TMPDIR:-/var/tmp}/kubedev-image.XXXXXXXX")
echo "$work" >"$IMAGE_DIR.work"
cleanup() {
    remove_tree "$work"
    rm -rf "$staging" "$IMAGE_DIR.work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chmod 0711 "$work"
mkdir -m 1777 "$work/tree"
mkdir "$staging"

build
printf '{%s,%s,%s,%s,"suite":"%s","packages":"%s","virtualSizeMib":%d}\n' \
    "$(describe_file disk disk.qcow2)" "$(describe_file kernel vmlinuz)" \
    "$(describe_file initrd initrd)" "$(describe_file packageList packages)" \
    "$IMAGE_SUITE" "$IMAGE_PACKAGES" "$IMAGE_ROOT_SIZE_MIB" >"$staging/manifest.json"
sync -f "$staging"
mv -T "$staging" "$IMAGE_DIR"
say "done: $(du -sh "$IMAGE_DIR" | cut -f 1) in $IMAGE_DIR"
cat "$IMAGE_DIR/manifest.json"
