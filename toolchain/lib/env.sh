# shellcheck shell=bash
# The environment in which `pulumi` uses this clone's tools and the user's own state. What the user
# has set (another backend, a passphrase) is left as it is.

PASSPHRASE_FILE=$STATE_DIR/passphrase

drop_ins_used() { compgen -G "$PLUGIN_DIR/*/DROP-IN" >/dev/null; }

# NAME=VALUE lines, without PATH.
pulumi_settings() {
    echo "PULUMI_HOME=$TOOLCHAIN_DIR/pulumi"
    echo "PULUMI_SKIP_UPDATE_CHECK=true"
    # Pulumi's own ts-node keeps what it has translated; by default where others of this machine may write.
    echo "TS_NODE_CACHE_DIRECTORY=$TOOLCHAIN_DIR/ts-node"
    # Types are checked by the tests; ts-node would set up a compiler of whole programs for them in every run.
    echo "PULUMI_NODEJS_TRANSPILE_ONLY=true"
    [ -n "${PULUMI_BACKEND_URL:-}" ] || echo "PULUMI_BACKEND_URL=file://$STATE_DIR/backend"
    if [ -z "${PULUMI_CONFIG_PASSPHRASE+set}${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ]; then
        echo "PULUMI_CONFIG_PASSPHRASE_FILE=$PASSPHRASE_FILE"
    fi
    # Without it the engine goes looking for a newer copy of a plugin that it has, and where it has
    # a drop-in it shall never mix it with the real one in one run.
    ! drop_ins_used || echo "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true"
}

# The places that the defaults above name; what is there is never touched.
prepare_places() {
    if [ -z "${PULUMI_BACKEND_URL:-}" ]; then (umask 077 && mkdir -p "$STATE_DIR/backend"); fi
    if [ -n "${PULUMI_CONFIG_PASSPHRASE+set}${PULUMI_CONFIG_PASSPHRASE_FILE:-}" ] || [ -s "$PASSPHRASE_FILE" ]; then
        return
    fi
    (
        umask 077
        mkdir -p "$STATE_DIR"
        mine=$(mktemp "$PASSPHRASE_FILE.XXXXXX")
        head -c 32 /dev/urandom | base64 >"$mine"
        # ln, not mv: when two do this at once the first one's passphrase is everybody's.
        ln "$mine" "$PASSPHRASE_FILE" 2>/dev/null || [ -s "$PASSPHRASE_FILE" ] || mv "$mine" "$PASSPHRASE_FILE"
        rm -f "$mine"
    )
}

use_settings() {
    prepare_places
    local setting
    while IFS= read -r setting; do export "${setting?}"; done < <(pulumi_settings)
}
