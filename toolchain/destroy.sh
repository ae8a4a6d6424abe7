#!/usr/bin/env bash
# `pulumi destroy`; the stack with its configuration stays unless REMOVE=1. Environment: STACK, KUBEDEV_ARGS, KUBEDEV_REMOVE.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"
# shellcheck source=lib/stack.sh
. "$ROOT/toolchain/lib/stack.sh"

"$ROOT/toolchain/ensure.sh" up
use_settings
if ! stack_exists "$STACK"; then
    say "there is no stack $STACK: nothing to destroy"
    exit 0
fi
ensure_stack "$STACK"
ensure_environment_plugins "$STACK"
"$ROOT/toolchain/recover.sh" "$STACK"
remove=()
[ "${KUBEDEV_REMOVE:-}" != 1 ] || remove=(--remove)
# shellcheck disable=SC2086 # the arguments are a list of words
plain destroy -s "$STACK" --yes "${remove[@]}" ${KUBEDEV_ARGS:-}
