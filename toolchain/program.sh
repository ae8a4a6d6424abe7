#!/usr/bin/env bash
# A program of one's own in a new directory, which takes the package as any other program does, and its first preview. Nothing
# of this clone is needed by it afterwards but the tools. Environment: KUBEDEV_LANGUAGE, KUBEDEV_DIR, STACK, and KUBEDEV_PACKAGE
# for a package that is there already (`npm run package`).
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/env.sh
. "$ROOT/toolchain/lib/env.sh"

language=${KUBEDEV_LANGUAGE:-} dir=${KUBEDEV_DIR:-}
program=$ROOT/test/consumers/$language
if [ -z "$language" ] || [ ! -f "$program/Pulumi.yaml" ] || [ -z "$dir" ]; then
    die "make program wants a language and a directory; got LANGUAGE=$language DIR=$dir" \
        "make program LANGUAGE=python DIR=~/my-environment   (LANGUAGE: one of $(cd "$program/../" 2>/dev/null && echo *))"
fi
# make leaves it, and not every shell expands it there.
# shellcheck disable=SC2088
case $dir in '~/'*) dir=$HOME/${dir#'~/'} ;; esac
# What a run has begun that did not come to its end, as without a network, the next one goes on with.
begun=$dir/.kubedev-program
if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ] && [ "$(cat "$begun" 2>/dev/null)" != "$language" ]; then
    die "$dir is not empty" "name a directory that is not there yet, or an empty one"
fi

# say_and_run COMMAND...: in the program's directory.
say_and_run() {
    {
        printf '+'
        printf ' %q' "$@"
        printf '\n'
    } >&2
    (cd "$dir" && exec "$@")
}

python_package() {
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        die "python3 with its venv module is missing" "apt-get install --no-install-recommends python3-venv"
    fi
    mkdir -p "$dir/sdks"
    local plugin=./node_modules/.bin/pulumi-resource-kubedev
    if [ -n "$(compgen -G "$BIN_DIR/generate-sdk")" ]; then
        # As `pulumi package gen-sdk` does where the language host can.
        (cd "$dir" && pulumi package get-schema "$plugin" >sdks/schema.json)
        generate-sdk "$dir/sdks/schema.json" "$dir/sdks/kubedev"
    else
        say_and_run pulumi package gen-sdk "$plugin" --language python --local --out sdks
        mv "$dir/sdks/python" "$dir/sdks/kubedev"
    fi
    say_and_run python3 -m venv .venv
    say_and_run .venv/bin/python -m pip install --quiet --requirement requirements.txt
}

"$ROOT/toolchain/ensure.sh" up
case $language in python | yaml) "$ROOT/toolchain/language.sh" ensure "$language" ;; esac
use_settings
if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    # Node and pip bring lists of authorities of their own; behind a company's proxy the system's counts.
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
    export PIP_CERT=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}
fi

# Addresses and names of machines derive from the project's name.
name=$(basename "$dir" | tr -c 'A-Za-z0-9_.\n-' -)
if grep -qx "name: $name" "$ROOT/Pulumi.yaml"; then
    die "the project would be called $name, as this clone's: their stacks would be the same" "name the directory otherwise"
fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
begun=$dir/.kubedev-program
echo "$language" >"$begun"
cp -R "$program/." "$dir"
sed -i "s/^name: .*/name: $name/" "$dir/Pulumi.yaml"
if [ -n "${KUBEDEV_PACKAGE:-}" ]; then
    cp "$KUBEDEV_PACKAGE" "$dir/kubedev.tgz"
else
    # Of a copy: the compilation is nobody else's, and the clone stays as it is.
    copy=$(mktemp -d)
    trap 'rm -rf "$copy"' EXIT
    (cd "$ROOT" && git ls-files -z --cached | xargs -0 cp --parents -t "$copy")
    ln -s "$ROOT/node_modules" "$copy/node_modules"
    (cd "$copy" && npm pack --silent --ignore-scripts=false --pack-destination "$dir" >/dev/null)
    mv "$dir"/kubedev-*.tgz "$dir/kubedev.tgz"
    rm -rf "$copy"
fi
say_and_run npm install --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error
if [ "$language" = python ]; then
    python_package
    # The host that is built from Go modules knows no virtual environments: it takes the one that is active.
    export PATH=$dir/.venv/bin:$PATH VIRTUAL_ENV=$dir/.venv
fi
if ! (cd "$dir" && pulumi stack ls --json | jq --exit-status --arg name "${STACK:-dev}" 'any(.name == $name)' >/dev/null); then
    say_and_run pulumi stack init "${STACK:-dev}"
fi
say_and_run pulumi preview -s "${STACK:-dev}"
rm "$begun"
say "next: eval \"\$(make env)\"; cd $(printf %q "$dir")$([ "$language" != python ] || echo "; . .venv/bin/activate"); pulumi up"
