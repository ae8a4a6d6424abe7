#!/usr/bin/env bash
# `pulumi preview`, with the tools made sure of. Environment: STACK, KUBEDEV_ARGS.
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
ensure_environment_plugins "$STACK"
# shellcheck disable=SC2086 # the arguments are a list of words
plain preview -s "$STACK" ${KUBEDEV_ARGS:-}
