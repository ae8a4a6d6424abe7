#!/bin/sh
# Builds one target for one platform, unless that was done from the same source with the same flags.
#   KUBEDEV_MODE         go, make, container or module
#   KUBEDEV_TREE         directory of the source tree; of no use to module
#   KUBEDEV_TARGET       directory below the tree, or import path
#   KUBEDEV_PLATFORM     os/architecture
#   KUBEDEV_BUILD_KEY    says what it is made from; names the directory that holds the binary
#   KUBEDEV_BINARY       name of the binary
#   KUBEDEV_GO_FLAGS     lines: flags of go build
#   KUBEDEV_LDFLAGS      flags of the linker beside the version's
#   KUBEDEV_MODULE       module@version, for module
#   KUBEDEV_CLEAN        true: what make built before is thrown away first
#   and what go-env.sh takes
. ../host/prelude.sh
. ../host/session.sh
. ./go-env.sh
. ./git-env.sh
. ./version.sh
. ./module.sh
. ./edited-since.sh
. ./builder-containers.sh
take_lock
final=$dir/$KUBEDEV_BUILD_KEY/$KUBEDEV_BINARY
keep_record() { # sha256, size in bytes, version
    write_record "kind=build" "exists=$final" "fact.key=$KUBEDEV_BUILD_KEY" "fact.path=$final" \
        "fact.sha256=$1" "fact.sizeBytes=$2" "fact.version=$3"
    printf '{"path":%s,"sha256":"%s","sizeBytes":%s,"version":"%s"}\n' "$(json_string "$final")" "$1" "$2" "$3"
}
if [ "$(field fact.key)" = "$KUBEDEV_BUILD_KEY" ] && [ -x "$final" ]; then
    # Only the record is behind: the spec of the resource may have changed.
    keep_record "$(field fact.sha256)" "$(field fact.sizeBytes)" "$(field fact.version)"
    exit 0
fi

# What is edited from now on is not what was asked for.
: >"$dir/begun"
new=$dir/new
log=$dir/build.log
builder=''
reporter=''
clean_up() {
    [ -z "$reporter" ] || kill -KILL "$reporter" 2>/dev/null || :
    if [ -n "$builder" ]; then
        end_session "$builder"
        if [ "$KUBEDEV_MODE" = container ]; then end_containers; fi
    fi
    rm -rf "$new" "$log" "$dir/begun" "$dir/sha256"
    [ -f "$record" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

if [ "$KUBEDEV_MODE" = module ]; then
    module=${KUBEDEV_MODULE%@*}
else
    cd "$KUBEDEV_TREE" 2>/dev/null || die "there is no directory $KUBEDEV_TREE; expected the source tree"
    module=$(module_of .)
    # Beside what follows: in a large tree it takes as long as all of that.
    tree_is_clean . &
    cleanness=$!
fi
set_go "$module" || die "there is no Go on this host; expected one on the PATH or in /usr/local/go, a BuildHost installs it"
free_mib=$(free_mib_at "$dir")
[ "$free_mib" -ge 1024 ] || die "got $free_mib MiB of free disk at $dir; expected 1024 MiB; remove what is no longer needed"

# A released module is what it is: a binary that another stack of this user has built is taken as it is.
shared=''
if [ "$KUBEDEV_MODE" = module ] && [ "$KUBEDEV_CGO" = 0 ]; then
    shared=$cache_root/binaries/$KUBEDEV_BUILD_KEY-$(cd / && "$go" env GOVERSION GOAMD64 GOARM64 | cksum | cut -d ' ' -f 1)
fi

is_shared() { [ -n "$shared" ] && [ -s "$shared/$KUBEDEV_BINARY" ]; }

# One at a time for each Go cache: what several targets share is compiled once. To copy takes no turn.
if ! is_shared; then
    mkdir -p "$cache_root"
    exec 8>"$cache_root/build.lock"
    if ! flock -n 8; then
        say "waiting for another build on this host"
        flock 8
    fi
fi

rm -rf "$new"
mkdir "$new"
GOOS=${KUBEDEV_PLATFORM%/*}
GOARCH=${KUBEDEV_PLATFORM#*/}
what=${KUBEDEV_MODULE:-$KUBEDEV_TARGET}
say "building $KUBEDEV_BINARY for $KUBEDEV_PLATFORM from $what"

go_build() { # import path or ./directory
    # Where the binary before is in the place of the new one, Go sees at once what it need not link and look at again.
    before=$dir/$(field fact.key)/$KUBEDEV_BINARY
    if [ -f "$before" ]; then cp --reflink=auto "$before" "$new/$KUBEDEV_BINARY"; fi
    set -- "$1" -v -o "$new/$KUBEDEV_BINARY" -tags "$tags" \
        -ldflags "$KUBEDEV_LDFLAGS$(version_flags)"
    package=$1
    shift
    old_ifs=$IFS
    IFS='
'
    # shellcheck disable=SC2086 # lines
    set -- "$@" $KUBEDEV_GO_FLAGS "$package"
    IFS=$old_ifs
    export GOOS GOARCH
    exec setsid "$go" build "$@"
}

make_build() {
    # What is put into the tree is the user's.
    umask 022
    # Kubernetes' scripts would fetch another Go, and keep caches of their own inside the tree.
    GOMODCACHE=$("$go" env GOMODCACHE)
    GOCACHE=$("$go" env GOCACHE)
    FORCE_HOST_GO=y
    KUBE_BUILD_PLATFORMS=$KUBEDEV_PLATFORM
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=0
    PATH=$(dirname "$go"):$PATH
    # kubelet is linked statically as all others are, unless cgo is asked for.
    if [ "$KUBEDEV_CGO" = 0 ]; then KUBE_STATIC_OVERRIDES=${KUBEDEV_TARGET##*/}; fi
    export GOMODCACHE GOCACHE FORCE_HOST_GO KUBE_BUILD_PLATFORMS SOURCE_DATE_EPOCH PATH KUBE_STATIC_OVERRIDES
    unset GOFLAGS CGO_ENABLED
    set -- WHAT="$KUBEDEV_TARGET"
    if [ "$KUBEDEV_DEBUG" = true ]; then set -- "$@" DBG=1; fi
    if [ "$KUBEDEV_CLEAN" = true ]; then make clean; fi
    exec setsid make "$@"
}

# In the tree's own builder. Of one recipe all versions know the words: before 1.35 they copy the sources to a container of
# their own and the binaries back, since then they mount the tree. What is said as a variable of make reaches both.
container_build() {
    command -v docker >/dev/null || {
        echo "there is no docker on this host; expected it, a BuildHost with containerEngine installs it"
        exit 1
    }
    umask 022
    KUBE_BUILD_PLATFORMS=$KUBEDEV_PLATFORM
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=0
    export KUBE_BUILD_PLATFORMS SOURCE_DATE_EPOCH
    unset GOFLAGS CGO_ENABLED GOTOOLCHAIN
    set -- make all WHAT="$KUBEDEV_TARGET"
    if [ "$KUBEDEV_DEBUG" = true ]; then set -- "$@" DBG=1; fi
    if [ "$KUBEDEV_CGO" = 0 ]; then set -- "$@" KUBE_STATIC_OVERRIDES="${KUBEDEV_TARGET##*/}"; fi
    if [ "$KUBEDEV_CLEAN" = true ]; then build/make-clean.sh; fi
    exec setsid build/run.sh "$@"
}

build() {
    case $KUBEDEV_MODE in
    go)
        if [ -d "./$KUBEDEV_TARGET" ]; then go_build "./$KUBEDEV_TARGET"; else go_build "$KUBEDEV_TARGET"; fi
        ;;
    make) make_build ;;
    container) container_build ;;
    module)
        enter_module
        go_build "$KUBEDEV_TARGET"
        ;;
    esac
}

