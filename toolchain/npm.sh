#!/usr/bin/env bash
# The npm packages of package-lock.json, installed anew only when the lock file changed.
# usage: npm.sh check | ensure
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

lock=$ROOT/package-lock.json
installed=$ROOT/node_modules/.package-lock.json
stamp=$TOOLCHAIN_DIR/npm.stamp

fingerprint() { sha256sum "$lock" "$ROOT/.npmrc" | sha256sum | cut -d' ' -f1; }

# npm keeps its own list of what stands in node_modules. A tree that someone else installed will do
# when it holds every package of the lock file in that version.
complete() {
    [ -f "$installed" ] && command -v jq >/dev/null && jq --exit-status --slurpfile installed "$installed" '
        [.packages | to_entries[]
            | select(.key != "" and (.value.optional | not) and (.value.link | not))
            | select($installed[0].packages[.key].version != .value.version)]
        | length == 0' "$lock" >/dev/null
}

check() {
    if [ -f "$installed" ] && { [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ] || complete; }; then
        row ready - "$ROOT/node_modules, as in package-lock.json"
    elif [ -d "$ROOT/node_modules" ]; then
        row missing - "node_modules is not what package-lock.json says: npm ci"
    else
        row missing - "no node_modules: npm ci"
    fi
}

ensure() {
    run_dir_open
    trap run_dir_close EXIT
    if ! check >/dev/null; then
        rm -f "$stamp"
        cd "$ROOT"
        # Node brings its own list of authorities; behind a company's proxy the system's list counts, as
        # it does for curl and Go.
        if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
            export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
        fi
        # Level http: some failures of a download show nowhere else.
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=http ||
            die "npm ci failed" "the registry is $(npm config get registry 2>/dev/null); NPM_CONFIG_REGISTRY names another"
    fi
    fingerprint >"$KUBEDEV_RUN_DIR/npm.stamp"
    mv "$KUBEDEV_RUN_DIR/npm.stamp" "$stamp"
}

"$1"
