#!/usr/bin/env bash
# What programs in another language than TypeScript take: Pulumi's host of that language, where it does not come with the CLI
# built from Go modules, and for Python the generator of packages, which that host lacks.
# usage: language.sh check LANGUAGE | ensure LANGUAGE     (python or yaml)
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=versions.sh
. "$ROOT/toolchain/versions.sh"
# shellcheck source=lib/jobs.sh
. "$ROOT/toolchain/lib/jobs.sh"
# shellcheck source=lib/origin.sh
. "$ROOT/toolchain/lib/origin.sh"

verb=$1 language=$2
case $language in
    python) parts=(language-python generate-sdk) version=$LANGUAGE_HOST_VERSION ;;
    yaml) parts=(language-yaml) version=$YAML_HOST_VERSION ;;
    *) die "language.sh: $language is not one of python, yaml" ;;
esac

program_of() { case $1 in language-*) echo "pulumi-$1" ;; *) echo "$1" ;; esac }

# The parts that have to be built, one a line. A host that came with the CLI does all that these do.
missing() {
    local beside part program
    beside=$(dirname "$(realpath "$(command -v pulumi)")")
    [ ! -x "$beside/pulumi-language-$language" ] || [ "$beside" = "$(realpath "$BIN_DIR")" ] || return 0
    [ "$(origin_text "pulumi-language-$language")" != "official release" ] || return 0
    for part in "${parts[@]}"; do
        program=$(program_of "$part")
        { [ -x "$BIN_DIR/$program" ] && origin_current "$program" "$part"; } || echo "$part"
    done
}

check() {
    local needed
    needed=$(missing)
    if [ -z "$needed" ]; then
        row ready "$version" "programs in $language"
    else
        row missing - "programs in $language: build ${needed//$'\n'/, } from Go modules (about a minute)"
    fi
}

ensure() {
    local part
    mkdir -p "$TOOLCHAIN_DIR"
    exec 9>"$TOOLCHAIN_DIR/lock"
    flock 9
    [ -n "$(missing)" ] || return 0
    "$ROOT/toolchain/go.sh" ensure
    run_dir_open
    jobs_clean_up_at_exit
    while IFS= read -r part; do
        job_start "build-$part" "building $(program_of "$part") from Go modules" "$ROOT/toolchain/go-build.sh" "$part"
    done < <(missing)
    jobs_wait || die "what programs in $language take could not be built" "what was made is kept: the same command goes on from here"
}

"$verb"
