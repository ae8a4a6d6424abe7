#!/usr/bin/env bash
# The stack's outputs: how to log in. Environment: STACK.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"
# shellcheck source=lib/stack.sh
. "$ROOT/toolchain/lib/stack.sh"

"$ROOT/toolchain/ensure.sh" up
use_settings
show_outputs
