#!/bin/sh
# Keeps the library of a commit as the one that stacks are upgraded from: make-baseline.sh [COMMIT]
set -eu
cd "$(dirname "$0")/../../.."
commit=$(git rev-parse --verify "${1:-HEAD}^{commit}")
git archive --format=tar "$commit" index.ts package.json components scripts |
    gzip --no-name --best >test/support/upgrade/library.tar.gz
printf '%s\n' "$commit" >test/support/upgrade/commit
