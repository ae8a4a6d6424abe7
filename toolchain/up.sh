#!/usr/bin/env bash
# Tools, stack, recovery, then `pulumi up`. Environment: STACK, KUBEDEV_ENVIRONMENT (of a new stack), KUBEDEV_ARGS (more arguments
# for pulumi).
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
choose_environment "$STACK"
"$ROOT/toolchain/environment-tools.sh" "$(environment_of "$STACK")"
ensure_environment_plugins "$STACK"
"$ROOT/toolchain/recover.sh" "$STACK"
unchanged=2
# shellcheck disable=SC2154 # set by ensure_stack
if [ -z "$stack_is_new" ] && [ -z "${KUBEDEV_ARGS:-}" ]; then
    unchanged=0
    nothing_changes "$STACK" || unchanged=$?
fi
# shellcheck disable=SC2086 # the arguments are a list of words
case $unchanged in
    0) say "nothing changes" ;;
    1) plain up -s "$STACK" --yes --skip-preview ;;
    *) plain up -s "$STACK" --yes ${KUBEDEV_ARGS:-} ;;
esac
show_outputs