# In the background, so that it can be interrupted and says how far it is. The last command of each replaces the shell.
run_build() {
    if [ "$KUBEDEV_MODE" != module ]; then read_version . "$cleanness"; fi
    (exec 9>&- 8>&- && build) >"$log" 2>&1 &
    builder=$!
    (
        exec 9>&- 8>&-
        # What is still asleep when this is ended must not keep the streams open.
        while sleep 3 >/dev/null 2>&1; do
            say "building: $(($(date +%s) - begin)) s, $(grep -c '^[a-zA-Z0-9][^ :]*$' "$log" || :) packages compiled"
        done
    ) &
    reporter=$!
    status=0
    wait "$builder" || status=$?
    builder=''
    # A shell that was just forked loses any other signal, when a build fails at once; it would hold the streams for ever.
    kill -KILL "$reporter" 2>/dev/null || :
    reporter=''
    if [ "$status" -eq 0 ]; then
        case $KUBEDEV_MODE in
        make) cp "_output/local/bin/$KUBEDEV_PLATFORM/$KUBEDEV_BINARY" "$new/" ;;
        container) cp "_output/dockerized/bin/$KUBEDEV_PLATFORM/$KUBEDEV_BINARY" "$new/" ;;
        esac
    fi
    if [ "$status" -ne 0 ] || [ ! -s "$new/$KUBEDEV_BINARY" ]; then
        # Without what go build -v and downloads say.
        grep -vE '^([a-zA-Z0-9][^ :]*|go: downloading .*)$' "$log" | head -n 40 >&2 || :
        die "$what for $KUBEDEV_PLATFORM was not built (exit status $status); the binary built before is left as it was"
    fi
}

refuse_what_was_edited() {
    edited=$(GOOS=$GOOS GOARCH=$GOARCH edited_since "$dir/begun" "$KUBEDEV_TARGET")
    [ -z "$edited" ] ||
        die "$what was edited while it was built, so it is not what the preview showed: $(printf '%s\n' "$edited" | head -n 5 | tr '\n' ' '); run it again; the binary built before is left as it was"
}

begin=$(date +%s)
if is_shared; then
    cp --reflink=auto "$shared/$KUBEDEV_BINARY" "$new/"
    touch "$shared"
    say "it was built before by this user"
else
    run_build
    if [ -n "$shared" ]; then
        rm -rf "$shared" "$shared.new"
        mkdir -p "$shared.new"
        cp --reflink=auto "$new/$KUBEDEV_BINARY" "$shared.new/"
        mv "$shared.new" "$shared"
        # What nobody has wanted for a month.
        find "$cache_root/binaries" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
    fi
fi

# Beside the look at the tree.
sha256sum <"$new/$KUBEDEV_BINARY" >"$dir/sha256" &
summing=$!
if [ "$KUBEDEV_MODE" != module ]; then refuse_what_was_edited; fi
wait "$summing"
read -r sha256 _ <"$dir/sha256"
kept=$(field fact.key)
rm -rf "${final%/*}"
mv "$new" "${final%/*}"
# The one before is kept, since something may still run from it.
for other in "$dir"/*/; do
    other=${other%/}
    case ${other##*/} in "$KUBEDEV_BUILD_KEY" | "$kept") ;; *) rm -rf "$other" ;; esac
done
say "built in $(($(date +%s) - begin)) s"
keep_record "$sha256" "$(stat -c %s "$final")" "${git_version:-${KUBEDEV_MODULE##*@}}"
