# shellcheck shell=bash
# Whether anything has to be done at all, in a few milliseconds: after a complete run the names,
# sizes and times of all that was found and of all that it depends on are noted; while they are the
# same, nothing needs to be started to ask it for its version.

snapshot() {
    local name paths=()
    for name in node npm pulumi pulumi-language-nodejs go; do
        paths+=("$(command -v "$name" || :)")
    done
    # -L: the program behind a link counts. Missing files are part of the answer, not an error.
    {
        printf '%s\n' "$ROOT" "${paths[@]}"
        stat -L --format '%n %s %.9Y' "${paths[@]}" "$TOOLCHAIN_DIR"/origin/* \
            "$PLUGIN_DIR"/*/* "$PLUGIN_DIR"/*.partial \
            "$ROOT"/package-lock.json "$ROOT"/node_modules/.package-lock.json "$TOOLCHAIN_DIR/npm.stamp" \
            "$ROOT"/toolchain/* "$ROOT"/toolchain/*/* 2>&1 || :
        find "$ROOT/toolchain/providers" -type f -printf '%p %s %T@\n' 2>/dev/null | sort
    }
}

# is_ready SET PACKAGE-SETS...
is_ready() {
    local stamp=$TOOLCHAIN_DIR/ready-$1
    shift
    [ -f "$stamp" ] && [ "$(<"$stamp")" = "$(snapshot)" ] &&
        "$ROOT/toolchain/os-packages.sh" check "$@" >/dev/null
}

mark_ready() {
    hash -r
    snapshot >"$KUBEDEV_RUN_DIR/ready"
    mv "$KUBEDEV_RUN_DIR/ready" "$TOOLCHAIN_DIR/ready-$1"
}
