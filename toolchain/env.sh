#!/usr/bin/env bash
# Prints the exports with which plain `pulumi` works in the user's own shell: eval "$(make env)".
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"

# For any POSIX shell: in single quotes, with each single quote of the value written as '\''.
quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

prepare_places
bin=$(quoted "$BIN_DIR")
# shellcheck disable=SC2016 # for the user's shell to expand
printf 'case ":$PATH:" in *:%s:*) ;; *) export PATH=%s:"$PATH" ;; esac\n' "$bin" "$bin"
while IFS= read -r setting; do
    printf 'export %s=%s\n' "${setting%%=*}" "$(quoted "${setting#*=}")"
done < <(pulumi_settings)

"$ROOT/toolchain/pulumi.sh" check >/dev/null ||
    say "kubedev: there is no Pulumi here yet: run \`make tools\`"
