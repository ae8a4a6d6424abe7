#!/usr/bin/env bash
# Makes a stack of one's own; what is there already is left. Environment: KUBEDEV_NAME, KUBEDEV_ENVIRONMENT.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"
# shellcheck source=lib/stack.sh
. "$ROOT/toolchain/lib/stack.sh"

[ -n "${KUBEDEV_NAME:-}" ] || die "make stack wants a name" "make stack NAME=alice ENV=local-kvm   (ENV: one of $(environments))"
if [ -n "${KUBEDEV_ENVIRONMENT:-}" ] && [ ! -f "$ROOT/stacks/$KUBEDEV_ENVIRONMENT/index.ts" ]; then
    die "ENV is $KUBEDEV_ENVIRONMENT; expected one of: $(environments)"
fi

"$ROOT/toolchain/ensure.sh" up
use_settings
ensure_stack "$KUBEDEV_NAME"
if [ -n "${KUBEDEV_ENVIRONMENT:-}" ]; then
    plain config set kubedev:environment "$KUBEDEV_ENVIRONMENT" -s "$KUBEDEV_NAME"
fi
say "next: make up STACK=$KUBEDEV_NAME   (or, after eval \"\$(make env)\": pulumi up -s $KUBEDEV_NAME)"
