#!/bin/sh
# Keeps the library of a commit as one that stacks are upgraded from: make-baseline.sh COMMIT VERSION
set -eu
cd "$(dirname "$0")/../../.."
[ $# -eq 2 ] || { echo "make-baseline.sh: got $# arguments; expected a commit and the version that it is" >&2 && exit 2; }
commit=$(git rev-parse --verify "$1^{commit}")
into=test/support/upgrade/$2
mkdir -p "$into"
# Programs for nodes are left out: they are large, and no stack of the test has any.
git archive --format=tar "$commit" index.ts package.json components scripts |
    gzip --no-name --best >"$into/library.tar.gz"
printf '%s\n' "$commit" >"$into/commit"
