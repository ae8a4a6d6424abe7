#!/bin/sh
# Builds a program of ours for hosts, on the machine that runs Pulumi, into the cache that all stacks of this user share.
#   KUBEDEV_SOURCES   directory of its main package    KUBEDEV_PLATFORM  as windows/amd64
#   KUBEDEV_PROGRAM   where it is kept, below the cache: by the digest of its sources
set -eu
umask 077

die() {
    printf 'kubedev: %s\n' "$*" >&2
    exit 1
}

case ${XDG_CACHE_HOME:-} in
/*) cache_root=$XDG_CACHE_HOME/kubedev ;;
*) cache_root=$HOME/.cache/kubedev ;;
esac
program=$cache_root/$KUBEDEV_PROGRAM
mkdir -p "${program%/*}"
exec 9>"$program.lock"
flock -n 9 || flock -w 600 9 || die "another run that builds $program did not end within 600 s; end it (fuser -v $program.lock shows it)"
[ ! -e "$program" ] || exit 0

go=''
for candidate in "$(command -v go || :)" /usr/local/go/bin/go "$cache_root"/go/*/bin/go; do
    if [ -x "$candidate" ]; then
        go=$candidate
        break
    fi
done
[ -n "$go" ] ||
    die "got no Go on this machine; expected Go 1.21 or newer, which builds the program that works on $KUBEDEV_PLATFORM hosts; install it: apt-get install golang-go, or from https://go.dev/dl/"

half=$program.half
trap 'rm -f "$half"' EXIT
trap 'exit 130' INT TERM HUP
# Flags and a workspace of the user's shell are not part of it.
if ! said=$(cd "$KUBEDEV_SOURCES" && CGO_ENABLED=0 GOOS=${KUBEDEV_PLATFORM%/*} GOARCH=${KUBEDEV_PLATFORM#*/} GOAMD64=v1 GOFLAGS='' \
    GOWORK=off "$go" build -trimpath -buildvcs=false -ldflags='-s -w' -o "$half" . 2>&1); then
    die "cannot build the program for $KUBEDEV_PLATFORM hosts with $("$go" version 2>&1): $(printf '%s' "$said" | tail -n 5); expected Go 1.21 or newer and a Go module proxy (GOPROXY) that this machine reaches"
fi
mv -f "$half" "$program"
