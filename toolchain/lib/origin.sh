# shellcheck shell=bash
# What .toolchain knows about where its programs came from, so that doctor can say it and a changed
# pin or source leads to a new build.

# fingerprint_of PART: what a build depends on. PART: one of go-build.sh, a plugin as plugin:NAME.
fingerprint_of() {
    case $1 in
        plugin:*)
            (cd "$ROOT/toolchain/providers" 2>/dev/null &&
                # The other drop-ins are not part of it.
                find . \( -path ./go.mod -o -path ./go.sum -o -path './base/*' -o -path "./${1#plugin:}/*" \) \
                    -type f ! -name '*_test.go' -print0 | sort -z | xargs -0 sha256sum)
            ;;
        language-python) (cd "$ROOT/toolchain/language-nodejs" && sha256sum go.mod go.sum) ;;
        generate-sdk) (cd "$ROOT/toolchain/cli" && sha256sum go.mod go.sum generate-sdk/main.go) ;;
        *) (cd "$ROOT/toolchain/$1" && sha256sum go.mod go.sum) ;;
    esac | sha256sum | cut -d' ' -f1
}

# record_origin PROGRAM TEXT [FINGERPRINT]: two lines in .toolchain/origin/PROGRAM.
record_origin() {
    mkdir -p "$TOOLCHAIN_DIR/origin"
    printf '%s\n' "$2" "${3:-}" >"$KUBEDEV_RUN_DIR/origin.$1"
    mv "$KUBEDEV_RUN_DIR/origin.$1" "$TOOLCHAIN_DIR/origin/$1"
}

origin_text() { sed -n 1p "$TOOLCHAIN_DIR/origin/$1" 2>/dev/null || :; }

# origin_current PROGRAM PART: false when PROGRAM was built from other pins than today's.
origin_current() {
    local recorded
    recorded=$(sed -n 2p "$TOOLCHAIN_DIR/origin/$1" 2>/dev/null || :)
    [ -z "$recorded" ] || [ "$recorded" = "$(fingerprint_of "$2")" ]
}
