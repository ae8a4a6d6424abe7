#!/usr/bin/env bash
# Tools, stack, recovery, then `pulumi up`. Environment: STACK, KUBEDEV_ARGS (more arguments for pulumi).
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"
# shellcheck source=lib/stack.sh
. "$ROOT/toolchain/lib/stack.sh"

"$ROOT/toolchain/ensure.sh" up
use_settings
say_which_plugins
ensure_stack "$STACK"
"$ROOT/toolchain/recover.sh" "$STACK"
# shellcheck disable=SC2086 # the arguments are a list of words
plain up -s "$STACK" --yes ${KUBEDEV_ARGS:-}
show_outputs
