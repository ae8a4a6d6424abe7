#!/bin/bash
# Functions that say where the Debian packages of an image come from.
#   IMAGE_SUITE   Debian release
#   IMAGE_MIRROR  package mirror; empty: as this machine's own apt sources

# Sources of a tree that mmdebstrap makes, one line each: those that this machine's apt uses for Debian, with its own
# release replaced by the wanted one. Nothing on a machine that is not Debian: mmdebstrap then
# takes Debian's public mirror.
apt_sources() {
    if [[ -n ${IMAGE_MIRROR-} ]]; then
        echo "deb $IMAGE_MIRROR $IMAGE_SUITE main"
        return
    fi
    local own
    # shellcheck disable=SC1091
    own=$(. /etc/os-release && [[ $ID == debian ]] && echo "${VERSION_CODENAME-}") || return 0
    # shellcheck disable=SC2016 # apt's own fields
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v own="$own" -v suite="$IMAGE_SUITE" '
            $3 == "main" && ($2 == own || $2 == own "-updates" || $2 == own "-security") {
                sub("^" own, suite, $2)
                if (!seen[$0]++) print "deb", $1, $2, $3
            }'
}

# Settings of apt that reach the mirror through a company proxy; they do not stay in the tree.
proxy_options() {
    local scheme value
    for scheme in http https; do
        value=$(apt-config dump --format '%v' "Acquire::$scheme::Proxy")
        [[ -z $value ]] || echo "--aptopt=Acquire::$scheme::Proxy \"$value\";"
    done
}
