#!/bin/sh
# Makes a host able to build: installs what is missing, and notes it, so that it can be taken back.
#   KUBEDEV_INSTALL      false: nothing is to be installed
#   KUBEDEV_GO_PROXY     module proxy that Go comes from, and that it uses then
#   KUBEDEV_GO_CHECKSUM  checksum of the toolchain module, h1:...; empty: what is pinned here or sum.golang.org says
#   KUBEDEV_GENERATION   goes up when something has to be installed again
#   and what build-host-tools.sh takes
. ../host/prelude.sh
. ../host/session.sh
. ../host/progress.sh
. ./build-host-tools.sh
. ./build-host-go.sh
. ./build-host-undo.sh
take_lock
patient=false
log=$dir/log
clean_up() {
    if [ "$patient" = true ] && [ -n "$worker" ]; then
        # dpkg in the middle of its work is waited for; all else is ended.
        say "waiting for the package manager to end"
        wait "$worker" 2>/dev/null || :
    else
        end_session "$worker"
    fi
    rm -rf "${half:-$dir/half}"
    # What was never there for anybody is taken back: no delete comes for it.
    if [ ! -f "$record" ]; then
        take_back
        [ -s "$log" ] || forget
    fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

apt() { # what verb packages
    patient=true
    # shellcheck disable=SC2086 # words
    with_progress "$1" $as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -q -y --no-install-recommends "$2" $3 || {
        keep_installed
        die "$1 failed (see above); run it by hand: ${as_root:+sudo }apt-get $2 $3"
    }
    patient=false
}

# Of what is noted, what is there: what the user installs by hand after this failed is the user's.
keep_installed() {
    [ -f "$dir/packages" ] || return 0
    while read -r package; do if is_installed "$package"; then echo "$package"; fi; done <"$dir/packages" >"$dir/planned"
    mv "$dir/planned" "$dir/packages"
}

: >"$log"
take_tools_lock
missing=$(missing_packages "$KUBEDEV_PROGRAMS" | sort -u)
go_there=true
if ! usable_go; then
    go_there=false
    missing=$(printf '%s\n%s' "$missing" "$(KUBEDEV_PACKAGES='' missing_packages "$KUBEDEV_FETCH_PROGRAMS")" | sed '/^$/d' | sort -u)
fi
to_install=false
if [ -n "$missing" ] || [ "$go_there" = false ] || [ ! -f "$record" ]; then to_install=true; fi
problem=$(lasting_problem "$missing" "$to_install")
[ -z "$problem" ] || die "this host cannot build: $problem"
if [ -n "$missing" ]; then
    may_install
    names=$(printf '%s\n' "$missing" | tr '\n' ' ')
    say "installing $names"
    apt "updating the list of packages" update ''
    # All that comes with them, noted before it is there: a run that is broken off can be taken back too.
    # shellcheck disable=SC2086 # words
    LC_ALL=C apt-get -s --no-install-recommends install $names 2>>"$log" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' >"$dir/planned" || :
    while read -r package; do
        is_installed "$package" || echo "$package"
    done <"$dir/planned" >>"$dir/packages"
    rm -f "$dir/planned"
    sort -u -o "$dir/packages" "$dir/packages"
    apt "installing $names" install "$names"
    missing=$(missing_packages "$KUBEDEV_PROGRAMS")
    [ -z "$missing" ] || die "installed, yet still missing: $missing"
fi
if [ "$go_there" = false ]; then fetch_go; fi
usable_go || die "Go was fetched, but $cache_root/go has none that runs (got $go_has)"
# One that another BuildHost has fetched stays as long as this one is there.
case $go in "$cache_root"/go/*) note_go_use "$go_has" ;; esac
case $KUBEDEV_PROGRAMS in
*docker*)
    # A package's service may be kept from starting by the system's policy.
    docker version >/dev/null 2>&1 || systemctl start docker >>"$log" 2>&1 || :
    said=$(docker version --format '{{.Server.Version}}' 2>&1) ||
        die "docker is there, but its engine does not answer this user: $(printf '%s\n' "$said" | tail -n 1); start it (systemctl start docker) and let the user reach it (usermod -aG docker $(id -un), then log in again)"
    ;;
esac
rm -f "$log"
write_record "kind=build-host" "fact.generation=$KUBEDEV_GENERATION" "fact.goVersion=$go_has" "fact.goPath=$go"
printf '{"goVersion":"%s","goPath":%s}\n' "$go_has" "$(json_string "$go")"
