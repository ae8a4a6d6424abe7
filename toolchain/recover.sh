#!/usr/bin/env bash
# Sets right what a `pulumi` that was killed with -9 left behind: its lock, its plugins, its pending
# operations. A lock whose owner lives, or may live on another machine, is never touched.
# usage: recover.sh STACK      (in the environment that lib/env.sh makes)
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"
# shellcheck source=lib/stack.sh
. "$ROOT/toolchain/lib/stack.sh"
# shellcheck source=lib/owner.sh
. "$ROOT/toolchain/lib/owner.sh"

STACK=$1
project=$(sed -n "s/^name:[[:space:]]*[\"']\{0,1\}\([^\"' #]*\).*/\1/p" "$PROJECT_DIR/Pulumi.yaml" | head -n 1)

# backend_dir BELOW: of a file backend; of the others the CLI's own message says what to do.
backend_dir() {
    local path
    case ${PULUMI_BACKEND_URL:-} in
        file://~*) path=$HOME${PULUMI_BACKEND_URL#file://\~} ;;
        file://*) path=${PULUMI_BACKEND_URL#file://} ;;
        *) return 1 ;;
    esac
    (cd "$PROJECT_DIR" && cd "${path%%\?*}/.pulumi/$1" 2>/dev/null && pwd)
}
lock_dir() { backend_dir "locks/organization/$project/${STACK##*/}"; }

is_object() { [ "$(jq --raw-output type "$1" 2>/dev/null)" = object ]; }

# A CLI that is killed while it writes may leave half a file: of what it notes beside each of its files, of which nothing is
# needed, or of the state. Of that it keeps the one before, which lacks a step at most: what that made is taken over by its next
# create.
mend_state() {
    local dir file
    for dir in "$(backend_dir "stacks/$project")" "$(lock_dir)"; do
        for file in "$dir"/*.attrs; do
            if [ -n "$dir" ] && [ -e "$file" ] && ! is_object "$file"; then
                say "removing $file, which was not written to its end"
                rm -f "$file"
            fi
        done
    done
    dir=$(backend_dir "stacks/$project") || return 0
    file=$dir/${STACK##*/}.json
    if [ -e "$file" ] && ! is_object "$file" && is_object "$file.bak"; then
        say "the state of the stack $STACK was not written to its end: taking the one before ($file.bak)"
        cp "$file.bak" "$file"
    fi
}

# 0: a lock was there and every owner is dead.
only_dead_owners() {
    local dir file pid user host time found=1
    dir=$(lock_dir) || return 1
    for file in "$dir"/*.json; do
        [ -e "$file" ] || continue
        { read -r pid && read -r user && read -r host && read -r time; } < <(
            jq --raw-output '.pid, .username, .hostname, .timestamp' "$file") ||
            die "the lock $file cannot be read" "if no pulumi works on the stack $STACK: pulumi cancel -s $STACK"
        case $(lock_owner "$pid" "$host" "$time") in
            alive) die "another pulumi (process $pid of $user) is working on the stack $STACK since $time" "wait for it to end" ;;
            elsewhere) die "pulumi on $host (process $pid of $user) holds the stack $STACK since $time" \
                "wait for it; if that machine is gone: pulumi cancel -s $STACK" ;;
        esac
        say "pulumi (process $pid) was killed while it worked on the stack $STACK: setting it right"
        found=0
    done
    return "$found"
}

# Plugins outlive a killed engine, some for ever. They name the engine's address as their argument:
# where nobody listens there any more, they serve nobody.
end_orphaned_plugins() {
    local dir program address
    for dir in /proc/[0-9]*; do
        program=$(readlink "$dir/exe" 2>/dev/null) || continue
        case $program in
            "$PULUMI_HOME"/plugins/*/pulumi-resource-* | "$BIN_DIR"/pulumi-language-*) ;;
            *) continue ;;
        esac
        address=$(tr '\0' '\n' <"$dir/cmdline" 2>/dev/null | grep -m 1 -Ex '127\.0\.0\.1:[0-9]+') || continue
        ! (exec 3<>"/dev/tcp/127.0.0.1/${address#*:}") 2>/dev/null || continue
        kill -TERM "${dir#/proc/}" 2>/dev/null || :
    done
}

pending_operations() {
    (cd "$PROJECT_DIR" && pulumi stack export -s "$STACK") | jq --raw-output '
        .deployment.pending_operations // [] | .[] | "\(.type) \(.resource.urn | split("::") | last)"'
}

owners=none
only_dead_owners && owners=dead
mend_state
if [ "$owners" = dead ]; then
    end_orphaned_plugins
    plain cancel -s "$STACK" --yes
fi
pending=$(pending_operations)
if [ -n "$pending" ]; then
    say "left unfinished: $(paste -sd, <<<"$pending" | sed 's/,/, /g'); what was half-made is cleared up by its next create"
    plain refresh -s "$STACK" --clear-pending-creates --yes --skip-preview
fi
