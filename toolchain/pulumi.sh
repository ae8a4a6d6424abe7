#!/usr/bin/env bash
# The Pulumi CLI and its Node language host: the installed ones where they are recent enough, else
# the vendor's release. The third way, the build from Go modules, is go-build.sh.
# usage: pulumi.sh check | fetch
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"
# shellcheck source=lib/jobs.sh
. "$ROOT/toolchain/lib/jobs.sh"
# shellcheck source=lib/fetch.sh
. "$ROOT/toolchain/lib/fetch.sh"
# shellcheck source=lib/origin.sh
. "$ROOT/toolchain/lib/origin.sh"

# Asked for its version, the CLI would write a log below the user's ~/.pulumi.
export PULUMI_SKIP_UPDATE_CHECK=true PULUMI_HOME=/dev/null

both_missing() {
    row missing - "$1: take the CLI $PULUMI_VERSION from get.pulumi.com, else build it from Go modules (about 3 min)" || :
    row missing - "comes with the CLI, else built from Go modules"
}

check() {
    local cli host version
    cli=$(command -v pulumi) || { both_missing "none on PATH"; return; }
    host=$(dirname "$(realpath "$cli")")/pulumi-language-nodejs
    # Without its language host a CLI is of no use, and npm's launcher, which has none beside it,
    # would download one into the user's home as soon as it is asked for its version.
    if [ ! -x "$host" ]; then
        both_missing "$cli has no pulumi-language-nodejs beside it"
        return
    fi
    version=$("$cli" version 2>/dev/null) || { both_missing "$cli does not run"; return; }
    version=${version#v}
    if ! version_at_least "$version" "$PULUMI_VERSION"; then
        both_missing "$cli is $version, older than $PULUMI_VERSION"
        return
    fi
    local from=""
    if [ "$cli" = "$BIN_DIR/pulumi" ]; then
        from=" ($(origin_text pulumi))"
        if ! origin_current pulumi cli || ! origin_current pulumi-language-nodejs language-nodejs; then
            both_missing "the pins in toolchain/ changed since the build"
            return
        fi
    fi
    row ready "$version" "$cli${from/()/(placed by hand)}"
    from=${from:+" ($(origin_text pulumi-language-nodejs))"}
    row ready "${from:+$(host_version)}" "$host${from/()/(placed by hand)}"
}

host_version() {
    case $(origin_text pulumi-language-nodejs) in
        built*) echo "$LANGUAGE_HOST_VERSION" ;;
        *) echo - ;;
    esac
}

# The vendor's sha256 of an archive, from the checksum file of the release.
published_digest() {
    local list=$KUBEDEV_RUN_DIR/pulumi-checksums url
    url=https://github.com/pulumi/pulumi/releases/download/v$PULUMI_VERSION/pulumi-$PULUMI_VERSION-checksums.txt
    reachable "$url" || return 1
    curl --fail --location --silent --show-error --connect-timeout 5 --max-time 60 --output "$list" "$url" || return 1
    awk -v name="$1" '$2 == name || $2 == "*" name { print $1 }' "$list" | grep -Ex '[0-9a-f]{64}'
}

# 1 when the release cannot be had or cannot be verified: the caller then builds.
fetch_release() {
    run_dir_open
    jobs_clean_up_at_exit
    local archive=pulumi-v$PULUMI_VERSION-linux-$ARCH_NODE.tar.gz digest name
    reachable https://get.pulumi.com || return 1
    if ! digest=$(published_digest "$archive"); then
        say "the vendor's checksum of $archive cannot be had: not downloaded"
        return 1
    fi
    job pulumi-download "downloading Pulumi $PULUMI_VERSION from get.pulumi.com" \
        fetch "https://get.pulumi.com/releases/sdk/$archive" "$digest" "$archive" || return 1
    mkdir "$KUBEDEV_RUN_DIR/pulumi" &&
        tar -xzf "$(download_path "$digest" "$archive")" -C "$KUBEDEV_RUN_DIR/pulumi" \
            --strip-components=1 --no-same-owner || return 1
    for name in pulumi-language-{python,python-exec,yaml,nodejs} pulumi; do
        # All but Node's are only for programs in that language.
        [ -e "$KUBEDEV_RUN_DIR/pulumi/$name" ] || case $name in *-python* | *-yaml) continue ;; esac
        mv "$KUBEDEV_RUN_DIR/pulumi/$name" "$BIN_DIR/$name" || return 1
        record_origin "$name" "official release"
    done
    hash -r
    check >/dev/null || { say "the release from get.pulumi.com does not run here"; return 1; }
}

case $1 in
    check) check ;;
    fetch) fetch_release ;;
esac
